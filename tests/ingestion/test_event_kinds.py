"""Which word was meant by a kind of event that nobody knows."""

from __future__ import annotations

import pytest

from graph.frame.neighbourhood import EVENT_KINDS
from ingestion.event_kinds import CARRIERS, misspelt


@pytest.mark.parametrize(
    ("kind", "meant"),
    [
        ("trasnfer", "transfer"),
        ("transfers", "transfer"),
        ("withdrawl", "withdrawal"),
        ("withdraw", "withdrawal"),
        ("repaymnt", "repayment"),
        ("profilechange", "profile_change"),
        ("refferal", "referral"),
        ("logins", "login"),
        ("device_used", "device_use"),
    ],
)
def test_a_misspelt_kind_is_told_the_one_that_was_meant(kind: str, meant: str) -> None:
    assert misspelt(kind) == meant


@pytest.mark.parametrize("kind", [*EVENT_KINDS, *CARRIERS])
def test_a_kind_that_there_is_is_not_misspelt(kind: str) -> None:
    assert misspelt(kind) is None


@pytest.mark.parametrize(
    "kind",
    ["logout", "purchase", "prepayment", "down_payment", "transfer_fee", "deferral", "reversal", "x" * 9_000],
)
def test_a_word_of_a_lenders_own_is_taken_as_it_is(kind: str) -> None:
    assert misspelt(kind) is None
