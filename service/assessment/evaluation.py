"""Evaluates one subject through a view, degrading full -> no_model -> no_graph -> rules_only as time and
availability require.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from graph.facts.decisive import APPLICATIONS
from graph.facts.tables import STATUSES
from graph.features.lending.multi_lending import MultiLending
from graph.features.lending_request import NOTHING, Requested, compute_requested
from graph.features.read_neighbourhood import read_neighbourhood
from graph.features.signals.bursts import BURST_AT
from graph.features.subject_features import SubjectFeatures, compute_features
from graph.frame.neighbourhood import NOBODY, Neighbourhood
from graph.frame.node_names import NodeNames
from graph.frame.views.view import FrameView
from graph.model.errors import FrameUnreadableError, StoreError
from graph.model.moments import moment
from graph.store.evidence import Subject
from graph.store.port import GraphView
from investigations.assessments import Degraded, Level
from investigations.network import NetworkLinks
from investigations.policy import Findings
from investigations.reference_ranges import ReferenceRanges, from_simulated_worlds
from investigations.rules import RuleInputs
from service.assessment.deadline import Stopwatch

if TYPE_CHECKING:
    from gnn.scoring.scorer import Scorer

log = logging.getLogger("ringfence.risk")

MISSING: Mapping[Level, tuple[str, ...]] = MappingProxyType(
    {
        Level.FULL: (),
        Level.NO_MODEL: ("model",),
        Level.NO_GRAPH: ("model", "graph"),
        Level.RULES_ONLY: ("model", "graph", "history"),
    }
)
OWN_APPLICATIONS = APPLICATIONS  # of the applicant's past, with the graph and without it
AWAY = "store_unavailable"  # why less was looked at, where the store does not answer


@dataclass(frozen=True, slots=True)
class Effort:
    """What an evaluation may use: a model, time, and `at_most` the level that a replayed answer had; `wanted`
    are variables beyond those of every answer.
    """

    scorer: Scorer | None
    watch: Stopwatch = field(default_factory=Stopwatch.unhurried)
    at_most: Level = Level.FULL
    wanted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Findings, degraded level and the model's parts; `features` and `variables` are None where the graph was
    not read. `wanted` are the variables that the request names beyond those of every answer, `requested` what
    they are.
    """

    findings: Findings
    degraded: Degraded
    features: SubjectFeatures | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    wanted: tuple[str, ...] = ()
    requested: Requested = NOTHING

    @property
    def variables(self) -> MultiLending | None:
        """The multi-lending variables, those wanted among them; None where they could not be looked up."""
        if self.features is None or not self.wanted:
            return self.features.lending if self.features else None
        standard, more = self.features.lending, self.requested
        found = standard.status == "found" or any(value is not None for value in more.variables.values())
        return MultiLending(
            "found" if found else "no_record",
            {**standard.variables, **more.variables},
            {**standard.left_out, **more.left_out},
        )

    @property
    def ring_id(self) -> str | None:
        """The ring that the subject is a member of."""
        membership = self.findings.rule_inputs.membership
        return membership.ring.ring_id if membership else None

    @property
    def nobody(self) -> bool:
        """Whether it was looked for, and no fact at all names the subject or anything that the application
        names.
        """
        return self.features is not None and self.features.nobody


def evaluate(view: GraphView | None, subject: Subject, effort: Effort) -> Evaluation:
    """Look at `subject` before `view.as_of`. `view` is None when the store cannot be reached.

    A frame that cannot be read any more is no reason for less: another view of the same is looked through.
    """
    evaluation, wanted = _evaluate(view, subject, effort), effort.wanted
    if wanted and view is not None and evaluation.features is not None:
        try:
            with effort.watch.timing("signals"):
                evaluation = replace(
                    evaluation, requested=_requested(view, subject, evaluation.features, wanted)
                )
        except StoreError as error:
            log.warning("the store failed during an assessment: %s", error)
            evaluation = _rules_only(subject, AWAY)
    return replace(evaluation, wanted=wanted) if wanted else evaluation


def _requested(
    view: GraphView, subject: Subject, features: SubjectFeatures, wanted: tuple[str, ...]
) -> Requested:
    """The variables wanted; beside a frame that cannot be read any more, through another view of the same."""
    try:
        return compute_requested(view, subject, features, wanted)
    except FrameUnreadableError:
        if not isinstance(view, FrameView) or view.otherwise is None:
            raise
        return compute_requested(view.otherwise(), subject, features, wanted)


def _evaluate(view: GraphView | None, subject: Subject, effort: Effort) -> Evaluation:
    level, why, watch = effort.at_most, None, effort.watch
    if view is None:
        return _rules_only(subject, AWAY)
    try:
        if level in (Level.FULL, Level.NO_MODEL):
            if watch.allows("neighbourhood", "signals"):
                with watch.timing("neighbourhood"):
                    seen = read_neighbourhood(view, subject)
                return evaluate_neighbourhood(seen, view, subject, effort)
            level, why = Level.NO_GRAPH, "deadline"
        if level is Level.NO_GRAPH and watch.allows("history"):
            return _own_past(view, subject, watch, why)
    except StoreError as error:
        if (
            isinstance(view, FrameView)
            and view.otherwise is not None
            and isinstance(error, FrameUnreadableError)
        ):
            return _evaluate(view.otherwise(), subject, effort)
        log.warning("the store failed during an assessment: %s", error)
        return _rules_only(subject, AWAY)
    return _rules_only(subject, "deadline")


def evaluate_neighbourhood(
    seen: tuple[Neighbourhood, NodeNames], view: GraphView, subject: Subject, effort: Effort
) -> Evaluation:
    """Evaluate what was `seen` of a subject; the view tells its own labels and ring."""
    (n, names), scorer, watch = seen, effort.scorer, effort.watch
    with watch.timing("neighbourhood"):
        known = _rule_inputs_of(n, view, subject)
    with watch.timing("signals"):
        features = compute_features(n, names, subject)
    findings = Findings(
        level=Level.NO_MODEL,
        rule_inputs=replace(known, arrivals=arrivals(features.signals)),
        paths=features.paths,
        signals=features.signals,
        variables=features.lending.variables,
        reference=_reference(scorer),
    )
    if effort.at_most is not Level.FULL:
        return _evaluation(findings, None, features)
    if scorer is None:
        return _evaluation(findings, "no_model_loaded", features)
    if not watch.allows("model"):
        return _evaluation(findings, "deadline", features)
    try:
        with watch.timing("model"):
            scored = scorer.score(n, features.unjudged)
    except Exception:  # whatever goes wrong in a model, the caller gets a degraded answer
        log.exception("the model failed on %s", subject.node)
        return _evaluation(findings, "model_failed", features)
    findings = replace(
        findings,
        level=Level.FULL,
        probability=scored.probability,
        uncertainty="high" if features.nobody else scored.uncertainty,
        contributions=scored.contributions,
        network=scored.network,
        links=NetworkLinks(*scored.occlusion),
    )
    return _evaluation(findings, None, features, {**scored.parts, "network_added": scored.network})


def arrivals(signals: Mapping[str, float | None]) -> dict[str, tuple[float, float]]:
    """How many others first came to what the application names within the hour, and how many times the usual
    that is, by thing.
    """
    measured = {name: (signals[f"{name}_newcomers_1h"], signals[f"{name}_burst"]) for name in BURST_AT}
    return {
        name: (came, usual)
        for name, (came, usual) in measured.items()
        if came is not None and usual is not None
    }


def _reference(scorer: Scorer | None) -> ReferenceRanges:
    """What is usual where the model learned, or without one in made worlds; the card of an older model tells
    the upper end alone.
    """
    created = from_simulated_worlds()
    return ReferenceRanges(high=scorer.typical, low=scorer.typical_low or created.low) if scorer else created


def _own_past(view: GraphView, subject: Subject, watch: Stopwatch, why: str | None) -> Evaluation:
    """What the applicant did before, without anybody else."""
    with watch.timing("history"):
        known = rule_inputs(view, subject)
    return _evaluation(Findings(level=Level.NO_GRAPH, rule_inputs=known), why)


def _rules_only(subject: Subject, why: str) -> Evaluation:
    return _evaluation(
        Findings(level=Level.RULES_ONLY, rule_inputs=RuleInputs(application=subject.application)), why
    )


def rule_inputs(view: GraphView, subject: Subject) -> RuleInputs:
    """The inputs of the rules: the applicant's own history without the application in question."""
    me = subject.applicant_id
    mine = view.applications_of([me], OWN_APPLICATIONS)[me]
    own = tuple(
        a
        for a in mine
        if subject.application is None or a.application_id != subject.application.application_id
    )
    outcomes = view.outcomes_of([a.application_id for a in own])
    return RuleInputs(
        as_of=view.as_of,
        application=subject.application,
        applied_at=tuple(a.applied_at for a in own),
        steps=tuple(tuple(o.status for o in steps) for steps in outcomes.values()),
        labels=view.labels_of([me])[me],
        membership=view.memberships_of([me]).get(me),
    )


def _rule_inputs_of(n: Neighbourhood, view: GraphView, subject: Subject) -> RuleInputs:
    """`rule_inputs` from the neighbourhood; the view is asked for labels and a ring only where there are
    any.
    """
    me, subject_id = n.people[0], subject.applicant_id
    first = int(me["application"])
    own = n.applications[first : first + int(me["applications"])]
    begins, ends = own["outcome"].tolist(), (own["outcome"] + own["outcomes"]).tolist()
    statuses = n.outcomes["status"]
    return RuleInputs(
        as_of=view.as_of,
        application=subject.application,
        applied_at=tuple(map(moment, own["at"].tolist())),
        steps=tuple(
            tuple(STATUSES[code] for code in statuses[b:e].tolist())
            for b, e in zip(begins, ends, strict=True)
            if e > b
        ),
        labels=view.labels_of([subject_id])[subject_id] if me["labels"] else (),
        membership=view.memberships_of([subject_id]).get(subject_id) if me["ring"] != NOBODY else None,
    )


def _evaluation(
    findings: Findings,
    why: str | None,
    features: SubjectFeatures | None = None,
    parts: Mapping[str, float] | None = None,
) -> Evaluation:
    degraded = Degraded(level=findings.level, missing=MISSING[findings.level], reason=why)
    return Evaluation(findings=findings, degraded=degraded, features=features, parts=parts or {})
