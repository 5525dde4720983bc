"""The past of the other applicants in a neighbourhood: what they asked for, what became of it, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from graph.evidence import Evidence
from graph.facts.loans import DECIDED, DEFAULTED, LATE, first_told
from graph.facts.verdicts import standing
from graph.model import Application, OutcomeStatus


class Neighbour(NamedTuple):
    """The past of another applicant in the neighbourhood, as known by then. `bad` and `good` are what the labels come to.

    `rejected`, `decided`: applications. `late`: ever 30 days past due or worse. `defaulted`: ever in default.
    """

    node: str
    step: int
    applications: tuple[Application, ...]
    bad: bool
    good: bool
    rejected: int
    decided: int
    late: bool
    defaulted: bool
    first: datetime | None


def neighbours(evidence: Evidence, selves: frozenset[str]) -> Iterable[tuple[str, Neighbour]]:
    """Everybody in the neighbourhood but the subject, by node."""
    nodes = evidence.graph.nodes(data=True)
    for node, data in nodes:
        if data["type"] != "applicant" or node in selves:
            continue
        applicant = node.partition(":")[2]
        made = evidence.applications.get(applicant, ())
        fates = [first_told(told) for a in made if (told := evidence.outcomes.get(a.application_id))]
        seen = {status for fate in fates for status in fate}
        verdict = standing(evidence.labels.get(applicant, ()))
        yield node, Neighbour(
            node=node, step=data["step"], applications=made, bad=verdict.fraud, good=verdict.good,
            rejected=sum(OutcomeStatus.REJECTED in fate for fate in fates), decided=sum(not DECIDED.isdisjoint(fate) for fate in fates),
            late=not LATE.isdisjoint(seen), defaulted=not DEFAULTED.isdisjoint(seen), first=made[-1].applied_at if made else None,
        )  # fmt: skip
