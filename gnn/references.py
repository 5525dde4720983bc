"""The honest rival: plain past-only counts on shared identifiers, as any tabular model would have them."""

from __future__ import annotations

from datetime import datetime, timedelta

from graph.evidence import Evidence
from graph.facts.verdicts import standing
from graph.features.counts import NAMES

_DAY = timedelta(days=1)


def counts(evidence: Evidence) -> tuple[float | None, ...]:
    """The rival's row, in the order of NAMES: for each kind the subject's values, their most holders, new and known-bad ones among them."""
    graph, me = evidence.graph, evidence.subject.node
    bad = {who for who, labels in evidence.labels.items() if standing(labels).fraud}
    row: dict[str, float | None] = dict.fromkeys(NAMES, 0.0)
    sharers: set[str] = set()
    for node in graph.adj[me]:
        data = graph.nodes[node]
        if data["type"] == "applicant":
            continue
        others = {other: link for other, link in graph.adj[node].items() if other != me}
        sharers |= others.keys()
        fresh = sum(_within(evidence.as_of, link["since"], 30) for link in others.values())
        _count(row, data["type"], (data["holders"], fresh, sum(o.partition(":")[2] in bad for o in others)))
    row |= _own(evidence, bad)
    row["sharers"] = float(len(sharers))
    row["sharers_known_fraud"] = float(sum(o.partition(":")[2] in bad for o in sharers))
    return tuple(row[name] for name in NAMES)


def _count(row: dict[str, float | None], kind: str, found: tuple[float, float, float]) -> None:
    row[f"{kind}_values"] = (row[f"{kind}_values"] or 0.0) + 1
    for name, value in zip(("holders", "holders_30d", "known_fraud"), found):
        row[f"{kind}_{name}"] = max(row[f"{kind}_{name}"] or 0.0, float(value))


def _own(evidence: Evidence, bad: set[str]) -> dict[str, float | None]:
    own, asked = evidence.own, evidence.subject.application
    return {
        "own_applications": float(len(own)),
        "own_applications_7d": float(sum(_within(evidence.as_of, a.applied_at, 7) for a in own)),
        "own_applications_30d": float(sum(_within(evidence.as_of, a.applied_at, 30) for a in own)),
        "own_lenders": float(len({a.platform_id for a in own})),
        "own_known_fraud": float(evidence.subject.applicant_id in bad),
        "transfers_sent": float(sum(e.counterparty_id is not None for e in evidence.events)),
        "transfers_received": float(len(evidence.received)),
        "amount": asked.amount if asked else None,
        "term_months": asked.term_months if asked else None,
        "face_match": asked.face_match if asked else None,
        "liveness": asked.liveness if asked else None,
        "age": float(asked.applied_at.year - asked.birth_year) if asked and asked.birth_year else None,
    }


def _within(now: datetime, moment: datetime | None, days: int) -> bool:
    return moment is not None and (now - moment) / _DAY < days
