"""Reference counts by compiled code equal those counted in Python, whatever happened."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gnn import references
from gnn.observe import unjudged
from graph.evidence import Evidence
from graph.features import counts
from graph.frame.of_view import of_evidence
from tests.feature_worlds import made_evidence, odd_evidence


def counted(evidence: Evidence, hidden: bool = False) -> list[float | None]:
    n, row = of_evidence(evidence), np.full(len(counts.NAMES), -7.0)
    if hidden:
        n.people[0]["labels"] = 0
    counts.fill(n, row)
    return [None if np.isnan(value) else float(value) for value in row]


def agree(evidence: Evidence) -> None:
    assert counted(evidence) == list(references.counts(evidence))
    assert counted(evidence, hidden=True) == list(references.counts(unjudged(evidence)))


@given(st.integers(0, 2**32), st.integers(1, 14), st.integers(1, 60))
@settings(max_examples=25, deadline=None)
def test_every_count_of_an_odd_world_is_what_it_means(seed: int, people: int, loans: int) -> None:
    for evidence in odd_evidence(random.Random(seed), people=people, loans=loans):
        agree(evidence)


def test_every_count_of_a_made_world_is_what_it_means() -> None:
    for evidence in made_evidence():
        agree(evidence)


def test_the_worlds_show_something_to_count_of_everything() -> None:
    rows = np.array([counted(e) for e in odd_evidence(random.Random(1), 40)], dtype=np.float64)
    assert [name for name, column in zip(counts.NAMES, rows.T, strict=True) if not (column > 0).any()] == []


def test_what_was_said_of_the_subject_itself_is_hidden() -> None:
    judged = [e for e in odd_evidence(random.Random(1), 40) if counted(e)[counts.NAMES.index("own_known_fraud")]]
    assert len(judged) > 3
    assert {counted(e, hidden=True)[counts.NAMES.index("own_known_fraud")] for e in judged} == {0.0}
