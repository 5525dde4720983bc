"""Laws of all features at once: nothing later changes them, names say nothing, and whoever makes the
neighbourhood makes the same row.
"""

from __future__ import annotations

import ast
import inspect
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from graph.features.compute import FeatureExtractor
from graph.features.extraction import COUNT_NAMES, SIGNAL_NAMES, VARIABLE_NAMES, names
from graph.features.lending import multi_lending
from graph.features.precompute import precompute
from graph.features.read_neighbourhood import read_neighbourhood
from graph.features.registry import Family
from graph.features.signals import (
    behaviour,
    bursts,
    catalogue,
    holders,
    merchant,
    neighbour_activity,
    phones,
    ring,
    sharing,
)
from graph.features.workspace import Precomputed, workspace_for
from graph.frame.from_view import neighbourhood_of
from graph.frame.neighbourhood import Neighbourhood
from graph.kernels.linking import EntryCompiler
from graph.model.types import Application, Facts, Identifier, Mention
from graph.store.evidence import Subject, subject_of
from graph.store.port import GraphView
from tests.support.contracts.store_contract import in_parts
from tests.support.frames import FramedStore
from tests.support.small_worlds import before, day, random_facts, shuffled
from tests.support.stores import open_store
from tests.support.worlds.features import SPAN, made_evidence, odd_evidence, odd_facts, rings_of

OBSERVER = FeatureExtractor()
JUDGED = SIGNAL_NAMES.index("own_fraud_labels")
Row = tuple[list[float | None], dict[str, str]]
Fill = Callable[[Neighbourhood, Precomputed, Any], None]


def known(row: Sequence[float]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in row]


def row_of(n: Neighbourhood, *, unjudged: bool = False) -> Row:
    row, left_out = OBSERVER.row(n, unjudged=unjudged)
    return known(row), left_out


def shown(view: GraphView, subject: Subject) -> tuple[Row, Row]:
    """What is worked out of a subject: by who may know what was said of it, and by a model."""
    n, _ = read_neighbourhood(view, subject)
    return row_of(n), row_of(n, unjudged=True)


def world(rng: random.Random) -> Facts:
    return odd_facts(rng, 16, 60) if rng.random() < 0.7 else random_facts(rng.randrange(1_000))


def asked_about(facts: Facts, rng: random.Random, cut: datetime, subjects: int = 4) -> list[Subject]:
    """Applications, and people without one, who were there by then."""
    created = [a for a in facts.applications if a.applied_at < cut]
    chosen = rng.sample(created, min(subjects, len(created)))
    return [subject_of(a) for a in chosen] + [Subject(applicant_id=a.applicant_id) for a in chosen[:1]]


# time


@pytest.mark.same_examples
@given(st.integers(0, 2**32))
@settings(max_examples=12, deadline=None)
def test_nothing_that_happens_later_and_no_order_of_delivery_changes_any_feature(seed: int) -> None:
    rng = random.Random(seed)
    facts, cut = world(rng), day(rng.randrange(20, SPAN))
    deliveries = (facts, before(facts, cut), shuffled(facts, seed), and_then(facts, cut, rng))
    subjects = asked_about(facts, rng, cut)
    rows = []
    for delivery in deliveries:
        with TemporaryDirectory() as folder, open_store(Path(folder) / "s.db") as store:
            store.add(delivery)
            rows.append([shown(store.view(cut), subject) for subject in subjects])
    assert rows[0] == rows[1] == rows[2] == rows[3]


def and_then(facts: Facts, cut: datetime, rng: random.Random) -> Facts:
    """The same, and everything happens once more to the same people after the moment."""
    later = cut - min(a.applied_at for a in facts.applications) + timedelta(days=rng.randrange(3))
    again = before(facts, cut)
    return replace(
        facts,
        applications=(
            *facts.applications,
            *(
                replace(a, application_id=f"later-{a.application_id}", applied_at=a.applied_at + later)
                for a in again.applications
            ),
        ),
        events=(
            *facts.events,
            *(
                replace(e, event_id=f"later-{e.event_id}", at=e.at + later)
                for e in again.events
                if e.at + later >= cut
            ),
        ),
        labels=(*facts.labels, *(replace(one, known_at=cut + timedelta(days=1)) for one in again.labels)),
        outcomes=(*facts.outcomes, *(replace(o, at=cut) for o in again.outcomes)),
    )


@pytest.mark.same_examples
@given(st.integers(0, 2**32))
@settings(max_examples=8, deadline=None)
def test_what_comes_late_changes_nothing_for_who_looks_at_an_earlier_mark(seed: int) -> None:
    rng = random.Random(seed)
    facts = world(rng)
    with TemporaryDirectory() as folder, FramedStore(Path(folder) / "s.db") as store:
        early, *late = in_parts(shuffled(facts, seed), 4)
        mark = store.add(early).revision
        subjects = asked_about(early, rng, day(SPAN))
        first = [shown(store.view(day(SPAN), mark), subject) for subject in subjects]
        for part in late:
            store.add(part)
        assert [shown(store.view(day(SPAN), mark), subject) for subject in subjects] == first


# who is looked at, and by which way


@pytest.mark.same_examples
@given(st.integers(0, 2**32))
@settings(max_examples=12, deadline=None)
def test_the_frame_and_a_view_give_equal_rows(seed: int) -> None:
    rng = random.Random(seed)
    facts = world(rng)
    with TemporaryDirectory() as folder, FramedStore(Path(folder) / "s.db") as store:
        for part in in_parts(shuffled(facts, seed), 3):
            store.add(part)
        store.save_rings(rings_of(rng, facts))
        for subject in asked_about(facts, rng, day(SPAN)):
            at = subject.application.applied_at if subject.application else day(SPAN)
            for moment in (at, at + timedelta(days=rng.choice((1, 40)))):
                assert shown(store.view(moment), subject) == shown(store.of_sqlite(moment), subject)


@pytest.mark.same_examples
@given(st.integers(0, 2**32))
@settings(max_examples=8, deadline=None)
def test_what_things_are_called_changes_no_feature(seed: int) -> None:
    """Names that sort alike: where two are equal in everything else, the one that comes first by its name is
    taken.
    """
    rng = random.Random(seed)
    facts, cut = world(rng), day(80)
    subjects = asked_about(facts, rng, cut)
    rows = []
    for reported, request in (
        (facts, subjects),
        (renamed(facts), [renamed_subject(subject) for subject in subjects]),
    ):
        with TemporaryDirectory() as folder, open_store(Path(folder) / "s.db") as store:
            store.add(reported)
            rows.append([shown(store.view(cut), subject) for subject in request])
    assert rows[0] == rows[1]


def called(name: str | None) -> str | None:
    return None if name is None else f"人-{name}-x"


def renamed_application(a: Application) -> Application:
    reported = {
        name: called(getattr(a, name))
        for name in (
            "application_id",
            "applicant_id",
            "merchant_id",
            "agent_id",
            "platform_id",
            "product",
            "city",
        )
    }
    mentions = tuple(Mention(_other(m.identifier), m.role) for m in a.mentions)
    return replace(a, mentions=mentions, **reported)


def _other(one: Identifier) -> Identifier:
    return replace(one, token=f"k1.z{one.token}")


def renamed_subject(subject: Subject) -> Subject:
    request = subject.application
    return (
        subject_of(renamed_application(request))
        if request
        else Subject(applicant_id=f"人-{subject.applicant_id}-x")
    )


def renamed(facts: Facts) -> Facts:
    return replace(
        facts,
        applications=tuple(map(renamed_application, facts.applications)),
        events=tuple(
            replace(
                e, event_id=f"人-{e.event_id}", applicant_id=f"人-{e.applicant_id}-x",
                counterparty_id=called(e.counterparty_id),
                mentions=tuple(Mention(_other(m.identifier), m.role) for m in e.mentions),
            )
            for e in facts.events
        ),
        outcomes=tuple(replace(o, application_id=f"人-{o.application_id}-x") for o in facts.outcomes),
        labels=tuple(replace(one, application_id=called(one.application_id),
                             applicant_id=called(one.applicant_id)) for one in facts.labels),
        platforms=tuple(replace(p, platform_id=f"人-{p.platform_id}-x") for p in facts.platforms),
        merchants=tuple(replace(m, merchant_id=f"人-{m.merchant_id}-x",
                                city=called(m.city)) for m in facts.merchants),
        contacts=tuple(replace(c, applicant_id=f"人-{c.applicant_id}-x",
                               phone=_other(c.phone)) for c in facts.contacts),
        devices=tuple(replace(d, identifier=_other(d.identifier)) for d in facts.devices),
    )  # fmt: skip


def test_what_was_said_of_the_subject_itself_is_seen_only_where_it_may_be() -> None:
    rows = [
        [row_of(n, unjudged=hidden)[0] for hidden in (False, True)]
        for n in map(neighbourhood_of, odd_evidence(random.Random(5), 60))
    ]
    seen = [[row[JUDGED] for row in both] for both in rows]
    assert sum(bool(judged) for judged, _ in seen) > 5
    assert any(judged and not hidden for judged, hidden in seen)
    # another applicant id of the same person was judged, which is no secret
    assert any(hidden for _, hidden in seen)
    own = COUNT_NAMES.index("own_known_fraud") - len(COUNT_NAMES)
    assert {hidden[own] for _, hidden in rows} == {0.0}
    assert {judged[own] for judged, _ in rows} == {0.0, 1.0}


def test_looking_changes_nothing() -> None:
    for n in map(neighbourhood_of, odd_evidence(random.Random(2), 4)):
        everything = [array.tobytes() for array in n]
        row_of(n, unjudged=True)
        assert [array.tobytes() for array in n] == everything


# rows


def test_a_row_says_what_its_names_say() -> None:
    assert names() == (*catalogue.SIGNALS, *multi_lending.NAMES, *COUNT_NAMES) == OBSERVER.names
    assert len(set(names())) == len(names()) - len(set(SIGNAL_NAMES) & set(COUNT_NAMES))


def test_fewer_variables_are_given_where_fewer_are_wanted() -> None:
    wanted = ["ml_3m_person_all_lenders", "ml_24h_id_bank_apps"]
    few = FeatureExtractor(wanted)
    for n in map(neighbourhood_of, odd_evidence(random.Random(4), 4)):
        whole, part = (dict(zip(each.names, known(each.row(n)[0]), strict=True)) for each in (OBSERVER, few))
        assert part == {name: whole[name] for name in (*SIGNAL_NAMES, *wanted, *COUNT_NAMES)}


def test_the_worlds_show_everything_as_not_known_as_none_and_as_several() -> None:
    evidences = (*odd_evidence(random.Random(1), 40, people=20, loans=80), *made_evidence(60))
    rows = np.array([row_of(neighbourhood_of(one))[0] for one in evidences], dtype=np.float64)
    signals, counts = rows[:, : len(SIGNAL_NAMES)], rows[:, -len(COUNT_NAMES) :]
    assert [
        name
        for name, column in zip(SIGNAL_NAMES, signals.T, strict=True)
        if len(np.unique(column[~np.isnan(column)])) < 2
    ] == []
    assert [name for name, column in zip(COUNT_NAMES, counts.T, strict=True) if not (column > 0).any()] == []
    variables = rows[:, len(SIGNAL_NAMES) : len(SIGNAL_NAMES) + len(VARIABLE_NAMES)]
    assert (variables > 0).any(axis=0).mean() > 0.9
    assert (np.isnan(variables).any(axis=0) & (variables == 0).any(axis=0)).any()


# room


def test_room_grows_with_the_largest_subject() -> None:
    """A small one first: what has no room gets more, and nobody sees less; then one room serves one subject
    after the other.
    """
    sizes = [
        neighbourhood_of(odd_evidence(random.Random(3), 1, people=size, loans=3 * size)[0])
        for size in (1, 30)
    ]
    assert not precompute(sizes[1], workspace_for(sizes[0]))
    growing = FeatureExtractor()
    assert [known(growing.row(n)[0]) for n in (*sizes, *sizes)] == [
        known(FeatureExtractor().row(n)[0]) for n in (*sizes, *sizes)
    ]


# how a family is written

FILLS: dict[str, tuple[Family, Fill]] = {
    "ring": (ring.RING, ring.fill),
    "company": (neighbour_activity.NEIGHBOUR_ACTIVITY, neighbour_activity.fill),
    "sharing": (sharing.SHARING, sharing.fill),
    "phones": (phones.PHONES, phones.fill),
    "holders": (holders.HOLDERS, holders.fill),
    "merchant": (merchant.MERCHANT, merchant.fill),
    "behaviour": (behaviour.BEHAVIOUR, behaviour.fill),
    "bursts": (bursts.BURSTS, bursts.fill),
}


IN_A_LOOP = ("bursts", "holders")


@pytest.mark.parametrize("name", sorted(FILLS.keys() - set(IN_A_LOOP)))
def test_a_family_is_written_signal_by_signal_in_the_order_of_the_registry(name: str) -> None:
    """Seen in the source: to compile each signal by itself once more takes half a minute."""
    family, fill = FILLS[name]
    function: Any = fill.py_func  # type: ignore[attr-defined]
    lines = [
        (
            node.targets[0].slice.value,
            function.__globals__[node.value.func.id],
            [*map(ast.unparse, node.value.args)],
        )
        for node in ast.walk(ast.parse(inspect.getsource(function)))
        if isinstance(node, ast.Assign)
    ]
    alone = [(k, one.measure, ["n", "r", *map(str, one.given)]) for k, one in enumerate(family)]
    assert lines == alone


@pytest.mark.parametrize("name", IN_A_LOOP)
def test_a_family_that_is_written_in_a_loop_is_as_each_of_its_signals_says_alone(name: str) -> None:
    family, fill = FILLS[name]
    alone = each_alone(family)
    for n in map(neighbourhood_of, odd_evidence(random.Random(7), 6, people=12, loans=60)):
        r = workspace_for(n)
        assert precompute(n, r)
        together, apart = np.full(len(family) + 1, -7.0), np.full(len(family) + 1, -7.0)
        fill(n, r, together)
        alone(n, r, apart)
        assert known(together) == known(apart)
        assert together[-1] == -7.0


def each_alone(family: Family) -> Fill:
    """A function that calls those of the registry one by one, in its order."""
    measures = {f"signal_{k}": one.measure for k, one in enumerate(family)}
    lines = [
        f"    into[{k}] = signal_{k}({', '.join(['n', 'r', *map(str, one.given)])})"
        for k, one in enumerate(family)
    ]
    exec("\n".join(["def alone(n, r, into):", *lines]), measures)
    return njit(pipeline_class=EntryCompiler, _nrt=True)(measures["alone"])  # type: ignore[no-any-return]
