"""What is watched and who is near it: loans in force, and strong bonds between people, as of a view."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from graph.facts.hubs import GUARD
from graph.facts.loans import ENDED, first_reported
from graph.facts.ties import HANDED_OVER, STRONG, WAY_OF_KIND, way_of_number
from graph.model.types import Application, Holders, Identifier, IdentifierKind, OutcomeStatus, Role, Tie
from graph.store.port import GraphView

MONTH = timedelta(days=30)  # as in the windows of the multi-lending variables
USUAL_TERM = 12  # months, of a loan whose term nobody reported
# by which two people can be tied strongly; a national id under two applicant ids is one person
BINDING = frozenset(
    {
        IdentifierKind.PHONE,
        IdentifierKind.DEVICE,
        IdentifierKind.BANK_CARD,
        IdentifierKind.EMAIL,
        IdentifierKind.NATIONAL_ID,
    }
)


class BeforeAndNow(NamedTuple):
    """The graph as of one moment, without the facts of a revision and with them."""

    before: GraphView
    now: GraphView


class LoanInForce(NamedTuple):
    """A loan that is watched: paid out, not ended, within its term."""

    application: Application
    paid_at: datetime


class Bond(NamedTuple):
    """Two people share an identifier that says something about both."""

    identifier: Identifier
    mine: Tie
    theirs: Tie

    @property
    def since(self) -> datetime:
        """Since when both hold it."""
        return max(self.mine.since, self.theirs.since)


def loans_in_force(view: GraphView, people: Collection[str]) -> Mapping[str, tuple[LoanInForce, ...]]:
    """The loans of each of those people that are watched; who has none is left out."""
    return in_force(view, view.applications_of(sorted(people))) if people else {}


def in_force(
    view: GraphView, applications: Mapping[str, Collection[Application]]
) -> Mapping[str, tuple[LoanInForce, ...]]:
    """Those of the applications, by person, whose loans are watched; who has none is left out."""
    loans = [one for each in applications.values() for one in each]
    outcomes = view.outcomes_of([one.application_id for one in loans]) if loans else {}
    out: dict[str, tuple[LoanInForce, ...]] = {}
    for loan in loans:
        reported = first_reported(outcomes[loan.application_id])
        paid_at = reported.get(OutcomeStatus.DISBURSED)
        if paid_at is None or not ENDED.isdisjoint(reported):
            continue
        if view.as_of < paid_at + (loan.term_months or USUAL_TERM) * MONTH:
            out[loan.applicant_id] = (*out.get(loan.applicant_id, ()), LoanInForce(loan, paid_at))
    return out


def bonds_of(view: GraphView, people: Collection[str]) -> Mapping[str, Mapping[str, Bond]]:
    """By person: to whom they are strongly tied, through no hub, and by what (the latest such)."""
    ties = view.ties_of(sorted(people)) if people else {}
    binding = [tie for each in ties.values() for tie in each if tie.identifier.kind in BINDING]
    held = holders(view, (tie.identifier for tie in binding))
    out: dict[str, dict[str, Bond]] = {}
    for mine in binding:
        for theirs in held[mine.identifier].ties:
            if theirs.applicant_id != mine.applicant_id and is_strong(mine, theirs):
                bond = Bond(mine.identifier, mine, theirs)
                out.setdefault(mine.applicant_id, {}).setdefault(theirs.applicant_id, bond)
    return out


def holders(view: GraphView, identifiers: Iterable[Identifier]) -> Mapping[Identifier, Holders]:
    """All who hold each of those identifiers; of a hub nobody."""
    wanted = list(dict.fromkeys(identifiers))
    return view.holders_of(wanted, max(GUARD.values())) if wanted else {}


def is_strong(mine: Tie, theirs: Tie) -> bool:
    """Whether two ties to one identifier say that the two belong together: a number or handset that was
    passed on does not.
    """
    kind = mine.identifier.kind
    way = way_of_number(mine.role, theirs.role) if kind is IdentifierKind.PHONE else WAY_OF_KIND[kind]
    earlier, later = sorted((mine, theirs), key=lambda tie: tie.since)
    return way in STRONG and later.since - earlier.last <= HANDED_OVER


def same_person(view: GraphView, people: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Each of those applicant ids with all ids under which the same person applied: those that give the same
    national id as their own.
    """
    wanted = sorted(set(people))
    ties = view.ties_of(wanted) if wanted else {}
    own = [
        tie
        for each in ties.values()
        for tie in each
        if tie.identifier.kind is IdentifierKind.NATIONAL_ID and tie.role is Role.OWN
    ]
    held = holders(view, (tie.identifier for tie in own))
    out = {who: {who} for who in wanted}
    for tie in own:
        out[tie.applicant_id].update(
            other.applicant_id for other in held[tie.identifier].ties if other.role is Role.OWN
        )
    return {who: frozenset(ids) for who, ids in out.items()}
