"""One call fills a row with everything that is measured of a subject, and with nothing that was said of the subject itself where a model asks."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gnn import references
from gnn.observe import unjudged
from graph import multi_lending, signals
from graph.evidence import Evidence, subject_of
from graph.features.observe import COUNT_NAMES, SIGNAL_NAMES, Observer, names
from graph.frame.of_view import of_evidence
from tests.feature_worlds import made_evidence, odd_evidence, odd_facts
from tests.small_worlds import before, day, shuffled
from tests.stores import open_store

OBSERVER = Observer()
FRAUD = SIGNAL_NAMES.index("own_fraud_labels")


def by_python(evidence: Evidence) -> tuple[list[float | None], dict[str, str]]:
    variables = multi_lending.compute(evidence)
    values = (one.value for one in signals.compute(evidence))
    return [*values, *variables.variables.values(), *references.counts(evidence)], dict(variables.left_out)


def known(row: Sequence[float]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in row]


def agree(evidence: Evidence) -> None:
    n = of_evidence(evidence)
    before = n.people.tobytes()
    for hidden in (False, True):
        row, left_out = OBSERVER.row(n, unjudged=hidden)
        assert (known(row), left_out) == by_python(unjudged(evidence) if hidden else evidence)
    assert n.people.tobytes() == before


@given(st.integers(0, 2**32), st.integers(1, 14), st.integers(1, 60))
@settings(max_examples=20, deadline=None)
def test_every_feature_of_an_odd_world_is_what_it_means(seed: int, people: int, loans: int) -> None:
    for evidence in odd_evidence(random.Random(seed), people=people, loans=loans):
        agree(evidence)


def test_every_feature_of_a_made_world_is_what_it_means() -> None:
    evidences = made_evidence()
    assert len(evidences) >= 500
    for evidence in evidences:
        agree(evidence)


def test_a_row_says_what_its_names_say() -> None:
    assert tuple(signals.SIGNALS) == SIGNAL_NAMES
    assert names() == (*signals.SIGNALS, *multi_lending.NAMES, *references.NAMES) == OBSERVER.names
    assert len(set(names())) == len(names()) - len(set(SIGNAL_NAMES) & set(COUNT_NAMES))


def test_fewer_variables_are_given_where_fewer_are_wanted() -> None:
    wanted = ["ml_3m_person_all_lenders", "ml_24h_id_bank_apps"]
    few = Observer(wanted)
    for evidence in odd_evidence(random.Random(4), 4):
        n = of_evidence(evidence)
        whole, part = (dict(zip(each.names, known(each.row(n)[0]), strict=True)) for each in (OBSERVER, few))
        assert part == {name: whole[name] for name in (*SIGNAL_NAMES, *wanted, *COUNT_NAMES)}


def test_what_was_said_of_the_subject_itself_is_seen_only_where_it_may_be() -> None:
    rows = [[known(OBSERVER.row(of_evidence(e), unjudged=hidden)[0])[FRAUD] for hidden in (False, True)] for e in made_evidence()]
    rows += [[known(OBSERVER.row(of_evidence(e), unjudged=hidden)[0])[FRAUD] for hidden in (False, True)] for e in odd_evidence(random.Random(5), 40)]
    assert sum(bool(seen) for seen, _ in rows) > 5
    assert any(seen and not hidden for seen, hidden in rows)
    assert any(hidden for _, hidden in rows)  # another applicant id of the same person was judged, which is no secret


def test_room_grows_with_the_largest_subject() -> None:
    """A small one first: what has no room gets more, and nobody sees less."""
    sizes = [of_evidence(odd_evidence(random.Random(3), 1, people=size, loans=3 * size)[0]) for size in (1, 30)]
    growing = Observer()
    assert [known(growing.row(n)[0]) for n in sizes] == [known(Observer().row(n)[0]) for n in sizes]


def test_what_happens_later_changes_no_bit(tmp_path: Path) -> None:
    facts, cut = odd_facts(random.Random(8), 20, 90), day(70)
    asked = [a for a in facts.applications if a.applied_at > day(40)][:15]
    with open_store(tmp_path / "one.db") as one, open_store(tmp_path / "other.db") as other:
        one.add(facts)
        other.add(shuffled(before(facts, cut), 1))
        for a in asked:
            views = (store.view(min(a.applied_at, cut)) for store in (one, other))
            rows = [OBSERVER.row(of_evidence(view.evidence_of(subject_of(a))))[0].tobytes() for view in views]
            assert rows[0] == rows[1]
