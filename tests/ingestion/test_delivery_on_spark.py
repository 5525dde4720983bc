"""A delivery on Spark comes to the facts, the figures and the rejects of a load, whatever the shards."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from graph.model.errors import DeliveryError
from graph.rings.spark.buckets import Rows, whole
from graph.rings.spark.raw_facts import raw_rows
from graph.store.port import GraphStore
from ingestion.identifiers.pseudonymise import Keyring
from ingestion.loading.delivery import open_delivery
from ingestion.loading.found import find_delivery
from ingestion.loading.load import load
from ingestion.parse_context import ParseContext, Pseudonymiser
from ingestion.spark.plan import DeliveryPlan
from tests.support.deliveries import APPLICATION, NOW, PLATFORM, deliver, parse_context
from tests.support.stores import open_store
from tests.support.worlds.drawn_deliveries import drawn_delivery
from tests.support.worlds.troubled_deliveries import UNTIL, troubled_delivery

pytestmark = pytest.mark.slow
pytest.importorskip("pyspark", reason="the extra `spark` is not installed")

from graph.rings.spark.session import opened  # noqa: E402
from graph.rings.spark.stages import Stages  # noqa: E402
from ingestion.spark import delivered  # noqa: E402
from ingestion.spark.delivered import Delivered  # noqa: E402
from ingestion.spark.inspecting import inspected_on  # noqa: E402

MOMENTS = (UNTIL, UNTIL - timedelta(days=56), UNTIL - timedelta(days=4_000))
TIMED = ("seconds", "crowds")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """On Spark, or at the address of Spark Connect (Sail) that CLUSTER says."""
    session = opened(os.environ.get("CLUSTER", "local[2]"), 1024, 2, tmp_path_factory.mktemp("own"))
    yield session
    session.stop()


class Loaded:
    """A delivery in a store, and what the load said."""

    def __init__(self, folder: Path, records: Path, mapping: Path | None = None) -> None:
        self.folder, self.records = folder, records
        self.delivery = open_delivery(records, str(mapping) if mapping else None)
        self.store: GraphStore = open_store(folder / "s.db")
        report_to = folder / "loaded"
        report = load(self.delivery, self.store, parse_context(), report_to=report_to)
        self.report = {name: value for name, value in report.as_json().items() if name not in TIMED}
        self.rejects = lines(report_to)

    def same(self, session: Any, shards: int) -> Delivered:
        """The delivery in so many shards, once it has been compared."""
        stages = Stages(session, f"file://{self.folder}/stages {shards}", 500_000)
        plan = DeliveryPlan(moments=MOMENTS, zone=self.store.zone, name="f" * 16, shards=shards)
        found = Delivered(stages, self.delivery, parse_context(), plan)
        for at in MOMENTS:
            self.compare(stages, at)
        report_to = self.folder / f"report {shards}"
        report = found.report(report_to).as_json()
        assert {name: value for name, value in report.items() if name not in TIMED} == self.report
        assert lines(report_to) == self.rejects
        return found

    def compare(self, stages: Stages, at: datetime) -> None:
        """The facts as of a moment are those of the store."""
        for part, rows in raw_rows(self.store.view(at).tables_with_tokens()).items():
            kinds = {name: column.dtype.str for name, column in rows.items()}
            there = whole(stages.folder, f"sharded/moment_{MOMENTS.index(at)}/{part}", kinds)
            of = set if part in ("people", "shops", "lenders") else Counter
            assert of(as_rows(there)) == of(as_rows(rows)), (at, part)


def lines(folder: Path) -> list[str]:
    return sorted((folder / "rejects.jsonl").read_text(encoding="utf-8").splitlines())


def as_rows(rows: Rows) -> list[str]:
    return [repr(row) for row in zip(*(rows[name].tolist() for name in sorted(rows)), strict=True)]


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    folder = tmp_path_factory.mktemp("troubled")
    return Loaded(folder, troubled_delivery(folder / "made", applicants=200))


def test_executors_read_the_files_through_as_a_load_does(session: Any, troubled: Loaded) -> None:
    stages = Stages(session, f"file://{troubled.folder}/inspected", 500_000)
    read = inspected_on(stages, find_delivery(troubled.records))
    assert [(name, one.columns, one.rows) for name, one in sorted(read.sources.items())] == [
        (name, one.columns, one.rows) for name, one in sorted(troubled.delivery.sources.items())
    ]
    assert read == troubled.delivery
    (troubled.folder / "bad").mkdir()
    (troubled.folder / "bad" / "events.parquet").write_bytes(b"PAR1 PAR1")
    other = Stages(session, f"file://{troubled.folder}/not-inspected", 500_000)
    with pytest.raises(DeliveryError, match=r"^events\.parquet cannot be read"):
        inspected_on(other, find_delivery(troubled.folder / "bad"))


@pytest.mark.parametrize("shards", [1, 2, 7])
def test_a_delivery_comes_to_what_a_store_says_whatever_the_shards(
    session: Any, troubled: Loaded, shards: int
) -> None:
    assert {"applications", "devices", "events", "merchants", "outcomes", "platforms"} <= {
        table for table, codes in troubled.report["rejects"].items() if "duplicate_id" in codes
    }
    troubled.same(session, shards)


@pytest.mark.parametrize(("seed", "shards"), [(1, 7), (3, 2), (5, 1), (59, 3)])
def test_a_drawn_delivery_comes_to_what_a_store_says(
    session: Any, tmp_path: Path, seed: int, shards: int
) -> None:
    drawn_delivery(tmp_path / "records", seed)
    Loaded(tmp_path, tmp_path / "records").same(session, shards)


def test_an_application_is_whose_the_first_row_says_in_every_shard(session: Any, tmp_path: Path) -> None:
    one = APPLICATION | {"phone": "15073157065"}
    applications = [
        one | {"application_id": "a1", "applicant_id": "first"},
        one | {"application_id": "a1", "applicant_id": "second"},
        one | {"application_id": "a2", "applicant_id": "second"},
        one | {"application_id": "a2", "applicant_id": "first"},
        *(one | {"application_id": f"b{n}", "applicant_id": f"b{n}"} for n in range(9)),
    ]
    at = "2025-06-03T10:00:00+08:00"
    records = deliver(
        tmp_path / "records",
        applications=applications,
        outcomes=[{"application_id": f"a{n}", "status": "dpd90", "at": at} for n in (1, 2)],
        labels=[{"application_id": "a1", "applicant_id": "second", "label": "fraud", "known_at": at}],
        events=[
            {"event_id": "e", "kind": "transfer", "at": at, "applicant_id": who, "counterparty_id": "b1"}
            for who in ("b8", "first", "second")
        ],
    )
    loaded = Loaded(tmp_path, records)
    loaded.same(session, 3)
    view = loaded.store.view(NOW)
    assert [one.applicant_id for one in view.applications(datetime(2025, 1, 1, tzinfo=UTC))][:2] == [
        "first",
        "second",
    ]
    assert loaded.report["rejects"] == {"applications": {"duplicate_id": 2}, "events": {"duplicate_id": 2}}


def test_of_a_value_that_is_said_to_link_and_not_to_link_the_first_row_holds(
    session: Any, tmp_path: Path
) -> None:
    """A placeholder's own pseudonym links, for nobody knows what is behind it."""
    token = Keyring.parse("a key for tests").token("phone", "+8613800000000")
    mapping = {
        "name": "two",
        "tables": [
            {"table": "platforms", "source": "platforms.csv", "columns": columns("platform_id", "type")},
            {
                "table": "applications",
                "source": "applications.csv",
                "columns": columns(
                    "application_id", "applied_at", "applicant_id", "platform_id", "bank_card"
                ),
            },
            {
                "table": "contacts",
                "source": "raw.csv",
                "columns": columns("applicant_id", "phone", "at"),
            },
            {
                "table": "events",
                "source": "hashed.csv",
                "columns": columns("kind", "at", "applicant_id")
                | {"phone": {"column": "phone", "hashed": "pseudonym"}},
            },
        ],
    }
    (tmp_path / "mapping.yaml").write_text(json.dumps(mapping), encoding="utf-8")
    at = "2025-06-03T10:00:00+08:00"
    people = [f"u{n}" for n in range(8)]
    records = deliver(
        tmp_path / "records",
        applications=[APPLICATION | {"application_id": f"a-{who}", "applicant_id": who} for who in people],
    )
    deliver_more = {
        "raw": [{"applicant_id": who, "phone": "13800000000", "at": at} for who in people[:4]],
        "hashed": [{"kind": "login", "at": at, "applicant_id": who, "phone": token} for who in people[2:]],
    }
    deliver(records, **deliver_more)
    loaded = Loaded(tmp_path, records, tmp_path / "mapping.yaml")
    loaded.same(session, 5)
    tables = loaded.store.view(NOW).tables_with_tokens()
    [place] = [n for n, one in enumerate(tables.identifiers["token"].tolist()) if one == token]
    assert not tables.identifiers["linking"][place]
    assert (tables.ties["identifier"] == place).sum() == 10


def columns(*names: str) -> dict[str, Any]:
    return {name: name for name in names}


@pytest.mark.parametrize("applications", [1, 0])
def test_strangers_are_those_whom_no_application_of_any_shard_names(
    session: Any, tmp_path: Path, applications: int
) -> None:
    at = "2025-06-03T10:00:00+08:00"
    records = deliver(
        tmp_path / "records",
        events=[{"kind": "transfer", "at": at, "applicant_id": f"u{n % 9}", "amount": n} for n in range(40)],
        contacts=[{"applicant_id": f"u{n}", "phone": "15073157065", "at": at} for n in range(12)],
        labels=[{"applicant_id": f"u{n}", "label": "good", "known_at": at} for n in range(12)],
        **({"applications": [APPLICATION | {"applicant_id": "u1"}]} if applications else {}),
    )
    loaded = Loaded(tmp_path, records)
    assert loaded.report["unmatched"] == (57 if applications else 15)
    loaded.same(session, 6)


def test_a_run_that_was_cut_off_goes_on_by_the_clock_with_which_it_began(
    session: Any, troubled: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = DeliveryPlan(moments=MOMENTS, zone=troubled.store.zone, name="e" * 16, shards=2)
    stages = Stages(session, f"file://{tmp_path}/stages", 500_000)

    def lost(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as midway:
        midway.setattr(delivered, "routed", lost)
        with pytest.raises(KeyboardInterrupt):
            Delivered(stages, troubled.delivery, parse_context(), plan)
    early = marks(tmp_path)
    assert set(early) == {"clock.done", "lenders.done", "parsed.done"}
    again = Stages(session, stages.folder, 500_000)
    later = replace(parse_context(), now=datetime(2200, 1, 1, tzinfo=UTC))
    report = Delivered(again, troubled.delivery, later, plan).report(tmp_path / "report").as_json()
    assert report["rejects"] == troubled.report["rejects"], "what lay in the future still does"
    assert {name: marks(tmp_path)[name] for name in early} == early
    for at in MOMENTS:
        troubled.compare(again, at)


def marks(folder: Path) -> dict[str, int]:
    return {mark.name: mark.stat().st_mtime_ns for mark in folder.rglob("*.done")}


def test_a_delivery_of_lenders_alone_is_refused(session: Any, tmp_path: Path) -> None:
    records = deliver(tmp_path / "records", platforms=[PLATFORM])
    plan = DeliveryPlan(moments=MOMENTS, zone="UTC", name="d" * 16)
    stages = Stages(session, f"file://{tmp_path}/stages", 9)
    with pytest.raises(DeliveryError, match="there is nobody in it"):
        Delivered(stages, open_delivery(records), parse_context(), plan)


def test_another_key_gives_other_names_to_the_same_values(session: Any, tmp_path: Path) -> None:
    records = deliver(tmp_path / "records", applications=[APPLICATION])
    tokens = []
    for number, key in enumerate(("a key for tests", "another key for tests")):
        stages = Stages(session, f"file://{tmp_path}/stages {number}", 500_000)
        context = ParseContext(Pseudonymiser(Keyring.parse(key)), NOW)
        plan = DeliveryPlan(moments=MOMENTS, zone="UTC", name="c" * 16)
        Delivered(stages, open_delivery(records), context, plan)
        tokens.append(set(whole(stages.folder, "sharded/moment_0/ties", {"token": "O"})["token"].tolist()))
    assert len(tokens[0]) == 4
    assert not tokens[0] & tokens[1]
