"""The past of the other applicants in a neighbourhood: what they asked for, what became of it, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from graph.evidence import Evidence
from graph.model import Application, LabelValue, OutcomeStatus

DEFAULTED = frozenset({OutcomeStatus.DPD90, OutcomeStatus.WRITTEN_OFF})


class Neighbour(NamedTuple):
    """The past of another applicant in the neighbourhood, as known by then. `bad` and `good` are labels, None where nobody has judged."""

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
        seen = [o.status for a in made for o in evidence.outcomes.get(a.application_id, ())]
        bad, good = judged(evidence, applicant)
        rejected = seen.count(OutcomeStatus.REJECTED)
        yield node, Neighbour(
            node=node, step=data["step"], applications=made, bad=bad, good=good, rejected=rejected,
            decided=rejected + seen.count(OutcomeStatus.APPROVED), late=OutcomeStatus.DPD30 in seen,
            defaulted=not DEFAULTED.isdisjoint(seen), first=made[-1].applied_at if made else None,
        )  # fmt: skip


def judged(evidence: Evidence, applicant_id: str) -> tuple[bool, bool]:
    """Whether anybody's last word on the applicant, or on one of their loans, is fraud; and whether all there is are good ones."""
    words = {(label.applicant_id, label.application_id): label.label for label in evidence.labels.get(applicant_id, ())}
    bad = LabelValue.FRAUD in words.values()
    return bad, bool(words) and not bad
