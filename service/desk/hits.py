"""What is known of each thing that a search found: its ring, whether a person is known for fraud or cleared,
how many hold a value; and cases, merchants and agents, which the store does not search by text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from graph.facts.fraud_labels import fraud_status
from graph.facts.hubs import COUNT_CAP
from graph.model.errors import NotFoundError
from graph.model.types import IdentifierKind, Label, LabelValue
from graph.store.port import GraphView
from ingestion.identifiers.recognise import recognised
from investigations.casebook import Casebook
from investigations.cases import Case
from service.desk.drawings import bare
from service.desk.finding import Hit

_CASE = re.compile(r"(?:case:)?(C-[0-9a-f]{6,20}-[0-9a-f]{8})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHit(Hit):
    """A hit with what is known of it before the view's moment. `conclusion`: fraud or good, of a person;
    `holders`: of an identifier, counted up to a cap; `state` and `subject`: of a case.
    """

    ring_id: str | None = None
    ring_kind: str | None = None
    ring_flagged: bool = False
    conclusion: str | None = None
    holders: int | None = None
    more_holders: bool = False
    state: str | None = None
    subject: str | None = None


def case_named(casebook: Casebook, text: str) -> tuple[KnownHit, ...]:
    """The case of that id."""
    if (named := _CASE.fullmatch(text.strip())) is None:
        return ()
    try:
        return (_case_hit(casebook.case(named.group(1))),)
    except NotFoundError:
        return ()


def places_named(view: GraphView, text: str) -> tuple[Hit, ...]:
    """The merchant and the agent of that id, where an application or a delivery names them."""
    kind, colon, value = text.strip().partition(":")
    kinds = (kind,) if colon and kind in ("merchant", "agent") else ("merchant", "agent")
    name = value.strip() if len(kinds) == 1 else text.strip()
    if not name or (len(kinds) > 1 and recognised(name)):  # a raw value reaches the store as a pseudonym
        return ()
    return tuple(Hit(node=f"{one}:{name}", type=one, label=name) for one in kinds if _known(view, one, name))


def with_knowledge(view: GraphView, hits: Sequence[Hit]) -> tuple[KnownHit, ...]:
    """The hits with their rings, conclusions and holders, each read once for all of them."""
    people = [bare(hit.node) for hit in hits if hit.type == "applicant"]
    rings = view.memberships_of(people) if people else {}
    labels = view.labels_of(people) if people else {}
    results = []
    for hit in hits:
        known = KnownHit(node=hit.node, type=hit.type, label=hit.label, exact=hit.exact)
        if hit.type == "applicant" and (membership := rings.get(bare(hit.node))):
            ring = membership.ring
            known = replace(
                known, ring_id=ring.ring_id, ring_kind=ring.kind.value, ring_flagged=ring.kind.flagged
            )
        if hit.type == "applicant" and (about := labels.get(bare(hit.node), ())):
            known = replace(known, conclusion=_conclusion(about))
        if hit.type == "ring" and (found := view.ring(bare(hit.node))):
            known = replace(
                known,
                ring_kind=found.kind.value,
                ring_flagged=found.kind.flagged,
                holders=found.size,
            )
        results.append(known)
    return _with_holders(view, results)


def _with_holders(view: GraphView, hits: list[KnownHit]) -> tuple[KnownHit, ...]:
    named = {hit.node: view.identifier(hit.node) for hit in hits if hit.type in tuple(IdentifierKind)}
    known = [one for one in named.values() if one is not None]
    counts = view.holder_counts(known) if known else {}
    held = {one.node: n for one, n in counts.items()}
    return tuple(
        replace(hit, holders=held[hit.node], more_holders=held[hit.node] >= COUNT_CAP)
        if hit.node in held
        else hit
        for hit in hits
    )


def _conclusion(labels: Sequence[Label]) -> str | None:
    status = fraud_status(labels)
    return LabelValue.FRAUD.value if status.fraud else LabelValue.GOOD.value if status.good else None


def _known(view: GraphView, kind: str, name: str) -> bool:
    if kind == "merchant":
        return bool(view.merchants_of([name]) or view.applications_at(name, None, 1))
    return bool(view.applications_at(None, name, 1))


def _case_hit(case: Case) -> KnownHit:
    about = case.about
    return KnownHit(
        node=f"case:{case.case_id}",
        type="case",
        label=case.case_id,
        ring_id=about.ring_id,
        state=case.state.value,
        subject=about.ring_id or about.applicant_id,
    )
