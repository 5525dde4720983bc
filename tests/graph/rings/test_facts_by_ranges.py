"""Facts that Spark numbers, read by ranges of people, are those of all tables, row for row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from graph.facts.tables import Tables
from graph.model.errors import RingfenceError
from graph.store.port import GraphStore
from tests.support.oracles.people_ranges import odd_batches
from tests.support.small_worlds import day, random_facts
from tests.support.stores import open_store

pytestmark = pytest.mark.slow
pytest.importorskip("pyspark", reason="the extra `spark` is not installed")

from graph.rings.spark import numbered_facts  # noqa: E402
from graph.rings.spark.buckets import table_of  # noqa: E402
from graph.rings.spark.facts import fact_tables  # noqa: E402
from graph.rings.spark.raw_facts import read_facts  # noqa: E402
from graph.rings.spark.session import opened  # noqa: E402
from graph.rings.spark.stages import Stages  # noqa: E402


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory):
    session = opened("local[2]", 1024, 2, tmp_path_factory.mktemp("own"))
    yield session
    session.stop()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphStore]:
    with open_store(tmp_path_factory.mktemp("world") / "t.db") as store:
        for facts in (*odd_batches(), random_facts(3, people=60)):
            store.add(facts)
        yield store


def in_order(rows: pa.Table, names: list[str]) -> list[tuple[object, ...]]:
    """The rows in an order of their own."""
    return sorted(map(tuple, zip(*(rows[name].to_pylist() for name in names), strict=True)), key=repr)


def assert_same_facts(stages: Stages, tables: Tables) -> None:
    for table in fact_tables(tables):
        expected = table_of(table.of(slice(0, table.rows)))
        found = ds.dataset(stages.place(table.name).removeprefix("file://"), format="parquet").to_table()
        assert {one.name: one.type for one in found.schema} == {one.name: one.type for one in expected.schema}
        names = expected.column_names
        assert in_order(found, names) == in_order(expected, names), table.name


def test_what_is_numbered_by_ranges_is_what_all_tables_hold(
    session, store: GraphStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        numbered_facts, "HEAVY", 5
    )  # a shop with half of all applications is joined in pieces
    view = store.view(day(50))
    stages = Stages(session, f"file://{tmp_path}/stages", 40)
    numbered_facts.facts_by_ranges(stages, view, people=9)
    assert_same_facts(stages, view.tables())
    in_pieces = {row["of"] for row in stages.read("crowded").collect() if row["pieces"] > 1}
    assert in_pieces == {"identifier", "merchant", "agent", "counterparty"}
    in_order_of_number = sorted((tmp_path / "stages" / "names").rglob("*.parquet"))
    firsts = [pq.read_table(file)["who"][0].as_py() for file in in_order_of_number]
    assert firsts == sorted(firsts)
    assert 1 < len(firsts) < 9


def test_no_step_pairs_all_names_with_all_numbers(
    session, store: GraphStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = Stages(session, f"file://{tmp_path}/stages", 500_000)
    numbering = numbered_facts._Numbered(
        stages, tuple(map(stages.place, read_facts(stages, store.view(day(50)))))
    )
    numbering.write()
    for step in (numbering._ties_by_number(), numbering._asked_by_number(), numbering._events_by_number()):
        step.explain()
    plans = capsys.readouterr().out
    assert plans.count("Physical Plan") == 3
    assert "HashJoin" in plans or "SortMergeJoin" in plans
    assert "Cartesian" not in plans
    assert "NestedLoopJoin" not in plans
    assert "window" not in plans.lower()


def test_what_is_numbered_goes_on_where_it_was_cut_off(
    session, store: GraphStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, folder = store.view(day(20), 1), f"file://{tmp_path}/stages"

    def fails(*_: object) -> None:
        raise RingfenceError("it was cut off")

    with monkeypatch.context() as dying:
        dying.setattr(numbered_facts._Numbered, "_events_by_number", fails)
        with pytest.raises(RingfenceError):
            numbered_facts.facts_by_ranges(Stages(session, folder, 500_000), view, people=9)
    early = {file: file.stat().st_mtime_ns for file in (tmp_path / "stages").rglob("*.parquet")}
    tables = view.tables()
    monkeypatch.setattr(view, "tables_with_tokens", fails)
    later = Stages(session, folder, 500_000)
    numbered_facts.facts_by_ranges(later, view, people=9)
    assert_same_facts(later, tables)
    assert (
        early.items()
        <= {file: file.stat().st_mtime_ns for file in (tmp_path / "stages").rglob("*.parquet")}.items()
    )


def test_a_view_of_nobody_has_facts_without_rows(session, tmp_path: Path) -> None:
    with open_store(tmp_path / "t.db") as nobody:
        view = nobody.view(day(50))
        stages = Stages(session, f"file://{tmp_path}/stages", 500_000)
        numbered_facts.facts_by_ranges(stages, view)
    for name in ("ties", "applications", "outcomes", "labels", "events", "names"):
        assert stages.read(name).count() == 0
