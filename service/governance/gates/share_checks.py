"""The gate's question whether a policy approves, sends to review or declines far more or fewer people than
before: one that fares alike with every group may do so by approving nearly everybody, or nearly nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

from gnn.registry.checks import GateCheck
from graph.quantities import quantity
from investigations.assessments import Decision
from investigations.dry_run import DecidedPerson
from investigations.estimates import TOO_FEW
from investigations.fairness.measures import DECIDED

SHARE = "share "  # how the name of each of these checks begins


def share_checks(people: Sequence[DecidedPerson], margin: float) -> list[GateCheck]:
    """One for each decision: the share of people of whom it would be taken may lie so far from the share of
    whom it was taken, either way. None of fewer than TOO_FEW people.
    """
    if len(people) < TOO_FEW:
        return []
    return [_check(name, decision, people, margin) for name, decision in DECIDED.items()]


def _check(name: str, decision: Decision, people: Sequence[DecidedPerson], margin: float) -> GateCheck:
    then, now = (
        sum(one is decision for one in decisions) / len(people)
        for decisions in ([one.then for one in people], [one.now for one in people])
    )
    return GateCheck(
        name=f"{SHARE}{name}",
        passed=abs(now - then) <= margin + 1e-9,
        value=round(now - then, 4),
        limit=margin,
        sentence=f"{now:.1%} of {quantity(len(people), 'person')} would be {name}, {then:.1%} were",
    )
