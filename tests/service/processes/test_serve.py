"""The service as it is run: several workers with a real model, one of them killed under load, and what stops
it from starting.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from http.client import HTTPException
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from graph.frame.columns.layout import KEPT, SEALED
from graph.frame.files import Files
from graph.frame.location import folder_of
from graph.model.types import Facts
from investigations.casebook import Casebook
from scripts import score as score_script
from scripts import serve as serve_script
from service.leases import LASTS
from tests.support.models.small_models import small_facts, trained
from tests.support.service.running_service import Running, children
from tests.support.service.traffic import wait_for
from tests.support.small_service import body
from tests.support.small_worlds import applies, day, uses
from tests.support.stores import HASH_KEY, ON_NEO4J, open_store, store_url

ROOT = Path(__file__).parents[3]
NOW = day(2000)


@pytest.fixture(scope="module", autouse=True)
def _hash_key() -> Iterator[None]:
    """A store in Neo4j makes no key of its own; an embedded one does, whatever another test has left in the
    environment.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RINGFENCE_HASH_KEY", raising=False)
        patch.setenv("RINGFENCE_DRAIN_SECONDS", "2")
        if ON_NEO4J:
            patch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
        yield


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A store and a bundle trained on it."""
    _, store, bundle = trained(tmp_path_factory.mktemp("served"), small_facts())
    return store, bundle


@pytest.fixture(scope="module")
def running(model: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    store, bundle = model
    casebook = tmp_path_factory.mktemp("book") / "casebook.db"
    service = Running.started(store, bundle, casebook)
    try:
        yield service
    finally:
        service.end()


def test_a_real_model_scores_over_http_and_the_replay_is_equal(running: Running) -> None:
    status, data = running.ask("POST", "/risk", body("real-1"))
    answer = json.loads(data)
    assert (status, answer["degraded"]["level"], answer["multi_lending"]["status"]) == (200, "full", "found")
    assert 0.0 < answer["probability"] < 1.0
    assert answer["models"][0]["version"]
    for _ in range(6):  # whichever worker is asked
        again = json.loads(running.ask("GET", f"/risk/{answer['assessment_id']}/replay")[1])
        assert again["equal"], again["differences"]


def test_duplicates_at_the_same_moment_in_several_workers_get_one_answer(running: Running) -> None:
    reported = body("twin-1", applicant_id="p007")
    with ThreadPoolExecutor(12) as pool:
        answers = list(
            pool.map(
                lambda _: running.ask("POST", "/risk", reported, **{"Idempotency-Key": "twin"}), range(24)
            )
        )
    assert {status for status, _ in answers} == {200}
    replays = [b'"idempotent_replay":true' in data for _, data in answers]
    assert replays.count(False) == 1
    assert (
        len({data.replace(b'"idempotent_replay":true', b'"idempotent_replay":false') for _, data in answers})
        == 1
    )


def test_workers_killed_again_and_again_under_load_lose_and_double_nothing(
    running: Running,
) -> None:
    with Casebook(f"sqlite:///{running.casebook}") as book:
        before = book.count()
    answered: dict[str, bytes] = {}
    over = threading.Event()

    def engine(number: int) -> None:
        n = 0
        while n < 30 or not over.is_set():
            n += 1
            name = f"load-{number}-{n}"
            status, data = running.ask_until_answered(
                body(name, applicant_id=f"p{(number * 7 + n) % 90:03d}"), **{"Idempotency-Key": name}
            )
            assert status == 200, data
            answered[name] = data

    engines = [threading.Thread(target=engine, args=(number,)) for number in range(4)]
    for thread in engines:
        thread.start()
    for kills in (1, 1, 1, 2):  # the same worker at once when it is there again, and then both together
        wait_for(lambda: len(running.workers()) == 2)
        for worker in running.workers()[-kills:]:
            os.kill(worker, signal.SIGKILL)
        wait_for(lambda killed=worker: killed not in running.workers())  # type: ignore[misc]
    wait_for(lambda: len(running.workers()) == 2)
    over.set()
    for thread in engines:
        thread.join()
    assert running.process.poll() is None
    assert len(answered) >= 120
    with Casebook(f"sqlite:///{running.casebook}") as book, open_store(running.store) as store:
        assert book.count() == before + len(answered)
        for name, data in answered.items():
            row = book.assessment(json.loads(data)["assessment_id"])
            assert row.answer == data.replace(b'"idempotent_replay":true', b'"idempotent_replay":false')
            assert store.view(NOW).application(name) is not None


def test_what_watches_is_begun_again_when_it_is_killed(running: Running) -> None:
    def begun_again(process: str) -> float:
        _, said = running.ask("GET", "/metrics")
        row = f'ringfence_processes_begun_again_total{{process="{process}"}} '
        (count,) = (line.removeprefix(row) for line in said.decode().splitlines() if line.startswith(row))
        return float(count)

    first, before, workers = running.watcher(), begun_again("watch"), begun_again("worker")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: running.watcher() not in (None, first))
    wait_for(lambda: begun_again("watch") == before + 1)
    assert begun_again("worker") == workers, "whoever died is told from the others"


def test_two_workers_under_a_load_and_traffic_answer_as_the_store_does(
    model: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGFENCE_SELF_CHECK", "1")
    with open_store(tmp_path / "store.db") as store:
        store.add(small_facts())
    service = Running.started(tmp_path / "store.db", model[1], tmp_path / "casebook.db")
    answers: list[dict[str, Any]] = []
    over = threading.Event()

    def engine(number: int) -> None:
        for n in range(40):
            reported = body(f"busy-{number}-{n}", applicant_id=f"p{(number * 7 + n) % 90:03d}")
            status, data = service.ask("POST", "/risk", reported, **{"X-Timeout-Ms": "30000"})
            assert status == 200, data
            answers.append(json.loads(data))

    def loader() -> None:
        with open_store(service.store) as store:
            for batch in range(200):
                store.add(_delivery(batch))
                if over.wait(0.02):
                    return

    try:
        engines = [threading.Thread(target=engine, args=(number,)) for number in range(4)]
        for thread in (*engines, loading := threading.Thread(target=loader)):
            thread.start()
        for thread in engines:
            thread.join()
        over.set()
        loading.join()
        assert len(answers) == 160
        assert {answer["degraded"]["level"] for answer in answers} == {"full"}
        for answer in answers:
            again = json.loads(service.ask("GET", f"/risk/{answer['assessment_id']}/replay")[1])
            assert again["equal"], again["differences"]
        reported = service.ask("GET", "/metrics")[1].decode()
        checks = {
            line.split("result=")[1].split('"')[1]: float(line.split()[-1])
            for line in reported.splitlines()
            if line.startswith(_CHECKS)
        }
        assert checks.get("equal", 0) > 20
        assert set(checks) == {"equal"}
    finally:
        service.end()


_CHECKS = "ringfence_self_checks_total{"


def _delivery(batch: int) -> Facts:
    """What another process loads meanwhile: people who share devices with those who are asked for, some of it
    late.
    """
    created = [
        applies(
            f"p{(batch * 3 + n) % 90:03d}",
            (batch * 7 + n) % 60,
            uses("device", f"d{n % 11}"),
            application_id=f"loaded-{batch}-{n}",
        )
        for n in range(1 + batch % 4 * 150)
    ]
    return Facts(applications=tuple(created))


def test_endless_bodies_batches_and_half_open_connections_hold_up_nobody(running: Running) -> None:
    half_open = [raw(running, b"POST /risk HTTP/1.1\r\nHost: 127.0.0.1\r\nX-") for _ in range(200)]
    endless = [
        raw(running, b"POST /risk HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999\r\n\r\n{")
        for _ in range(8)
    ]
    with ThreadPoolExecutor(4) as pool:
        batches = [
            pool.submit(running.ask, "POST", "/risk/batch", [body(f"siege-{b}-{n}") for n in range(60)])
            for b in range(4)
        ]
        looks, answers = [], []
        while not all(batch.done() for batch in batches):
            began = time.perf_counter()
            assert running.ask("GET", "/healthz")[0] == 200
            looks.append(time.perf_counter() - began)
            began = time.perf_counter()
            status, data = running.ask(
                "POST", "/risk", body(f"besieged-{len(looks)}"), **{"X-Timeout-Ms": "1000"}
            )
            answers.append((status, time.perf_counter() - began, json.loads(data)))
    assert {batch.result()[0] for batch in batches} == {200}
    assert {len(json.loads(batch.result()[1])) for batch in batches} == {60}
    assert len(looks) > 3
    assert sorted(looks)[len(looks) // 2] < 0.5, looks
    waited = sorted(seconds for _, seconds, _ in answers)
    assert waited[len(waited) // 2] < 5, "no batch was waited for"
    for status, seconds, answer in answers:
        assert status == 200
        reported = answer["timings_ms"]["total"]
        assert reported <= seconds * 1000, "no longer than the caller waited"
        assert (answer["degraded"]["reason"] == "deadline") or reported <= 1000
    for connection in endless:
        assert connection.recv(100).startswith(b"HTTP/1.1 408")
    for connection in (*half_open, *endless):
        connection.close()


def test_a_batch_whose_caller_hangs_up_stops(running: Running) -> None:
    reported = orjson.dumps([body(f"hung-up-{n}") for n in range(1_000)])
    head = f"POST /risk/batch HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {running.key}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(reported)}\r\n\r\n"
    connection = raw(running, head.encode() + reported)
    with Casebook(f"sqlite:///{running.casebook}") as book:
        before = book.count()
        until = time.monotonic() + 30
        while book.count() < before + 3 and time.monotonic() < until:
            time.sleep(0.05)
        connection.close()
        time.sleep(0.5)
        stopped = book.count()
        time.sleep(1.0)
        assert before < stopped < before + 1_000
        assert book.count() == stopped


def test_what_is_no_request_at_all_gets_an_answer_or_a_closed_line_and_harms_nobody(running: Running) -> None:
    for sent in (
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /%ff%fe/%00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /desk/%ed%a0%80?q=%ff HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"POST /risk HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /risk HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    ):
        connection = raw(running, sent)
        assert connection.recv(12)[:10] in (b"", b"HTTP/1.1 4"), sent[:40]
        connection.close()
    status, data = running.ask("HEAD", "/healthz")
    assert (status, data) == (200, b"")


def raw(service: Running, sent: bytes) -> socket.socket:
    """A connection on which so much was sent."""
    connection = socket.create_connection(("127.0.0.1", service.port), timeout=20)
    connection.sendall(sent)
    return connection


def test_workers_count_together(running: Running) -> None:
    text = running.ask("GET", "/metrics")[1].decode()
    counted = sum(
        float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith("ringfence_assessments_total{")
    )
    with Casebook(f"sqlite:///{running.casebook}") as book:
        assert 0 < counted <= book.count()


def test_told_to_end_it_says_so_answers_what_it_has_begun_and_is_no_machine_any_more(
    running: Running,
) -> None:
    def machines() -> int:
        with Casebook(f"sqlite:///{running.casebook}") as book:
            return len(book.lease_owners("machine:", datetime.now(UTC), LASTS))

    assert machines() == 1
    with Casebook(f"sqlite:///{running.casebook}") as book:
        before = book.count()
    half_open = [raw(running, b"POST /risk HTTP/1.1\r\nHost: 127.0.0.1\r\nX-") for _ in range(4)]
    ready, answered = list[dict[str, Any]](), list[str]()

    def engine(number: int) -> None:
        with suppress(OSError, HTTPException):  # nobody takes a connection any more
            for n in count():
                status, data = running.ask("POST", "/risk", body(f"last-{number}-{n}"))
                assert status == 200, data
                answered.append(json.loads(data)["assessment_id"])

    def balancer() -> None:
        with suppress(OSError, HTTPException):
            while True:
                ready.append(json.loads(running.ask("GET", "/readyz")[1]))

    threads = [
        *(threading.Thread(target=engine, args=(n,)) for n in range(4)),
        threading.Thread(target=balancer),
    ]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(answered) > 20 and bool(ready))
    at_the_signal = len(answered)
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(60) == 0
    for thread in threads:
        thread.join()
    said = running.said.read_text()
    assert "Traceback" not in said
    assert "killed" not in said.rpartition("begun again")[2], (
        "a connection that says nothing holds nothing up"
    )
    assert machines() == 0
    with open_store(running.store) as store:
        header = Files(folder_of(store)).header
    assert header[[SEALED, KEPT]].all(), "what the last worker brought in is summed, and on the disk"
    assert len(answered) > at_the_signal, "it went on while the balancer looked"
    assert (ready[0]["status"], ready[0]["checks"]["service"]) == ("ready", "ok")
    assert (ready[-1]["status"], ready[-1]["checks"]["service"][:7]) == ("not ready", "it ends")
    with Casebook(f"sqlite:///{running.casebook}") as book:
        assert book.count() == before + len(set(answered)), "whatever was begun was answered, once"
    for connection in half_open:
        connection.close()


def test_a_first_start_shows_its_key_once_and_without_it_nobody_is_answered(
    model: tuple[Path, Path], tmp_path: Path
) -> None:
    where = tmp_path / "graph.db", model[1], tmp_path / "casebook.db"
    services = [first := Running.started(*where)]
    try:
        assert first.said.read_text().count(first.key) == 1
        proxied = {
            "X-Forwarded-For": "127.0.0.1",
            "X-Real-Ip": "127.0.0.1",
            "Forwarded": "for=127.0.0.1",
            "Host": "localhost",
        }
        for headers in ({}, proxied, {"X-Ringfence.in_process": "yes"}):
            assert [
                first.ask("GET", path, Authorization="", **headers)[0]
                for path in ("/metrics", "/rings", "/healthz")
            ] == [401, 401, 200]
        assert first.ask("GET", "/metrics")[0] == 200
        first.process.kill()
        first.process.wait()
        wait_until_the_port_is_free(first)
        services.append(second := Running.started(*where, first.port))
        assert second.key not in second.said.read_text()
        assert ".operator.key, which only you can read" in second.said.read_text()
        assert second.ask("GET", "/metrics")[0] == 200
    finally:
        for service in services:
            service.end()


def wait_until_the_port_is_free(service: Running) -> None:
    """The workers of a server that was killed end by themselves."""
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", service.port), timeout=5).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.1)
    raise AssertionError("workers outlived their server for a minute")


def exit_of(main: Any, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["script", *map(str, arguments)])
    return int(main())


def test_what_cannot_be_served_is_refused_before_anything_listens(
    model: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store, bundle = model
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "card.json").write_text(json.dumps({"format": 99}))
    usual = ["--store", store_url(store), "--casebook", f"sqlite:///{tmp_path}/c.db"]
    for arguments, stated in (
        (usual, "no model"),
        ([*usual, "--model", tmp_path / "none"], "no model bundle"),
        ([*usual, "--model", foreign], "format"),
        (["--store", "redis://x", "--model", bundle], "known are"),
        (["--store", store_url(store), "--model", bundle, "--casebook", "nosuch://x"], "known are"),
    ):
        assert exit_of(serve_script.main, monkeypatch, *arguments) == 2
        assert stated in capsys.readouterr().err
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert (
            exit_of(
                serve_script.main, monkeypatch, *usual, "--model", bundle, "--port", taken.getsockname()[1]
            )
            == 2
        )
    assert "cannot listen" in capsys.readouterr().err
    with monkeypatch.context() as weak:
        weak.setenv("RINGFENCE_HASH_KEY", "a key for trials")
        assert exit_of(serve_script.main, monkeypatch, *usual, "--model", bundle) == 2
    assert "the hash key k1 is weak" in capsys.readouterr().err
    graph = "neo4j://neo4j:secret@127.0.0.1:1/neo4j"
    assert (
        exit_of(
            serve_script.main,
            monkeypatch,
            "--store",
            graph,
            "--casebook",
            "postgresql+psycopg://u@127.0.0.1:1/x",
            "--model",
            bundle,
        )
        == 2
    )
    assert "give RINGFENCE_API_KEYS or RINGFENCE_API_KEYS_FILE" in capsys.readouterr().err


def test_a_period_is_scored_by_several_processes_as_by_one(
    model: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store, bundle = model
    usual = ["--store", store_url(store), "--model", bundle, "--since", "2025-02-01", "--until", "2025-02-10"]
    assert (
        exit_of(score_script.main, monkeypatch, *usual, "--out", tmp_path / "one.parquet", "--processes", 1)
        == 0
    )
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    command = [
        sys.executable,
        "scripts/score.py",
        *map(str, usual),
        "--out",
        str(tmp_path / "two.parquet"),
        "--processes",
        "2",
    ]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    one, two = (pq.read_table(tmp_path / name).to_pylist() for name in ("one.parquet", "two.parquet"))
    assert figures["scored"] == len(one) > 10
    assert one == two
    assert {row["decision"] for row in one} <= {"approve", "review", "decline"}
    assert all(0.0 < row["probability"] < 1.0 for row in one)


def test_a_batch_that_is_killed_leaves_no_process_and_the_next_one_no_file_of_it(
    model: tuple[Path, Path], tmp_path: Path
) -> None:
    store, bundle = model
    out = tmp_path / "scores.parquet"
    command = [
        sys.executable, "scripts/score.py", "--store", store_url(store), "--model", str(bundle),
        "--since", "2025-01-01", "--until", "2025-06-01", "--out", str(out), "--processes", "2",
    ]  # fmt: skip
    batch = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: len(children(batch.pid)) >= 2 or batch.poll() is not None)
    workers = children(batch.pid)
    batch.kill()
    batch.wait()
    assert len(workers) >= 2, "it was killed while it was at work"
    wait_for(lambda: not any(Path(f"/proc/{one}").exists() for one in workers))
    assert [path.name[:16] for path in tmp_path.iterdir()] == [".scores.parquet."]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert [path.name for path in tmp_path.iterdir()] == ["scores.parquet"]


def test_a_period_that_cannot_be_scored_is_refused(
    model: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, bundle = model
    usual = ["--store", store_url(store), "--out", tmp_path / "x.parquet", "--until", "2025-02-10"]
    assert exit_of(score_script.main, monkeypatch, *usual, "--model", bundle, "--since", "soon") == 2
    assert (
        exit_of(score_script.main, monkeypatch, *usual, "--model", tmp_path / "none", "--since", "2025-02-01")
        == 2
    )
    assert list(tmp_path.iterdir()) == []
