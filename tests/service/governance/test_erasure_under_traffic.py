"""A thousand people are erased while a service answers: nothing is lost or left, and nobody else notices."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from scripts.cli.command import DONE
from scripts.cli.main import main
from tests.support.erasure.crowd import ASKED, GONE, PEOPLE, applying, crowd, customer, traces
from tests.support.erasure.servers import (
    analysed,
    data_folder,
    overwrite_as_documented,
    traces_in_graph,
    traces_in_rows,
)
from tests.support.models.made_bundles import made_bundle
from tests.support.service.running_service import Running
from tests.support.service.traffic import Traffic, wait_for
from tests.support.small_service import body
from tests.support.small_worlds import day
from tests.support.stores import HASH_KEY, ON_NEO4J, open_store, store_url


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, casebook_url: str) -> Iterator[Running]:
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    if ON_NEO4J:  # no file of a store beside which key and frame could be
        monkeypatch.setenv("RINGFENCE_API_KEYS", f"engine:{HASH_KEY}@*")
        monkeypatch.setenv("RINGFENCE_FRAME", str(tmp_path / "frames"))
    with open_store(tmp_path / "store.db") as store:
        store.add(crowd())
    made_bundle(tmp_path / "model", 0.05, 0.9, trained_as_of=day(5).isoformat(), capacity=0.15)
    service = Running.started(
        tmp_path / "store.db", tmp_path / "model", tmp_path / "casebook.db", url=casebook_url
    )
    try:
        yield service
    finally:
        service.end()


NAMED_BEFORE = {"texts.1"} | (
    {"node Applicant.applicant_id", "node JournalEntry.body"} if ON_NEO4J else {"store.db"}
)


class Requests:
    """About others, and about those to be erased: looks at them, what they sent before once more, and new
    applications until one is refused.
    """

    def __init__(self) -> None:
        self.refused = False

    def __call__(self, engine: int, n: int) -> dict[str, Any]:
        gone, other = (n * 7 + engine) % GONE, GONE + (n * 5 + engine) % (PEOPLE - GONE)
        fresh = ASKED + (n * 4 + engine) % (GONE - ASKED)
        return (
            body(f"LIVE-9{engine}-{n}", applicant_id=customer(other), device_id=f"{other // 3:016x}"),
            {"applicant_id": customer(gone), "stage": "monitoring"},
            {"applicant_id": customer(other), "stage": "monitoring"},
            applying(gone % ASKED),
            applying(other if self.refused else fresh),
        )[n % 5]


def traces_left(running: Running, casebook: str, *folders: Path) -> Counter[str]:
    """Whatever names one of the erased: in files, and in all that servers say."""
    found = sum(map(traces, folders), Counter[str]())
    if ON_NEO4J:
        found += traces_in_graph(store_url(running.store))
    if not casebook.startswith("sqlite"):
        found += traces_in_rows(casebook)
    return found


@pytest.mark.slow
def test_a_thousand_people_are_erased_under_traffic_and_nobody_else_notices(
    running: Running,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    casebook_url: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path_factory.mktemp("certificates")
    leavers = tmp_path_factory.mktemp("lists") / "leavers.txt"
    leavers.write_text("".join(f"{customer(n)}\n" for n in range(GONE)))
    store, casebook = store_url(running.store), casebook_url
    for n in (*range(ASKED), *range(PEOPLE - ASKED, PEOPLE)):
        assert running.ask("POST", "/risk", applying(n))[0] == 200
    named = set(NAMED_BEFORE)
    if not casebook.startswith("sqlite"):
        analysed(casebook)
        named |= {"assessments.applicant_id", "samples of assessments.applicant_id"}
    assert traces_left(running, casebook, tmp_path).keys() >= named
    where = ("--store", store, "--casebook", casebook)
    requests = Requests()
    with Traffic(running, requests) as traffic:
        watch = Thread(target=lambda: wait_for(lambda: _refused(traffic, requests)))
        watch.start()
        traffic.more(100)
        assert (
            main(["erase", "--file", str(leavers), "--purpose", "contracts ended", "--out", str(out), *where])
            == DONE
        )
        certificate = json.loads(capsys.readouterr().out.splitlines()[-1])
        traffic.more(100)
        watch.join()
    unknown = {(404, "applicant_unknown"), (410, "erased")}
    assert {_said(one) for one in traffic.wrong} == unknown
    assert {one["degraded"]["level"] for one in traffic.answers} == {"full"}
    assert certificate["erased"] == GONE
    for n in range(0, GONE, 100):
        scan = {"applicant_id": customer(n), "stage": "monitoring"}
        assert running.ask("POST", "/risk", scan)[0] == 404
        assert running.ask("POST", "/risk", applying(n % ASKED))[0] == 410
    wait_for(lambda: running.ask("GET", "/readyz?behind=0")[0] == 200)
    running.end()
    assert traces_left(running, casebook, tmp_path, out) == {}
    if not casebook.startswith("sqlite"):
        overwrite_as_documented(casebook)
        assert traces(data_folder(casebook)) == {}
    model = ("--model", str(tmp_path / "model"))
    assert main(["replay", *where, *model, "--last", "1000000"]) == DONE, capsys.readouterr().out
    assert main(["audit", "verify", "--casebook", casebook]) == DONE


def _refused(traffic: Traffic, requests: Requests) -> bool:
    requests.refused = (410, "erased") in map(_said, traffic.wrong)
    return requests.refused


def _said(wrong: object) -> tuple[int, str]:
    assert isinstance(wrong, tuple), wrong
    status, data = wrong
    return status, json.loads(data)["code"]
