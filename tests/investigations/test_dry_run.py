"""Before thresholds are changed a dry run says what they would have decided, and who was right."""

from __future__ import annotations

from typing import Any

import orjson

from investigations.assessments import Decision, Level, RiskAssessment, Stage
from investigations.dry_run import by_thresholds, dry_run
from investigations.policies.file import PolicyScope
from investigations.policy import Thresholds
from tests.support.casebooks import assessment
from tests.support.small_worlds import day

STRICT = Thresholds(review=0.05, decline=0.3, approve=0.2)


def nobody(one: RiskAssessment) -> bool:
    """No rule asked for a person."""
    return False


def recorded(
    number: int, probability: float | None, decision: Decision, *codes: str, **more: Any
) -> RiskAssessment:
    reported: dict[str, Any] = {
        "as_of": day(number),
        "applicant_id": f"p{number}",
        "probability": probability,
        "decision": decision,
        "answer": orjson.dumps({"reasons": [{"code": code} for code in codes]}),
        "audit": {"application": {"platform_id": "L1", "product": "cash"}, "signals": {}},
    }
    return assessment(number, **(reported | more))


def test_what_would_be_decided_otherwise_is_counted_by_change_and_reason() -> None:
    found = dry_run(
        [
            recorded(1, 0.01, Decision.APPROVE),
            recorded(2, 0.08, Decision.APPROVE, "DEVICE_SHARED"),
            recorded(3, 0.5, Decision.REVIEW, "DEVICE_SHARED"),
            recorded(4, 0.5, Decision.REVIEW, "CARD_SHARED"),
        ],
        by_thresholds(STRICT, nobody),
        bad={"p3": True, "p4": False},
    )
    assert found.assessments == 4
    assert found.now == {Decision.APPROVE: 1, Decision.REVIEW: 1, Decision.DECLINE: 2}
    declined = found.changes[Decision.REVIEW, Decision.DECLINE]
    assert (declined.count, declined.bad, declined.honest) == (2, 1, 1)
    assert declined.codes == {"DEVICE_SHARED": 1, "CARD_SHARED": 1}
    assert found.changes[Decision.APPROVE, Decision.REVIEW].examples == ["A-2"]


def test_what_a_rule_asked_about_and_what_was_not_whole_stay_in_review() -> None:
    lenient = Thresholds(review=0.9, decline=0.95, approve=0.9)
    found = dry_run(
        [
            recorded(1, 0.01, Decision.REVIEW),
            recorded(2, 0.01, Decision.REVIEW, level=Level.NO_MODEL),
            recorded(3, None, Decision.REVIEW),
            recorded(4, 0.3, Decision.REVIEW),
        ],
        by_thresholds(lenient, lambda one: one.applicant_id == "p1"),
    )
    assert found.now == {Decision.REVIEW: 3, Decision.APPROVE: 1}


def test_second_scans_and_other_lenders_and_products_are_left_out() -> None:
    rows = [
        recorded(1, 0.5, Decision.REVIEW),
        recorded(2, 0.5, Decision.REVIEW, stage=Stage.DISBURSEMENT),
        recorded(3, 0.5, Decision.REVIEW, audit={"application": {"platform_id": "L2", "product": "cash"}}),
        recorded(4, 0.5, Decision.REVIEW, audit={"application": None}),
    ]
    strict = by_thresholds(STRICT, nobody)
    assert dry_run(rows, strict).assessments == 2
    assert dry_run(rows, strict, PolicyScope(lender="L2", product="cash")).assessments == 1
    assert dry_run(rows, strict, PolicyScope(product="card")).assessments == 0
