"""Looking at one subject through a view, as far down the ladder full -> no_model -> no_graph -> rules_only as time and what is up demand."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from graph import multi_lending, signals
from graph.errors import StoreError
from graph.evidence import Evidence, Subject, leave_out
from graph.multi_lending import MultiLending
from graph.signals import Reading
from graph.store import GraphView
from investigations.assessments import Degraded, Level
from investigations.network import Links
from investigations.policy import Findings
from investigations.rules import Known
from investigations.usual import Usual, of_made_worlds
from service.deadline import Stopwatch

if TYPE_CHECKING:
    from gnn.scorer import Scorer

log = logging.getLogger("ringfence.look")

MISSING: Mapping[Level, tuple[str, ...]] = MappingProxyType(
    {Level.FULL: (), Level.NO_MODEL: ("model",), Level.NO_GRAPH: ("model", "graph"), Level.RULES_ONLY: ("model", "graph", "history")}
)
OWN_APPLICATIONS = 64  # of the applicant's past, read without the graph


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was found, how complete it is, and the model's parts; `variables` is None where they could not be looked up."""

    findings: Findings
    degraded: Degraded
    variables: MultiLending | None = None
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def evidence(self) -> Evidence | None:
        """What was read of the graph."""
        return self.findings.reading.evidence if self.findings.reading else None

    @property
    def nobody(self) -> bool:
        """Whether it was looked for, and no fact at all names the subject or anything that the application names."""
        reading = self.findings.reading
        return reading is not None and _is_nothing_known(reading, self.variables)


def look(view: GraphView | None, subject: Subject, scorer: Scorer | None, watch: Stopwatch, at_most: Level = Level.FULL) -> Seen:
    """Look at `subject` before `view.as_of`. `view` is None when the store cannot be reached; a replay gives the level it had as `at_most`."""
    level, why = at_most, None
    if view is None:
        return _rules_only(subject, "store_unavailable")
    try:
        if level in (Level.FULL, Level.NO_MODEL):
            if watch.allows("neighbourhood", "signals"):
                return _with_graph(view, subject, scorer, watch, level)
            level, why = Level.NO_GRAPH, "deadline"
        if level is Level.NO_GRAPH and watch.allows("history"):
            return _own_past(view, subject, watch, why)
    except StoreError as error:
        log.warning("the store failed during an assessment: %s", error)
        return _rules_only(subject, "store_unavailable")
    return _rules_only(subject, "deadline")


def _with_graph(view: GraphView, subject: Subject, scorer: Scorer | None, watch: Stopwatch, level: Level) -> Seen:
    with watch.timing("neighbourhood"):
        evidence = leave_out(view.evidence_of(subject))
    with watch.timing("signals"):
        reading = signals.read(evidence)
        values = {signal.name: signal.value for signal in signals.measured(reading)}
        variables = multi_lending.compute(evidence, reading.entity)
    findings = Findings(
        level=Level.NO_MODEL, known=_known(evidence), reading=reading, signals=values, variables=variables.variables, usual=_usual(scorer)
    )
    if level is not Level.FULL:
        return _seen(findings, None, variables)
    if scorer is None:
        return _seen(findings, "no_model_loaded", variables)
    if not watch.allows("model"):
        return _seen(findings, "deadline", variables)
    try:
        with watch.timing("model"):
            scored = scorer.score(evidence, values, variables.variables)
    except Exception:  # whatever a model stumbles over, the caller gets an answer that says so
        log.exception("the model failed on %s", subject.node)
        return _seen(findings, "model_failed", variables)
    findings = replace(
        findings,
        level=Level.FULL,
        probability=scored.probability,
        uncertainty="high" if _is_nothing_known(reading, variables) else scored.uncertainty,
        contributions=scored.contributions,
        network=scored.network,
        links=Links(*scored.looked),
    )
    return _seen(findings, None, variables, {**scored.parts, "network_added": scored.network})


def _usual(scorer: Scorer | None) -> Usual:
    """What is usual where the model learned, or without one in made worlds; the card of an older model tells the upper end alone."""
    made = of_made_worlds()
    return Usual(high=scorer.typical, low=scorer.typical_low or made.low) if scorer else made


def _own_past(view: GraphView, subject: Subject, watch: Stopwatch, why: str | None) -> Seen:
    """What the applicant did before, without anybody else."""
    me = subject.applicant_id
    with watch.timing("history"):
        mine = view.applications_of([me], OWN_APPLICATIONS)[me]
        own = tuple(a for a in mine if subject.application is None or a.application_id != subject.application.application_id)
        known = Known(
            as_of=view.as_of,
            application=subject.application,
            own=own,
            outcomes=view.outcomes_of([a.application_id for a in own]),
            labels=view.labels_of([me])[me],
            membership=view.memberships_of([me]).get(me),
        )
    return _seen(Findings(level=Level.NO_GRAPH, known=known), why)


def _rules_only(subject: Subject, why: str) -> Seen:
    return _seen(Findings(level=Level.RULES_ONLY, known=Known(application=subject.application)), why)


def _is_nothing_known(reading: Reading, variables: MultiLending | None) -> bool:
    """No past, no judgement, no dealings, and nobody else at anything that is named; who is at a hub says nothing."""
    evidence, me = reading.evidence, reading.evidence.subject.applicant_id
    past = (evidence.own, evidence.labels.get(me), evidence.events, evidence.dealings, evidence.memberships.get(me), len(reading.selves) > 1)
    return (
        not any(past)
        and all(one.since is None and (one.hub or not one.holders) for one in reading.held)
        and (variables is None or variables.status == "no_record")
    )


def _seen(findings: Findings, why: str | None, variables: MultiLending | None = None, parts: Mapping[str, float] | None = None) -> Seen:
    degraded = Degraded(level=findings.level, missing=MISSING[findings.level], reason=why)
    return Seen(findings=findings, degraded=degraded, variables=variables, parts=parts or {})


def _known(evidence: Evidence) -> Known:
    me = evidence.subject.applicant_id
    return Known(
        as_of=evidence.as_of,
        application=evidence.subject.application,
        own=evidence.own,
        outcomes={a.application_id: evidence.outcomes.get(a.application_id, ()) for a in evidence.own},
        labels=evidence.labels[me],
        membership=evidence.memberships.get(me),
    )
