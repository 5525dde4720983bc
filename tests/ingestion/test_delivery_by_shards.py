"""What tasks make of the pieces of a delivery and of a shard, without a cluster: one shard has everything."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.journal.decode import journal_entry
from graph.journal.entry import decode
from graph.rings.spark.buckets import Rows, rows_at, whole, write_bucket
from graph.rings.spark.raw_facts import raw_rows
from graph.rings.spark.stages import Stages
from graph.store.port import GraphStore
from ingestion.loading.delivery import Delivery, open_delivery
from ingestion.sources import columnar
from ingestion.sources.files import Source
from ingestion.spark.chunks import chunks
from ingestion.spark.figures import Written, report_of
from ingestion.spark.journal import ShardJournal
from ingestion.spark.parsing import FACT_KINDS, Parsing, parsed
from ingestion.spark.pieces import line_at, piece_at, pieces_of, position_of
from ingestion.spark.shards import DISPUTED, DISPUTED_KINDS, ROUTED, Sharding, sharded
from tests.support.deliveries import APPLICATION, NOW, deliver, load_into, parse_context
from tests.support.raw_values import raw_values
from tests.support.service.whole_days import a_careless_delivery
from tests.support.stores import open_store
from tests.support.worlds.troubled_deliveries import UNTIL, troubled_delivery

EVENT = {"kind": "transfer", "at": "2025-06-02T10:00:00+08:00", "applicant_id": "U1", "amount": "7"}


def made(folder: Path, delivery: Delivery, store: GraphStore) -> tuple[Stages, Delivery]:
    """The stages of a delivery whose lenders the store knows, in one shard."""
    stages = Stages(None, f"file://{folder}", 500_000)
    platforms = tuple(store.view(NOW).platforms().values())
    known = frozenset(one.platform_id for one in platforms)
    pieces = pieces_of(delivery)
    context = dataclasses.replace(parse_context(platforms=known), repeats=None)
    work = Parsing(delivery, pieces, context)

    def parse(place: str) -> None:
        for number in range(len(pieces)):
            write_bucket(place, number, parsed(stages.folder, number, work=work))

    stages.made("parsed", parse)
    rows = whole(stages.folder, "parsed/facts", FACT_KINDS)
    own = rows["table"] != 0  # the lenders come in by themselves
    routed: Rows = {name: rows[name][own] for name in ("position", "table", "fact")}
    guests = {"guest": np.zeros(int(own.sum()), bool)}
    stages.made(ROUTED, lambda place: _write(place, {**routed, **guests}))
    nothing: Rows = {name: np.zeros(0, kind) for name, kind in DISPUTED_KINDS.items()}
    stages.made(DISPUTED, lambda place: _write(place, nothing))
    shard = Sharding(platforms, pieces, (UNTIL,), 50, applied=True)
    stages.made("sharded", lambda place: _write(place, sharded(stages.folder, 0, work=shard)))
    return stages, delivery


def _write(place: str, rows: object) -> None:
    write_bucket(place, 0, rows)  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=[columnar.RANGE_ROWS, 200], ids=["a file a task", "ranges of files"])
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[GraphStore, Stages, Delivery]]:
    """A store that took a troubled delivery, and the stages of it."""
    folder = tmp_path_factory.mktemp("delivery")
    records = troubled_delivery(folder, applicants=150)
    store = open_store(folder / "s.db")
    load_into(store, records, folder / "report")
    with pytest.MonkeyPatch.context() as smaller:
        smaller.setattr(columnar, "RANGE_ROWS", request.param)
        delivery = open_delivery(records)
        files = sum(len(source.parts) for source in delivery.sources.values() if isinstance(source, Source))
        assert (len(pieces_of(delivery)) > files) is (request.param == 200)
        yield store, *made(folder / "stages", delivery, store)


def test_a_shard_has_the_facts_of_a_store_as_of_a_moment(
    both: tuple[GraphStore, Stages, Delivery],
) -> None:
    store, stages, _ = both
    expected = raw_rows(store.view(UNTIL).tables_with_tokens())
    for part, rows in expected.items():
        found = whole(
            stages.folder, f"sharded/moment_0/{part}", {name: c.dtype.str for name, c in rows.items()}
        )
        of = set if part in ("people", "shops", "lenders") else Counter
        assert of(as_rows(found)) == of(as_rows(rows)), part


def as_rows(rows: Rows) -> list[str]:
    return [repr(row) for row in zip(*(rows[name].tolist() for name in sorted(rows)), strict=True)]


def test_the_journal_of_the_shards_fills_an_equal_store(
    both: tuple[GraphStore, Stages, Delivery], tmp_path: Path
) -> None:
    store, stages, _ = both
    journal = ShardJournal(stages.folder, "sharded", tuple(store.view(UNTIL).platforms().values()), 7)
    assert journal.state() == (journal.revision, journal.edition())
    with open_store(tmp_path / "again.db") as again:
        for revision, body in journal.tail(0):
            again.add(journal_entry(revision, decode(body)).facts)
        assert again.counts() == store.counts() | {"identifiers": again.counts()["identifiers"]}
        one, other = (raw_rows(each.view(UNTIL).tables_with_tokens()) for each in (store, again))
        assert {part: as_rows(rows) for part, rows in one.items()} == {
            part: as_rows(rows) for part, rows in other.items()
        }
    assert [revision for revision, _ in journal.tail(2, 5)] == [3, 4, 5]


def test_the_rows_are_accounted_for_as_by_a_load(
    both: tuple[GraphStore, Stages, Delivery], tmp_path: Path
) -> None:
    _, stages, delivery = both
    loaded = load_into(
        open_store(tmp_path / "s.db"), delivery_folder(delivery), tmp_path / "loaded"
    ).as_json()
    lenders = {0: Counter(loaded["tables"]["platforms"])}
    report = report_of(delivery, Written(stages.folder, {"parsed": 0}, "", "sharded", lenders), tmp_path)
    found = report.as_json()
    conflicts = {
        table: codes.pop("duplicate_id")
        for table, codes in loaded["rejects"].items()
        if "duplicate_id" in codes
    }
    assert conflicts["devices"] > 20, "the rows of these are read a second time, by the cluster"
    for name in ("read", "accepted", "known", "rejected", "unmatched", "unmatched_facts", "identifiers"):
        assert found[name] == loaded[name], name
    for name in ("tables", "dropped_cells", "unknown_words", "unknown_columns", "wholly_rejected"):
        assert found[name] == loaded[name], name
    assert found["rejects"] == {table: codes for table, codes in loaded["rejects"].items() if codes}
    positions = whole(stages.folder, "sharded/conflicts", {"position": "i8"})["position"]
    platforms = conflicts.pop("platforms")
    assert len(positions) == sum(conflicts.values())
    assert platforms == 1


def test_a_cluster_says_as_a_load_does_that_nobody_applied(tmp_path: Path) -> None:
    records = deliver(tmp_path / "records", events=[EVENT])
    with open_store(tmp_path / "s.db") as store:
        loaded = load_into(store, records)
        stages, delivery = made(tmp_path / "stages", open_delivery(records), store)
    report = report_of(delivery, Written(stages.folder, {"parsed": 0}, "", "sharded", {}), tmp_path)
    assert report.nobody_applied == loaded.nobody_applied
    assert report.nobody_applied.startswith("nobody applied for anything: there is no table of applications")


def delivery_folder(delivery: Delivery) -> Path:
    """Where its files lie."""
    [folder] = {part.path.parents[1] for source in delivery.sources.values() for part in source.parts}  # type: ignore[union-attr]
    return folder


def test_no_raw_value_is_in_what_tasks_write(tmp_path: Path) -> None:
    records = a_careless_delivery(tmp_path / "records")
    with open_store(tmp_path / "s.db") as store:
        load_into(store, records, tmp_path / "report")
        stages, _ = made(tmp_path / "stages", open_delivery(records), store)
    bad = [file for files in chunks(stages.folder, "parsed/bad").values() for file in files]
    assert sum(len(rows_at(file, {"line": "O"})["line"]) for file in bad) == 4
    assert raw_values(tmp_path / "stages") == set()


def test_an_event_without_an_id_gets_the_one_that_a_load_gives_it(tmp_path: Path) -> None:
    records = deliver(tmp_path / "records", applications=[APPLICATION], events=[EVENT, EVENT, EVENT])
    with open_store(tmp_path / "s.db") as store:
        load_into(store, records)
        there = {event.event_id for event in store.view(NOW).events_of(["U1"])["U1"]}
        stages, _ = made(tmp_path / "stages", open_delivery(records), store)
    events = whole(stages.folder, "parsed/facts", FACT_KINDS)
    assert set(events["event"][events["table"] == 4].tolist()) == {None}, "nobody else can have the same id"
    journal = ShardJournal(stages.folder, "sharded", (), 7)
    facts = [journal_entry(revision, decode(body)).facts for revision, body in journal.tail(0)]
    assert {event.event_id for some in facts for event in some.events} == there
    assert len(there) == 3


def test_a_file_that_an_executor_does_not_see_is_named(tmp_path: Path) -> None:
    records = deliver(tmp_path / "records", applications=[APPLICATION])
    delivery = open_delivery(records)
    (records / "applications.csv").unlink()
    with pytest.raises(Exception, match=r"an executor does not see applications\.csv of the delivery"):
        [*pieces_of(delivery)[1].records(delivery)]


@pytest.mark.parametrize(("piece", "line"), [(0, 1), (3, 200_000_000), (9_999, 1)])
def test_a_position_says_the_piece_and_the_line(piece: int, line: int) -> None:
    position = position_of(piece, line)
    assert (piece_at(position), line_at(position)) == (piece, line)
    assert position_of(piece, line + 1) > position < position_of(piece + 1, 1)


@pytest.mark.parametrize(("groups", "at_once", "pieces"), [(2, 3, 3), (2, 100, 1), (10, 1, 1), (1, 1, 10)])
def test_the_ranges_of_a_file_are_all_of_its_rows_with_their_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, groups: int, at_once: int, pieces: int
) -> None:
    records = deliver(tmp_path / "records")
    rows = [{**APPLICATION, "application_id": f"A{n}"} for n in range(10)]
    pq.write_table(pa.Table.from_pylist(rows), records / "applications.parquet", row_group_size=groups)
    monkeypatch.setattr(columnar, "RANGE_ROWS", at_once)
    delivery = open_delivery(records)
    ranges = [piece for piece in pieces_of(delivery) if piece.feed == 1]
    assert len(ranges) == pieces
    found = [(row.line, row.cells["application_id"]) for piece in ranges for row in piece.records(delivery)]
    assert found == [(n + 1, f"A{n}") for n in range(10)]
    assert [row.line for row in delivery.records(delivery.feeds[1])] == list(range(1, 11))
