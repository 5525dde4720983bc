"""A group that the store's habits do not explain is believed beside what is learned, and less once it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.facts.tables import Column
from graph.rings.suspicion.improbable import beside_learned

CHANCES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30)


def seen(learned: Column, improbable: Column, *, share: float) -> Column:
    """Suspicion in a store where what needs no label counts for this share."""
    return beside_learned(np.asarray(learned), np.asarray(improbable), share)


def test_before_there_are_labels_such_a_group_is_believed_as_it_is() -> None:
    assert seen(np.array([0.01, 0.9]), np.array([0.95, 0.2]), share=1.0).tolist() == [0.95, 0.9]


def test_with_labels_a_flatmate_who_was_lent_the_phone_is_no_suspect() -> None:
    flatmate, accomplice = seen(np.array([0.02, 0.3]), np.array([0.95, 0.95]), share=0.0)
    assert flatmate < 0.15
    assert accomplice == pytest.approx(0.63, abs=0.01)


@given(CHANCES, st.floats(0, 1))
def test_such_a_group_never_speaks_for_anybody_nor_says_more_than_itself(
    chances: list[tuple[float, float]], share: float
) -> None:
    learned, improbable = np.array(chances).T
    out = seen(learned, improbable, share=share)
    assert (out >= learned).all()
    assert (out <= np.maximum(learned, improbable)).all()


@given(CHANCES, st.floats(0, 1), st.floats(0, 1))
def test_with_every_fraud_known_such_a_group_says_less_and_never_more(
    chances: list[tuple[float, float]], one: float, other: float
) -> None:
    learned, improbable = np.array(chances).T
    early, late = (seen(learned, improbable, share=share) for share in (max(one, other), min(one, other)))
    assert (early >= late - 1e-12).all()


@given(CHANCES)
def test_who_is_more_suspicious_stays_so_in_the_same_group(chances: list[tuple[float, float]]) -> None:
    learned = np.sort(np.array(chances)[:, 0])
    out = seen(learned, np.full(len(learned), chances[0][1]), share=0.0)
    assert (np.diff(out) >= -1e-12).all()
