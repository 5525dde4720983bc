"""Whether a borrower's device changed hands after the pay-out."""

from __future__ import annotations

from graph.model.types import Application, Identifier, Role
from graph.store.port import GraphView
from investigations.watch.watched import BeforeAndNow, LoanInForce, holders, same_person

STRANGERS = 2
"""So many others who apply on a borrower's device after the pay-out say that it changed hands: one is a
friend.
"""


def changed_hands(loan: LoanInForce, device: Identifier, views: BeforeAndNow) -> bool:
    """Whether STRANGERS to the borrower have applied on their device since the pay-out, the last of them
    now. Who applies at the shop or through the agent of the loan uses a counter's device, and counts for
    nobody.
    """
    return _strangers(loan, device, views.before) < STRANGERS <= _strangers(loan, device, views.now)


def _strangers(loan: LoanInForce, device: Identifier, view: GraphView) -> int:
    ties = [tie for tie in holders(view, [device])[device].ties if tie.role is Role.OWN]
    borrower = loan.application.applicant_id
    others = sorted({tie.applicant_id for tie in ties if tie.since >= loan.paid_at} - {borrower})
    if len(others) < STRANGERS:
        return 0
    person = same_person(view, [borrower])[borrower]
    forms = view.applications_of([who for who in others if who not in person])
    return sum(any(_elsewhere(one, loan, device) for one in applications) for applications in forms.values())


def _elsewhere(one: Application, loan: LoanInForce, device: Identifier) -> bool:
    mine = loan.application
    return (
        any(mention.identifier == device for mention in one.mentions)
        and (one.merchant_id is None or one.merchant_id != mine.merchant_id)
        and (one.agent_id is None or one.agent_id != mine.agent_id)
    )
