"""What the search asks of applicants: of some people alone it is the same as of everybody."""

from dataclasses import replace

import numpy as np
import pytest

from graph.facts.fraud_labels import fraud_spells
from graph.facts.loans import DEFAULTED, loan_histories
from graph.facts.tables import Tables
from graph.model.types import Facts
from graph.rings.applicants.columns import COLUMNS, applicant_columns
from graph.rings.applicants.rows import HeldApplicants
from tests.support.small_worlds import day, does, facts_of, random_facts
from tests.support.worlds.rings import town


@pytest.fixture(scope="module", params=range(3))
def people(request, tmp_path_factory) -> HeldApplicants:
    with town(tmp_path_factory.mktemp("world") / "t.db", random_facts(request.param, people=120)) as store:
        return HeldApplicants(store.view(day(50)).tables())


def drawn(people: HeldApplicants) -> np.ndarray:
    return np.flatnonzero(np.random.default_rng(len(people)).random(len(people)) < 0.4)


def test_the_facts_of_some_are_those_that_everybodys_tables_have_of_them(people) -> None:
    some = drawn(people)
    alone, names = people.facts_of(some), people.names(some)
    assert alone.applicant_ids.tolist() == names.tolist()
    assert loans(alone) == {loan for loan in loans(people.tables) if loan[0] in set(names)}
    assert loans(alone)
    assert dealings(alone) == [row for row in dealings(people.tables) if {row[0], row[1]} <= set(names)]
    none = dict.fromkeys(("applicant", "since", "last"), np.zeros(0, np.int64))
    columns = applicant_columns(replace(alone, ties=none))
    for name in ("late", "paid", "shown", "open", "fraud", "good", "fraud_since", "first_amount"):
        assert columns[name].tobytes() == people.columns[name][some].tobytes(), name
    assert np.array_equal(fraud_spells(alone).since, fraud_spells(people.tables).since[some])


def loans(tables: Tables) -> set[tuple[object, ...]]:
    """Each application with who made it, when, and what became of it."""
    became, asked = loan_histories(tables), tables.applications
    columns = (
        tables.applicant_ids[asked["applicant"]],
        asked["application_id"],
        asked["at"],
        became.first(DEFAULTED),
    )
    return set(zip(*(column.tolist() for column in columns), strict=True))


def dealings(tables: Tables) -> list[tuple[object, ...]]:
    events = {name: column[tables.events["counterparty"] >= 0] for name, column in tables.events.items()}
    ends = (tables.applicant_ids[events[end]].tolist() for end in ("applicant", "counterparty"))
    return list(zip(*ends, events["at"].tolist(), events["kind"].tolist(), strict=True))


def test_people_are_found_by_their_names_and_nobody_for_a_name_of_none(people) -> None:
    some = drawn(people)
    assert people.places(people.names(some).tolist()).tolist() == some.tolist()
    assert people.places(["", "nobody", "\U0010ffff"]).tolist() == [-1, -1, -1]


def test_the_latest_application_of_each_is_the_last_by_moment_then_id(people) -> None:
    latest: dict[str, str] = {}
    asked = people.tables.applications
    for who, _, loan in sorted(
        zip(asked["applicant"].tolist(), asked["at"].tolist(), asked["application_id"])
    ):
        latest[who] = loan
    everybody = np.arange(len(people))
    assert people.latest(everybody).tolist() == [latest.get(who) for who in everybody.tolist()]


def test_columns_are_of_the_kinds_that_files_of_the_cluster_have(people) -> None:
    assert {
        name: column.dtype.str.strip("<|") for name, column in applicant_columns(people.tables).items()
    } == {name: kind.replace("?", "b1") for name, kind in COLUMNS.items()}


def test_in_a_store_without_people_nobody_is_found(tmp_path) -> None:
    with town(tmp_path / "t.db", Facts()) as store:
        nobody = HeldApplicants(store.view(day(1)).tables())
    assert len(nobody) == 0
    assert nobody.places(["ann"]).tolist() == [-1]
    assert len(nobody.facts_of(np.zeros(0, np.int64)).applicant_ids) == 0


def test_columns_are_of_their_kinds_also_where_nobody_has_applied(tmp_path):
    sent = does("ann", "transfer", 1, counterparty_id="bob", amount=5.0)
    with town(tmp_path / "t.db", facts_of(sent)) as store:
        found = applicant_columns(store.view(day(9)).tables())
    assert {name: column.dtype for name, column in found.items()} == COLUMNS
    assert [len(column) for column in found.values()] == [2] * len(COLUMNS)
