"""Whether what people name links them to somebody else: told strictly before their moment, and for no hub."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from graph.facts.hubs import GUARD
from graph.facts.linked_kinds import LinkedKinds
from graph.facts.tables import KINDS, ROLES, Tables
from graph.model.moments import micros
from graph.model.types import IdentifierKind, Role
from tests.support.small_worlds import applies, day, facts_of, random_facts, uses
from tests.support.stores import open_store


def slowly(tables: Tables, person: int, at: int) -> dict[str, float | None]:
    """The same, tie by tie."""
    ties = [
        (int(who), int(what), int(since))
        for who, what, role, since in zip(
            *(tables.ties[name] for name in ("applicant", "identifier", "role", "since")), strict=True
        )
        if ROLES[role] is Role.OWN and tables.identifiers["linking"][what]
    ]
    out: dict[str, float | None] = {}
    for kind in KINDS:
        mine = {
            what
            for who, what, since in ties
            if who == person and since <= at and KINDS[tables.identifiers["kind"][what]] is kind
        }
        others = [{who for who, w, since in ties if w == what and since < at} - {person} for what in mine]
        links = any(0 < len(one) < GUARD[kind] for one in others)
        out[kind.value] = float(links) if mine else None
    return out


def test_each_application_of_a_random_world_is_linked_as_tie_by_tie(tmp_path: Path) -> None:
    with open_store(tmp_path / "s.db") as store:
        store.add(random_facts(5, people=60))
        tables = store.view(day(90)).tables()
    applications = tables.applications
    found = LinkedKinds(tables).of(applications["applicant"], applications["at"])
    some = 0
    for row, (who, at) in enumerate(zip(applications["applicant"], applications["at"], strict=True)):
        for kind, value in slowly(tables, int(who), int(at)).items():
            got = found[kind][row]
            assert (value is None and np.isnan(got)) or value == got, (row, kind)
            some += value == 1.0
    assert some > 10


def test_who_comes_later_or_is_nobody_links_nobody(tmp_path: Path) -> None:
    shared = uses("device", "d1")
    with open_store(tmp_path / "s.db") as store:
        store.add(facts_of(applies("a", 1, shared), applies("b", 2, shared)))
        tables = store.view(day(9)).tables()
    assert tables.applicant_ids.tolist() == ["a", "b"]
    rows, at = np.array([0, 1, 0, -1]), np.array([micros(day(n)) for n in (1, 2, 3, 3)])
    device = LinkedKinds(tables).of(rows, at)["device"]
    assert device[:3].tolist() == [0.0, 1.0, 1.0]
    assert np.isnan(device[3])


def test_a_hub_links_nobody(tmp_path: Path) -> None:
    shared = uses("employer", "e1")
    people = GUARD[IdentifierKind.EMPLOYER] + 2
    with open_store(tmp_path / "s.db") as store:
        store.add(facts_of(*(applies(f"p{n:02}", n, shared) for n in range(people))))
        tables = store.view(day(90)).tables()
    linked = LinkedKinds(tables).of(tables.applications["applicant"], tables.applications["at"])["employer"]
    assert linked.tolist() == [0.0, *([1.0] * (people - 3)), 0.0, 0.0]
