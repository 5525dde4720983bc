"""Builds the answer from an evaluation and a conclusion: the fields of docs/risk_api.md, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any, cast
from urllib.parse import quote_plus

import orjson

from graph.features.changes import EarlierNeighbourhood, new_holders, new_of_the_person
from graph.features.lending.multi_lending import NAMES
from graph.features.subject_features import SubjectFeatures
from graph.model.types import IdentifierKind, Membership
from graph.store.evidence import Subject
from investigations.assessments import Conclusion, Degraded, ModelUsed, Reason, RiskAssessment, Stage
from service.assessment.answers.answer import (
    AssessmentChanges,
    AssessmentDegraded,
    AssessmentModel,
    AssessmentMultiLending,
    AssessmentNewOfPerson,
    AssessmentReason,
    AssessmentRing,
    AssessmentRingChanges,
    AssessmentSubgraph,
)
from service.assessment.evaluation import Evaluation

# What differs between an answer and its replay by nature; everything else must be equal.
OF_THE_REQUEST = ("request_id", "assessment_id", "idempotent_replay", "ignored", "timings_ms")
_FAILED: Mapping[str, None] = dict.fromkeys(NAMES)


class ResponseBuilder:
    """Writes answers in one time zone; `desk` is the address of the desk's page."""

    def __init__(self, zone: tzinfo, desk: str) -> None:
        self._zone = zone
        self._desk = desk

    def findings(
        self, stage: Stage, subject: Subject, as_of: datetime, evaluation: Evaluation, concluded: Conclusion
    ) -> dict[str, Any]:
        """The part of an answer that a replay must give again."""
        return {
            "application_id": subject.application.application_id if subject.application else None,
            "stage": stage.value,
            "as_of": self.time(as_of),
            "decision": concluded.decision.value,
            "score": concluded.score,
            "probability": concluded.probability,
            "uncertainty": concluded.uncertainty,
            "policy_version": concluded.policy_version,
            "models": [],
            "degraded": self._degraded(evaluation.degraded),
            "reasons": [self._reason(reason) for reason in concluded.reasons],
            "dimensions": dict(concluded.dimensions),
            "multi_lending": _multi_lending(evaluation),
            "ring": self._ring(evaluation.findings.rule_inputs.membership, evaluation),
            "subgraph": self._subgraph(evaluation.features, subject, as_of),
            "changes_since": None,
        }

    def time(self, moment: datetime | None) -> str | None:
        """ISO-8601 to the microsecond, with the zone's offset."""
        return (
            moment.astimezone(self._zone).isoformat(timespec="microseconds") if moment is not None else None
        )

    def changes(
        self,
        earlier: RiskAssessment,
        concluded: Conclusion,
        evaluation: Evaluation,
        before: EarlierNeighbourhood | None,
    ) -> AssessmentChanges:
        """What is new since an earlier assessment, which could see `before`: what happened since and what was
        reported since, however old.

        Counts are None where the graph was not looked at, now or as it was then.
        """
        features, membership = (
            evaluation.features if before is not None else None,
            evaluation.findings.rule_inputs.membership,
        )
        return {
            "assessment_id": earlier.assessment_id,
            "as_of": self.time(earlier.as_of),
            "decision_then": earlier.decision,
            "decision_now": concluded.decision,
            "decision_changed": earlier.decision is not concluded.decision,
            "score_change": None
            if concluded.score is None or earlier.score is None
            else concluded.score - earlier.score,
            "person": cast(AssessmentNewOfPerson, new_of_the_person(features, before))
            if features and before
            else None,
            "device": {"new_holders": new_holders(features, before, IdentifierKind.DEVICE)}
            if features and before
            else None,
            "phone": {"new_holders": new_holders(features, before, IdentifierKind.PHONE)}
            if features and before
            else None,
            "ring": _ring_changes(earlier, membership),
        }

    def _degraded(self, degraded: Degraded) -> AssessmentDegraded:
        return {"level": degraded.level, "missing": list(degraded.missing), "reason": degraded.reason}

    def _reason(self, reason: Reason) -> AssessmentReason:
        return {
            "rank": reason.rank,
            "code": reason.code.code,
            "text_en": reason.code.text_en,
            "text_zh": reason.code.text_zh,
            "contribution": reason.contribution,
            "value": reason.value,
            "typical_p95": reason.typical_p95,
            "typical_p05": reason.typical_p05,
            "evidence": [
                {"path": path["path"], "shared_since": self.time(path["shared_since"])}
                for path in reason.evidence
            ],
        }

    def _ring(self, membership: Membership | None, evaluation: Evaluation) -> AssessmentRing | None:
        if membership is None:
            return None
        ring, member = membership.ring, membership.member
        distance = evaluation.findings.signals.get("bad_distance")
        return {
            "ring_id": ring.ring_id,
            "snapshot": membership.snapshot,
            "kind": ring.kind,
            "state": ring.state,
            "size": membership.size,
            "role": member.role,
            "confirmed_bad": ring.confirmed_bad,
            "suspected": ring.suspected,
            "bad_rate": ring.bad_rate,
            "distance_to_bad": None if distance is None else int(distance),
            "distance_to_core": member.distance_to_core,
            "shared_by_kind": dict(ring.shared_by_kind),
            "first_seen": self.time(ring.first_seen),
            "hubs_ignored": ring.hubs_ignored,
        }

    def _subgraph(
        self, features: SubjectFeatures | None, subject: Subject, as_of: datetime
    ) -> AssessmentSubgraph:
        node, time = quote_plus(subject.node), quote_plus(str(self.time(as_of)))
        url = f"{self._desk}?node={node}&as_of={time}"
        if features is None:
            return {"nodes": None, "edges": None, "truncated": None, "url": url}
        return {"nodes": features.nodes, "edges": features.edges, "truncated": features.truncated, "url": url}


def models(used: ModelUsed | None) -> list[AssessmentModel]:
    """The models that scored: none or one."""
    return [{"name": used.name, "version": used.version, "trained_as_of": used.trained_as_of}] if used else []


def _multi_lending(evaluation: Evaluation) -> AssessmentMultiLending:
    if evaluation.variables is None:
        return {"status": "failed", "variables": {**_FAILED, **dict.fromkeys(evaluation.wanted)}}
    result = evaluation.variables
    summary: AssessmentMultiLending = {"status": result.status, "variables": dict(result.variables)}
    if result.left_out:
        summary["left_out"] = dict(result.left_out)
    return summary


def _ring_changes(earlier: RiskAssessment, membership: Membership | None) -> AssessmentRingChanges:
    """Whether it is another ring, by how much it grew, and how many more of its members are confirmed bad; no
    ring is one of nobody.
    """
    then = orjson.loads(earlier.answer)["ring"] or {"size": 0, "confirmed_bad": 0}
    size, confirmed = (membership.size, membership.ring.confirmed_bad) if membership else (0, 0)
    now = membership.ring.ring_id if membership else None
    return {
        "ring_id_then": earlier.ring_id,
        "ring_id_now": now,
        "changed": earlier.ring_id != now,
        "new_members": size - then["size"],
        "new_confirmed_bad": confirmed - then["confirmed_bad"],
    }
