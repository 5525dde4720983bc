"""A lot that draws the same people every time, whatever order they come in."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from heapq import nsmallest


def drawn(applicant_ids: Iterable[str], most: int) -> list[str]:
    """Of more than `most` people so many, in the order in which they are drawn."""
    return nsmallest(most, applicant_ids, key=lambda one: blake2b(one.encode(), digest_size=8).digest())
