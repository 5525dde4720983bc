"""Which values tie nobody: one answer for a live assessment and for the weekly batch."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graph.facts.hubs import BATCH_GUARD, GUARD, NOT_LINKING, batch_reasons, changes_hands, hub_reason
from graph.model.types import Identifier, IdentifierKind

KINDS = tuple(IdentifierKind)
DAY = 86_400_000_000
values = st.tuples(
    st.sampled_from(KINDS), st.booleans(), st.integers(2, 3_000), st.integers(1, 700), st.floats(0, 1)
)


def in_the_batch(kind, linking, holders, days, middle):
    arrivals = (np.array([0]), np.array([int(days * DAY * middle)]), np.array([days * DAY]))
    [code] = batch_reasons(np.array([KINDS.index(kind)]), np.array([linking]), np.array([holders]), arrivals)
    return code


@given(values)
def test_what_the_batch_leaves_out_links_nobody_in_a_live_answer(value):
    kind, linking, holders, _, _ = value
    if in_the_batch(*value):
        assert hub_reason(Identifier(kind, "t", "t", linking), holders)


@given(values)
def test_a_placeholder_links_nobody_anywhere(value):
    kind, _, holders, days, middle = value
    assert in_the_batch(kind, False, holders, days, middle) == NOT_LINKING
    assert hub_reason(Identifier(kind, "t", "t", False), holders) == "not_linking"


@given(values)
def test_more_holders_never_make_a_value_link_again(value):
    kind, _, holders, days, middle = value
    if in_the_batch(kind, True, holders, days, middle):
        assert in_the_batch(kind, True, holders + 1, days, middle)
    if hub_reason(Identifier(kind, "t", "t", True), holders):
        assert hub_reason(Identifier(kind, "t", "t", True), holders + 1)


def test_every_kind_has_a_guard_below_the_batchs():
    assert set(GUARD) == set(KINDS)
    assert max(GUARD.values()) < BATCH_GUARD


def test_a_crowd_that_came_in_one_week_is_no_steady_stream():
    device, many = np.array([KINDS.index(IdentifierKind.DEVICE)]), np.array([150])
    assert not changes_hands(device, many, (np.array([0]), np.array([3 * DAY]), np.array([7 * DAY])))[0]
    assert changes_hands(device, many, (np.array([0]), np.array([80 * DAY]), np.array([160 * DAY])))[0]


def test_merchants_and_agents_never_pass_from_hand_to_hand():
    assert not changes_hands(
        np.array([len(KINDS)]), np.array([500]), (np.array([0]), np.array([80 * DAY]), np.array([160 * DAY]))
    )[0]
