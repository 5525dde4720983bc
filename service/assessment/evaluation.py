"""Looking at one subject through a view, as far down the ladder full -> no_model -> no_graph -> rules_only as time and what is up demand."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from graph.facts.deciding import APPLICATIONS
from graph.features.multi_lending import MultiLending
from graph.features.sight import Sight, see
from graph.frame.neighbourhood import NOBODY, Neighbourhood
from graph.frame.surroundings import surroundings
from graph.frame.view import FrameView
from graph.model.errors import FrameUnreadableError, StoreError
from graph.model.moments import moment
from graph.store.evidence import Subject
from graph.store.port import GraphView
from graph.store.tables import STATUSES
from investigations.assessments import Degraded, Level
from investigations.network import Links
from investigations.policy import Findings
from investigations.rules import Known
from investigations.usual import Usual, of_made_worlds
from service.assessment.deadline import Stopwatch

if TYPE_CHECKING:
    from gnn.scorer import Scorer

log = logging.getLogger("ringfence.look")

MISSING: Mapping[Level, tuple[str, ...]] = MappingProxyType(
    {Level.FULL: (), Level.NO_MODEL: ("model",), Level.NO_GRAPH: ("model", "graph"), Level.RULES_ONLY: ("model", "graph", "history")}
)
OWN_APPLICATIONS = APPLICATIONS  # of the applicant's past, with the graph and without it


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was found, how complete it is, and the model's parts; `sight` is None where the graph was not looked at, and so is `variables`."""

    findings: Findings
    degraded: Degraded
    sight: Sight | None = None
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def variables(self) -> MultiLending | None:
        """The multi-lending variables; None where they could not be looked up."""
        return self.sight.lending if self.sight else None

    @property
    def nobody(self) -> bool:
        """Whether it was looked for, and no fact at all names the subject or anything that the application names."""
        return self.sight is not None and self.sight.nobody


def look(view: GraphView | None, subject: Subject, scorer: Scorer | None, watch: Stopwatch, at_most: Level = Level.FULL) -> Seen:
    """Look at `subject` before `view.as_of`. `view` is None when the store cannot be reached; a replay gives the level it had as `at_most`.

    A frame that cannot be read any more is no reason for less: another view of the same is looked through.
    """
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
        if isinstance(view, FrameView) and view.otherwise is not None and isinstance(error, FrameUnreadableError):
            return look(view.otherwise(), subject, scorer, watch, at_most)
        log.warning("the store failed during an assessment: %s", error)
        return _rules_only(subject, "store_unavailable")
    return _rules_only(subject, "deadline")


def _with_graph(view: GraphView, subject: Subject, scorer: Scorer | None, watch: Stopwatch, level: Level) -> Seen:
    with watch.timing("neighbourhood"):
        n, names = surroundings(view, subject)
        known = _known_of(n, view, subject)
    with watch.timing("signals"):
        sight = see(n, names, subject)
    findings = Findings(
        level=Level.NO_MODEL, known=known, guide=sight.guide, signals=sight.signals, variables=sight.lending.variables, usual=_usual(scorer)
    )
    if level is not Level.FULL:
        return _seen(findings, None, sight)
    if scorer is None:
        return _seen(findings, "no_model_loaded", sight)
    if not watch.allows("model"):
        return _seen(findings, "deadline", sight)
    try:
        with watch.timing("model"):
            scored = scorer.score(n, sight.unjudged)
    except Exception:  # whatever a model stumbles over, the caller gets an answer that says so
        log.exception("the model failed on %s", subject.node)
        return _seen(findings, "model_failed", sight)
    findings = replace(
        findings,
        level=Level.FULL,
        probability=scored.probability,
        uncertainty="high" if sight.nobody else scored.uncertainty,
        contributions=scored.contributions,
        network=scored.network,
        links=Links(*scored.looked),
    )
    return _seen(findings, None, sight, {**scored.parts, "network_added": scored.network})


def _usual(scorer: Scorer | None) -> Usual:
    """What is usual where the model learned, or without one in made worlds; the card of an older model tells the upper end alone."""
    made = of_made_worlds()
    return Usual(high=scorer.typical, low=scorer.typical_low or made.low) if scorer else made


def _own_past(view: GraphView, subject: Subject, watch: Stopwatch, why: str | None) -> Seen:
    """What the applicant did before, without anybody else."""
    with watch.timing("history"):
        known = _known(view, subject)
    return _seen(Findings(level=Level.NO_GRAPH, known=known), why)


def _rules_only(subject: Subject, why: str) -> Seen:
    return _seen(Findings(level=Level.RULES_ONLY, known=Known(application=subject.application)), why)


def _known(view: GraphView, subject: Subject) -> Known:
    """What rules look at: the applicant's own past, the application in question left out."""
    me = subject.applicant_id
    mine = view.applications_of([me], OWN_APPLICATIONS)[me]
    own = tuple(a for a in mine if subject.application is None or a.application_id != subject.application.application_id)
    outcomes = view.outcomes_of([a.application_id for a in own])
    return Known(
        as_of=view.as_of,
        application=subject.application,
        made=tuple(a.applied_at for a in own),
        steps=tuple(tuple(o.status for o in steps) for steps in outcomes.values()),
        labels=view.labels_of([me])[me],
        membership=view.memberships_of([me]).get(me),
    )


def _known_of(n: Neighbourhood, view: GraphView, subject: Subject) -> Known:
    """`_known` from the neighbourhood; the view is asked for labels and a ring only where there are any."""
    me, subject_id = n.people[0], subject.applicant_id
    first = int(me["application"])
    own = n.applications[first : first + int(me["applications"])]
    begins, ends = own["outcome"].tolist(), (own["outcome"] + own["outcomes"]).tolist()
    statuses = n.outcomes["status"]
    return Known(
        as_of=view.as_of,
        application=subject.application,
        made=tuple(map(moment, own["at"].tolist())),
        steps=tuple(tuple(STATUSES[code] for code in statuses[b:e].tolist()) for b, e in zip(begins, ends, strict=True) if e > b),
        labels=view.labels_of([subject_id])[subject_id] if me["labels"] else (),
        membership=view.memberships_of([subject_id]).get(subject_id) if me["ring"] != NOBODY else None,
    )


def _seen(findings: Findings, why: str | None, sight: Sight | None = None, parts: Mapping[str, float] | None = None) -> Seen:
    degraded = Degraded(level=findings.level, missing=MISSING[findings.level], reason=why)
    return Seen(findings=findings, degraded=degraded, sight=sight, parts=parts or {})
