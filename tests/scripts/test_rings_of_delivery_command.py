"""`ringfence rings --delivery` writes the files that the rings of a store have which took the delivery."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from contextlib import redirect_stdout
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
import pytest

from investigations.review.weekly import ReviewPlan, review
from scripts.cli.command import UNUSABLE
from scripts.cli.main import main
from tests.support.deliveries import APPLICATION, SHANGHAI, deliver
from tests.support.servers.s3 import S3, SECRET, Bucket, bucket
from tests.support.servers.sail import ROOT, SAIL, environment, ran, sail, sail_server
from tests.support.stores import open_store
from tests.support.worlds.drawn_deliveries import BEGAN, drawn_delivery
from tests.support.worlds.troubled_deliveries import troubled_delivery

__all__ = ["bucket", "sail"]  # fixtures

FILES = ("rings", "members", "changes")
KEY = "5b8d2f604a6c8e0b1d3f5a7c9e1b3d5f7a9c1e3b5d7f9a1c3e5b7d9f7f3a9c1e"
OTHER = ("casebook", "cases_opened", "seconds", "search_seconds", "peak_mb")
OF_ROWS = ("rows", "rejects", "report", "rejects_file")


class Made(NamedTuple):
    """A delivery, and files and figures of the rings of a store that took it."""

    records: Path
    files: dict[str, bytes]
    figures: dict[str, Any]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made")
    records = troubled_delivery(folder / "delivery", applicants=700, days=250)
    store = f"--store sqlite:///{folder}/s.db"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RINGFENCE_HASH_KEY", KEY)
        here(*f"-m scripts.cli load {records} {store} --report {folder}/load".split())
        words = f"{store} --casebook sqlite:///{folder}/c.db --new-casebook"
        return Made(records, *written(folder / "alone", *words.split()))


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGFENCE_HASH_KEY", KEY)


def here(*words: str) -> str:
    """What the command says, run in this process."""
    with redirect_stdout(StringIO()) as said:
        assert main(list(words[2:])) == 0
    return said.getvalue()


def command(out: Path, *how: str) -> list[str]:
    words = "-m scripts.cli rings --as-of 2026-01-01 --back-steps 1"
    return [*words.split(), "--out", str(out), *how]


def written(out: Path, *how: str, path: tuple[Path, ...] = ()) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Files and figures of the command, run with `how`; `path` comes before other Python packages. What asks
    no Spark runs in this process, which has begun already.
    """
    words = command(out, *how)
    figures = json.loads((ran(*words, before=path) if "spark" in how else here(*words)).splitlines()[-1])
    files = {name: (out / f"{name}.parquet").read_bytes() for name in FILES}
    return files, {name: value for name, value in figures.items() if name not in OTHER}


def of_delivery(made: Made, *how: str) -> list[str]:
    return ["--engine", "spark", "--delivery", str(made.records), *how]


def assert_same(made: Made, found: tuple[dict[str, bytes], dict[str, Any]], out: Path) -> None:
    files, figures = found
    assert files == made.files
    assert {name: value for name, value in figures.items() if name not in OF_ROWS} == made.figures
    loaded = json.loads((made.records.parents[1] / "load" / "report.json").read_text(encoding="utf-8"))
    assert figures["rows"] == {name: loaded[name] for name in figures["rows"]}
    assert figures["rejects"] == loaded["rejects"]
    rejects = [folder / "rejects.jsonl" for folder in (out, made.records.parents[1] / "load")]
    one, other = (sorted(file.read_text(encoding="utf-8").splitlines()) for file in rejects)
    assert one == other


@pytest.mark.slow
def test_sail_writes_the_files_of_a_store_that_took_the_delivery(
    made: Made, sail: str, tmp_path: Path
) -> None:
    assert made.figures["flagged"] > 0
    how = of_delivery(made, "--cluster", sail, "--partitions", "2", "--stages", str(tmp_path / "stages"))
    assert_same(made, written(tmp_path / "out", *how, path=(SAIL,)), tmp_path / "out")
    assert not list((tmp_path / "stages").rglob("*.parquet")), "they go with the run"


@pytest.mark.slow
def test_spark_writes_the_files_of_a_store_that_took_the_delivery(made: Made, tmp_path: Path) -> None:
    pytest.importorskip("pyspark", reason="the extra `spark` is not installed")
    how = of_delivery(made, "--cluster", "local[2]", "--executor-memory", "1024", "--partitions", "2")
    assert_same(made, written(tmp_path / "out", *how), tmp_path / "out")


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_reads_nothing_twice(
    made: Made, sail: str, tmp_path: Path
) -> None:
    stages, early = tmp_path / "stages", dict[str, int]()
    how = of_delivery(made, "--cluster", sail, "--partitions", "2", "--stages", str(stages))
    for mark in ("inspected", "lenders", "parsed", "routed", "sharded", "held"):
        words = [sys.executable, *command(tmp_path / "killed", *how)]
        with subprocess.Popen(words, env=environment(SAIL), cwd=ROOT, stderr=subprocess.DEVNULL) as run:
            while not list(stages.rglob(f"{mark}.done")):
                assert run.poll() is None, "it has ended before that stage"
                time.sleep(0.02)
            run.kill()
        now = {str(one): one.stat().st_mtime_ns for one in stages.rglob("*.done")}
        assert early == {name: now[name] for name in early}
        early = now
    assert_same(made, written(tmp_path / "out", *how, path=(SAIL,)), tmp_path / "out")


@pytest.mark.slow
def test_the_second_week_of_a_delivery_is_that_of_a_store_with_both(
    made: Made, sail: str, tmp_path: Path
) -> None:
    """The weeks are one delivery as of two moments."""
    store = f"--store sqlite:///{tmp_path}/s.db"
    here(*f"-m scripts.cli load {made.records} {store} --report {tmp_path}/load".split())
    store += f" --casebook sqlite:///{tmp_path}/c.db --new-casebook"
    how = of_delivery(made, "--cluster", sail, "--partitions", "2")
    before = list[str]()
    for week in ("2025-12-25", "2026-01-01"):
        of_store = written(tmp_path / f"store-{week}", *store.split(), "--as-of", week)
        of_files = written(tmp_path / f"files-{week}", *how, *before, "--as-of", week, path=(SAIL,))
        assert of_files[0] == of_store[0], week
        before = ["--previous", str(tmp_path / f"files-{week}")]
    assert of_store[1]["born"] < of_store[1]["groups"]


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "partitions"), [(12, 1), (22, 2), (59, 7)])
def test_weeks_of_a_drawn_delivery_are_those_of_a_store(
    seed: int, partitions: int, sail: str, tmp_path: Path
) -> None:
    days, before = drawn_delivery(tmp_path / "records", seed), list[str]()
    store = f"--store sqlite:///{tmp_path}/s.db"
    here(*f"-m scripts.cli load {tmp_path}/records {store} --report {tmp_path}/load".split())
    store += f" --casebook sqlite:///{tmp_path}/c.db --new-casebook"
    how = f"--engine spark --delivery {tmp_path}/records --cluster {sail} --partitions {partitions}"
    for on in (0.7 * days, 0.7 * days + 7, days + 35):
        week = f"--as-of {(BEGAN + timedelta(days=on)).isoformat()}"
        of_store = written(tmp_path / f"store {on}", *f"{store} {week}".split())
        of_files = written(tmp_path / f"files {on}", *f"{how} {week}".split(), *before, path=(SAIL,))
        assert of_files[0] == of_store[0]
        assert {name: of_files[1][name] for name in of_store[1]} == of_store[1]
        before = ["--previous", str(tmp_path / f"files {on}")]


@pytest.mark.slow
def test_a_bucket_is_read_by_the_executors(made: Made, bucket: Bucket, tmp_path: Path) -> None:
    address = bucket.put(made.records, "week")
    with sail_server(S3) as (cluster, _):
        how = f"--engine spark --delivery {address} --cluster {cluster} --partitions 2"
        assert_same(made, written(tmp_path / "out", *how.split(), path=(SAIL, S3)), tmp_path / "out")
        bucket.forbid()
        refused = subprocess.run(
            [sys.executable, *command(tmp_path / "refused", *how.split())],
            capture_output=True,
            text=True,
            env=environment(SAIL, S3),
            cwd=ROOT,
        )
    assert refused.returncode == UNUSABLE
    assert "may not be listed and read (Forbidden): grant that, or give other credentials" in refused.stderr
    assert SECRET not in refused.stderr
    assert not (tmp_path / "refused").exists()


@pytest.mark.slow
def test_stages_may_lie_in_a_bucket_without_tls(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three people with one device: each stage is some requests, and there are many stages."""
    people = [{**APPLICATION, "application_id": f"A{n}", "applicant_id": f"U{n}"} for n in range(3)]
    address = bucket.put(deliver(tmp_path / "records", applications=people), "week")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")  # as docs/how_to/rings_on_spark.md says
    how = f"--engine spark --delivery {address} --partitions 1 --back-steps 0 --stages s3://lender/stages"
    with sail_server(S3) as (cluster, _):
        files, figures = written(tmp_path / "out", *how.split(), "--cluster", cluster, path=(SAIL, S3))
    assert (figures["applicants"], figures["groups"]) == (3, 1)
    assert len(pq.read_table(io.BytesIO(files["members"]))) == 3


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("--store sqlite:///s.db", "rings are of a --store or of a --delivery: name one of the two"),
        ("--engine local", "a --delivery needs --engine spark"),
        ("--casebook sqlite:///c.db", "--casebook needs a store"),
        ("--new-casebook", "--new-casebook needs a store"),
        ("--force --reason why", "--force needs a store"),
        ("--delivery postgresql://reader:hidden@db/lending", "executors read no database: name a folder"),
        ("--delivery memory://bucket/week", "no executor reaches the memory of this process"),
        ("--delivery s3://me:hidden@bucket/week", "an address has no password in it"),
        ("--delivery nowhere", "nowhere is not a folder: a delivery is a folder of tables"),
    ],
)
def test_what_only_a_store_has_is_refused_of_a_delivery(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str, said: str
) -> None:
    records = deliver(tmp_path / "records", applications=[APPLICATION])
    words = f"rings --engine spark --delivery {records} --as-of 2025-07-01 --out {tmp_path}/out {how}"
    assert main(words.split()) == UNUSABLE
    found = capsys.readouterr().err
    assert said in found
    assert "hidden" not in found
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("key", "said"), [("", "needs the key of the pseudonyms"), ("short", "weak")])
def test_a_delivery_needs_a_key_that_is_not_weak(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, key: str, said: str
) -> None:
    monkeypatch.setenv("RINGFENCE_HASH_KEY", key)
    records = deliver(tmp_path / "records", applications=[APPLICATION])
    words = f"rings --engine spark --delivery {records} --as-of 2025-07-01 --out {tmp_path}/out"
    assert main(words.split()) == UNUSABLE
    assert said in capsys.readouterr().err


def test_rings_of_before_without_a_delivery_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = f"rings --store sqlite:///{tmp_path}/s.db --previous {tmp_path} --as-of 2025-07-01 --out o"
    assert main(words.split()) == UNUSABLE
    assert "a store has the rings of the weeks before itself" in capsys.readouterr().err


@pytest.mark.parametrize("as_of", ["2025-06-30", "2025-07-01", "2025-07-03"])
def test_files_that_are_of_no_earlier_week_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], as_of: str
) -> None:
    records = deliver(tmp_path / "records", applications=[APPLICATION])
    with open_store(tmp_path / "s.db") as store:
        at = datetime(2025, 7, 1, tzinfo=SHANGHAI)
        review(store, None, ReviewPlan(as_of=at, out=tmp_path / "w1", now=at, back_steps=0))
    words = f"rings --engine spark --delivery {records} --previous {tmp_path}/w1 --out {tmp_path}/out"
    assert main([*words.split(), "--as-of", as_of]) == UNUSABLE
    assert "w1 has the rings of 2025-W27, as of 2025-07-01T00:00:00+08:00" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--out", "--previous"])
def test_files_of_a_review_at_an_address_are_refused_with_what_to_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    records = deliver(tmp_path / "records", applications=[APPLICATION])
    words = f"rings --engine spark --delivery {records} --as-of 2025-07-01 --out {tmp_path}/out"
    assert main([*words.split(), option, "s3://bank/rings/W01"]) == UNUSABLE
    said = "s3:/bank/rings/W01 is an address in a storage: name a folder that this machine sees as files"
    assert said in capsys.readouterr().err


def test_a_mapping_without_a_delivery_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = (
        f"rings --store sqlite:///{tmp_path}/s.db --mapping m.yaml --as-of 2025-07-01 --out {tmp_path}/out"
    )
    assert main(words.split()) == UNUSABLE
    assert "--mapping says what the tables of a --delivery mean" in capsys.readouterr().err
