"""How each group of people was decided of, and would be by another policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from investigations.dry_run import DecidedPerson
from investigations.estimates import Estimate
from investigations.fairness.measures import decided, members_of


class BeforeAfter(NamedTuple):
    """Of a group the shares that were `approved`, `reviewed` and `declined`, and that would be."""

    then: dict[str, Estimate]
    now: dict[str, Estimate]

    def as_json(self) -> dict[str, object]:
        """For a line of JSON."""
        return {
            "people": self.then["approved"].people,
            **{
                f"{name}_{when}": one.rounded()
                for when, shares in self._asdict().items()
                for name, one in shares.items()
            },
        }


def before_and_after(people: Sequence[DecidedPerson]) -> dict[str, BeforeAfter]:
    """Everybody and each group, the largest first."""
    then, now = (
        np.array([one.value for one in decisions], object)
        for decisions in ([one.then for one in people], [one.now for one in people])
    )
    members = members_of([one.life.groups for one in people])
    return {name: BeforeAfter(decided(then, among), decided(now, among)) for name, among in members.items()}
