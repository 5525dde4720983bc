"""An assessment as it would be if people shared nothing by living or working together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from graph.facts.decisive import APPLICATIONS, EVENTS
from graph.frame.from_view import node_names_of
from graph.model.types import (
    Application,
    Event,
    Holders,
    Identifier,
    IdentifierKind,
    Mention,
    Role,
    Tie,
)
from graph.store.evidence import Evidence, Subject, leave_out
from graph.store.port import GraphView
from investigations.assessments import Conclusion
from investigations.policy import Policy
from service.assessment.evaluation import Effort, evaluate_neighbourhood

if TYPE_CHECKING:
    from gnn.scoring.scorer import Scorer

PLACES = frozenset({IdentifierKind.ADDRESS, IdentifierKind.WIFI, IdentifierKind.IP, IdentifierKind.EMPLOYER})
_Fact = TypeVar("_Fact", Application, Event)


def assess_apart(
    view: GraphView, subject: Subject, scorer: Scorer | None, policy: Policy
) -> Conclusion | None:
    """What would be concluded if the subject's addresses, networks, Wi-Fi, employers and employers' numbers
    were places that nobody shares; None where nobody else holds any of them.

    The ring goes with them where nothing else ties the subject to another of its members.
    """
    apart = _Apart(view, subject)
    if not apart.shares_a_place():
        return None
    seen = leave_out(GraphView.evidence_of(cast(GraphView, apart), apart.subject))
    seen = _without_ring_by_place(seen)
    evaluation = evaluate_neighbourhood(node_names_of(seen), view, apart.subject, Effort(scorer))
    return policy.conclude(evaluation.findings)


def _without_ring_by_place(seen: Evidence) -> Evidence:
    """The evidence without the subject's ring where no other member of it is tied to the subject here."""
    me = seen.subject.applicant_id
    mine = seen.memberships.get(me)
    if mine is None:
        return seen
    for who, other in seen.memberships.items():
        near = seen.graph.nodes[f"applicant:{who}"]["step"] == 1
        if near and other.ring.ring_id == mine.ring.ring_id:
            return seen
    return replace(seen, memberships={who: one for who, one in seen.memberships.items() if who != me})


class _Apart:
    """A view in which the places and works of the subject are its own alone. All else is read through the
    view itself.
    """

    neighbourhood = GraphView.neighbourhood

    def __init__(self, view: GraphView, subject: Subject) -> None:
        self._view, self._me = view, subject.applicant_id
        application = subject.application
        self.subject = replace(subject, application=application and _set_apart(application))
        named = application.mentions if application else ()
        hidden = [tie for tie in view.ties_of([self._me])[self._me] if _is_place(tie)]
        self._hidden = Counter(tie.identifier for tie in hidden)
        self._own = {tie.identifier: tie for tie in map(_tie_apart, hidden)}
        self._places = {*self._hidden, *(one.identifier for one in named if _is_place(one))}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)

    def shares_a_place(self) -> bool:
        """Whether somebody else holds one of the places."""
        counts = self._view.holder_counts(sorted(self._places, key=lambda one: one.node))
        return any(count > self._hidden[one] for one, count in counts.items())

    def ties_of(self, applicant_ids: Sequence[str], limit: int = 64) -> Mapping[str, tuple[Tie, ...]]:
        """As the view has them, the subject's by place or work to places of its own."""
        ties = self._view.ties_of(applicant_ids, limit)
        if self._me not in ties:
            return ties
        return {**ties, self._me: tuple(map(_tie_apart, ties[self._me]))}

    def holder_counts(self, identifiers: Sequence[Identifier]) -> Mapping[Identifier, int]:
        """As the view counts them, the subject at its own places."""
        counts = self._view.holder_counts(identifiers)
        return {one: count - self._hidden[one] + (one in self._own) for one, count in counts.items()}

    def holders_of(self, identifiers: Sequence[Identifier], limit: int = 24) -> Mapping[Identifier, Holders]:
        """As the view has them, the subject at its own places."""
        most = max((self._hidden[one] for one in identifiers), default=0)
        found = self._view.holders_of(identifiers, limit + most)
        return {
            one: Holders(one, 1, (self._own[one],))
            if one in self._own
            else Holders(one, holders.count - self._hidden[one], self._others(holders)[:limit])
            for one, holders in found.items()
        }

    def applications_of(
        self, applicant_ids: Sequence[str], limit: int = APPLICATIONS
    ) -> Mapping[str, tuple[Application, ...]]:
        """As the view has them; the subject's name places of its own."""
        return self._named_apart(self._view.applications_of(applicant_ids, limit))

    def events_of(self, applicant_ids: Sequence[str], limit: int = EVENTS) -> Mapping[str, tuple[Event, ...]]:
        """As the view has them; the subject's name places of its own."""
        return self._named_apart(self._view.events_of(applicant_ids, limit))

    def _named_apart(self, facts: Mapping[str, tuple[_Fact, ...]]) -> Mapping[str, tuple[_Fact, ...]]:
        if self._me not in facts:
            return facts
        return {**facts, self._me: tuple(_set_apart(one) for one in facts[self._me])}

    def _others(self, holders: Holders) -> tuple[Tie, ...]:
        return tuple(tie for tie in holders.ties if tie.applicant_id != self._me or not _is_place(tie))


def _is_place(one: Tie | Mention) -> bool:
    """Whether it is a tie by living or working together."""
    return one.identifier.kind in PLACES or one.role is Role.EMPLOYER


def own_place(place: Identifier) -> Identifier:
    """The subject's own in the stead of a place: of the same kind, and nobody else's."""
    return replace(place, token=f"{place.token}|apart")


def _tie_apart(tie: Tie) -> Tie:
    return tie._replace(identifier=own_place(tie.identifier)) if _is_place(tie) else tie


def _set_apart(fact: _Fact) -> _Fact:
    mentions = (
        one._replace(identifier=own_place(one.identifier)) if _is_place(one) else one for one in fact.mentions
    )
    return replace(fact, mentions=tuple(mentions))
