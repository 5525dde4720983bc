"""Facts are read by ranges of people and kept under their names, each range once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from graph.facts.people_range import PeopleRange
from graph.facts.tables import Tables
from graph.model.errors import StoreUnavailableError
from graph.model.types import Facts
from graph.rings.spark.raw_facts import read_facts
from graph.rings.spark.stages import Stages
from graph.store.port import GraphStore, GraphView
from tests.support.oracles.people_ranges import ODD_NAMES, odd_batches
from tests.support.small_worlds import applies, day
from tests.support.stores import open_store

LATE = day(99)
PARTS = ("ties", "applications", "outcomes", "labels", "events", "people", "shops", "lenders")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    with open_store(tmp_path / "t.db") as store:
        for facts in odd_batches():
            store.add(facts)
        yield store


def rows(stages: Stages, names: tuple[str, ...], part: str) -> list[dict[str, object]]:
    read = (
        pq.read_table(f"{stages.place(name)}/{part}/00000.parquet".removeprefix("file://")) for name in names
    )
    return [row for table in read for row in table.to_pylist()]


def test_facts_are_kept_under_the_names_that_they_say(store: GraphStore, tmp_path: Path) -> None:
    stages, tables = Stages(None, f"file://{tmp_path}/s", 9), store.view(LATE).tables_with_tokens()
    names = read_facts(stages, store.view(LATE), 5)
    assert len(names) > 5
    who, applications = tables.applicant_ids, tables.applications
    ties = zip(
        who[tables.ties["applicant"]], tables.identifiers["token"][tables.ties["identifier"]], strict=True
    )
    assert Counter((row["applicant"], row["token"]) for row in rows(stages, names, "ties")) == Counter(ties)
    shops = [tables.merchant_ids[n] if n >= 0 else None for n in applications["merchant"]]
    asked = Counter((row["application_id"], row["merchant"]) for row in rows(stages, names, "applications"))
    assert asked == Counter(zip(applications["application_id"], shops, strict=True))
    towards = {(row["applicant"], row["counterparty"]) for row in rows(stages, names, "events")}
    assert {(ODD_NAMES[0], ODD_NAMES[1]), ("p001", "only named")} <= towards
    assert {row["applicant_id"] for row in rows(stages, names, "people")} == set(who)
    about = Counter((row["applicant"], row["application"]) for row in rows(stages, names, "labels"))
    assert about["labelled alone", None] == about["é", "lé"] == 1
    assert sum(about.values()) == len(tables.labels["fraud"])
    assert {row["merchant_id"] for row in rows(stages, names, "shops")} == set(tables.merchant_ids)


def test_a_run_that_was_cut_off_reads_no_range_again(store: GraphStore, tmp_path: Path) -> None:
    view, read = store.view(LATE), list[PeopleRange]()
    give = view.tables_with_tokens

    def lost_in_the_middle(within: PeopleRange | None = None) -> Tables:
        read.append(within or PeopleRange())
        if len(read) == 4:
            raise StoreUnavailableError("it went away")
        return give(within)

    view.tables_with_tokens = lost_in_the_middle  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailableError):
        read_facts(Stages(None, f"file://{tmp_path}/s", 9), view, 5)
    store.add(Facts(applications=tuple(applies(f"later{n}", 3) for n in range(9))))
    later, again = Stages(None, f"file://{tmp_path}/s", 9), store.view(LATE, view.revision)
    names = read_facts(later, counting(again, read), 5)
    assert Counter(read) == Counter(set(read)) + Counter([read[3]]), "the fourth was not read to its end"
    everybody = {row["applicant_id"] for row in rows(later, names, "people")}
    assert everybody == set(again.tables().applicant_ids), "of the same revision, whoever came since"


def counting(view: GraphView, read: list[PeopleRange]) -> GraphView:
    """The view, which says what it is asked."""
    give = view.tables_with_tokens

    def told(within: PeopleRange | None = None) -> Tables:
        if within is not None:
            read.append(within)
        return give(within)

    view.tables_with_tokens = told  # type: ignore[method-assign]
    return view


def test_a_part_says_what_its_columns_are_also_where_nobody_has_any(tmp_path: Path) -> None:
    with open_store(tmp_path / "t.db") as store:
        stages = Stages(None, f"file://{tmp_path}/s", 9)
        [name] = read_facts(stages, store.view(LATE))
    for part in PARTS:
        schema = pq.read_schema(f"{stages.place(name)}/{part}/00000.parquet".removeprefix("file://"))
        assert all(str(column.type) != "null" for column in schema), part
