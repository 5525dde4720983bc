"""What a case is opened about, as the graph knew it then: a ring or an applicant, with the types of lenders
concerned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from graph.facts.loans import still_open
from graph.model.types import Ring
from graph.store.port import GraphView
from investigations.cases import CaseKind, NewCase

MOST_ASKED = 500  # members of one ring whose lenders are looked up


def about_ring(view: GraphView, ring: Ring, reason: str, snapshot: str | None = None) -> NewCase:
    """A case about that ring. `snapshot` is the one in which it was found."""
    people = [member.applicant_id for member in ring.members[:MOST_ASKED]]
    return NewCase(
        reason=reason,
        ring_id=ring.ring_id,
        snapshot=snapshot,
        reason_codes=ring.reason_codes,
        exposure=ring.exposure,
        probability=ring.score,
        kind=CaseKind(ring.kind.value),
        lenders=lender_types(view, people),
    )


def about_applicant(view: GraphView, case: NewCase) -> NewCase:
    """A case about an applicant with what is open of their loans, and the types of lenders where they had
    applied.
    """
    who = str(case.applicant_id)
    applied = view.applications_of([who]).get(who, ())
    became = view.outcomes_of([one.application_id for one in applied])
    exposure = sum(still_open(one, became.get(one.application_id, ())) for one in applied)
    return replace(case, exposure=float(exposure), lenders=lender_types(view, [who]))


def lender_types(view: GraphView, people: Sequence[str]) -> tuple[str, ...]:
    """The types of the lenders where these people had applied before the view's moment, sorted."""
    platforms = view.platforms()
    found = {
        platforms[one.platform_id].type.value
        for applications in view.applications_of(people).values()
        for one in applications
        if one.platform_id in platforms
    }
    return tuple(sorted(found))
