"""Rules: what is true or not without any model, read from the application itself, its applicant's own past and the ring verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from graph.facts.loans import DEFAULTED
from graph.facts.verdicts import standing
from graph.model import Application, Label, Membership, Outcome
from investigations.assessments import ReasonCode

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What rules look at; None where it was not looked up (then the rules about it are silent)."""

    as_of: datetime | None = None
    application: Application | None = None
    own: tuple[Application, ...] | None = None
    outcomes: Mapping[str, tuple[Outcome, ...]] | None = None
    labels: tuple[Label, ...] | None = None
    membership: Membership | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A rule that holds: `severity` 0-1; `forces_review` whatever a model says; `value` what was measured, where that is a number."""

    code: ReasonCode
    severity: float
    forces_review: bool
    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: `holds` gives a value (True counts as 1) or None/False when it does not hold or cannot be known."""

    code: ReasonCode
    severity: float
    holds: Callable[[Known], float | bool | None]
    forces_review: bool = False


def _fraud_known(known: Known) -> bool:
    return standing(known.labels or ()).fraud


def _ring(known: Known) -> float | None:
    membership = known.membership
    if membership is None or not membership.ring.kind.flagged:
        return None
    return float(membership.size)


def _bad_loans(known: Known) -> int:
    return sum(any(o.status in DEFAULTED for o in steps) for steps in (known.outcomes or {}).values())


def _week(known: Known) -> int | None:
    """Own earlier applications within seven days, from the fourth on."""
    if known.as_of is None:
        return None
    made = sum(a.applied_at >= known.as_of - _WEEK for a in known.own or ())
    return made if made >= 4 else None


def _below(column: str, limit: float) -> Callable[[Known], float | None]:
    def holds(known: Known) -> float | None:
        value: float | None = getattr(known.application, column, None)
        return value if value is not None and value < limit else None

    return holds


def _three_element(known: Known) -> bool:
    return known.application is not None and known.application.phone_three_element is False


def _code(code: str, dimension: str, text_en: str, text_zh: str) -> ReasonCode:
    return ReasonCode(code=code, dimension=dimension, text_en=text_en, text_zh=text_zh)


_RULES = (
    Rule(
        code=_code("RULE_FRAUD_KNOWN", "behaviour", "A fraud by this applicant is known", "该申请人已有欺诈标记"),
        severity=0.9,
        holds=_fraud_known,
        forces_review=True,
    ),
    Rule(
        code=_code("RULE_RING_MEMBER", "ring", "The applicant belongs to a group that is taken for a fraud ring", "申请人属于疑似欺诈团伙"),
        severity=0.7,
        holds=_ring,
        forces_review=True,
    ),
    Rule(
        code=_code(
            "RULE_LOAN_GONE_BAD",
            "behaviour",
            "An earlier loan of this applicant is 90 days overdue or written off",
            "该申请人有历史贷款逾期90天以上或核销",
        ),
        severity=0.7,
        holds=_bad_loans,
    ),
    Rule(
        code=_code("RULE_FACE_MISMATCH", "verification", "The face does not match the document", "人脸比对未通过"),
        severity=0.6,
        holds=_below("face_match", 0.5),
    ),
    Rule(
        code=_code("RULE_LIVENESS_FAILED", "verification", "The liveness check failed", "活体检测未通过"),
        severity=0.6,
        holds=_below("liveness", 0.5),
    ),
    Rule(
        code=_code("RULE_THREE_ELEMENT_FAILED", "verification", "Name, national id and phone do not belong together", "手机三要素验证不一致"),
        severity=0.4,
        holds=_three_element,
    ),
    Rule(
        code=_code(
            "RULE_MANY_APPLICATIONS_7D",
            "multi_lending",
            "Four or more applications by this applicant in 7 days",
            "该申请人7天内申请4次及以上",
        ),
        severity=0.4,
        holds=_week,
    ),
)
RULES: Mapping[str, Rule] = MappingProxyType({rule.code.code: rule for rule in _RULES})

INCOMPLETE = _code("INCOMPLETE_ASSESSMENT", "verification", "Not everything could be looked at: a person should", "评估信息不完整，需人工审核")


def fired(known: Known) -> tuple[Fired, ...]:
    """The rules that hold, in the order of RULES."""
    found = []
    for rule in RULES.values():
        value = rule.holds(known)
        if value:
            number = None if isinstance(value, bool) else float(value)
            found.append(Fired(code=rule.code, severity=rule.severity, forces_review=rule.forces_review, value=number))
    return tuple(found)
