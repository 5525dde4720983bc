"""Rules that hold or not without any model, from the application, its applicant's own history and the ring
snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType

from graph.facts.fraud_labels import fraud_status
from graph.facts.loans import DEFAULTED
from graph.model.types import Application, Label, Membership, OutcomeStatus
from investigations.assessments import ReasonCode


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLimits:
    """From where on a rule holds: scores below `face` and `liveness`, `applications` own ones within the
    `week`, loans that came to `gone_bad`,
    `newcomers` within the hour at one thing, `times_usual` as many as are usual there.
    """

    face: float = 0.5
    liveness: float = 0.5
    applications: int = 4
    week: timedelta = timedelta(days=7)
    gone_bad: tuple[OutcomeStatus, ...] = tuple(sorted(DEFAULTED))
    newcomers: int = 3
    times_usual: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInputs:
    """The inputs of the rules; None where something was not looked up (then the rules about it do not fire).

    `applied_at`: when the applicant's other applications were made; `steps`: what each of them came to;
    `arrivals`: by thing (`device`, `contact`, `card`) how many others first came to one within the hour, and
    how many times the usual that is; without those to which nobody came.
    """

    as_of: datetime | None = None
    application: Application | None = None
    applied_at: tuple[datetime, ...] | None = None
    steps: tuple[tuple[OutcomeStatus, ...], ...] | None = None
    labels: tuple[Label, ...] | None = None
    membership: Membership | None = None
    arrivals: Mapping[str, tuple[float, float]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FiredRule:
    """A rule that holds: `severity` 0-1; `forces_review` whatever a model says; `value` what was measured,
    where that is a number.
    """

    code: ReasonCode
    severity: float
    forces_review: bool
    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: `holds` gives a value (or True) or None/False when it does not hold or cannot be known.

    `forces_review`: it asks for a person whatever a model says.
    """

    code: ReasonCode
    severity: float
    holds: Callable[[RuleInputs, RuleLimits], float | bool | None]
    forces_review: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOverride:
    """What a policy says of a rule; None leaves it as it is. `ignore`: it is not looked at."""

    review: bool | None = None
    severity: float | None = None
    ignore: bool | None = None

    def over(self, before: RuleOverride | None) -> RuleOverride:
        """The same, with what it leaves open as before."""
        if before is None:
            return self
        return RuleOverride(
            review=before.review if self.review is None else self.review,
            severity=before.severity if self.severity is None else self.severity,
            ignore=before.ignore if self.ignore is None else self.ignore,
        )


Overrides = tuple[tuple[str, RuleOverride], ...]
"""By the codes of rules, in their order."""


def _known_for_fraud(inputs: RuleInputs, _: RuleLimits) -> bool:
    return fraud_status(inputs.labels or ()).fraud


def _ring(inputs: RuleInputs, _: RuleLimits) -> float | None:
    membership = inputs.membership
    if membership is None or not membership.ring.kind.flagged:
        return None
    return float(membership.size)


def _bad_loans(inputs: RuleInputs, limits: RuleLimits) -> int | None:
    return sum(any(status in limits.gone_bad for status in steps) for steps in inputs.steps or ()) or None


def _week(inputs: RuleInputs, limits: RuleLimits) -> int | None:
    """Own earlier applications within the week, where they are many."""
    if inputs.as_of is None:
        return None
    applications = sum(at >= inputs.as_of - limits.week for at in inputs.applied_at or ())
    return applications if applications >= limits.applications else None


def _face(inputs: RuleInputs, limits: RuleLimits) -> float | None:
    result = inputs.application.face_match if inputs.application else None
    return result if result is not None and result < limits.face else None


def _liveness(inputs: RuleInputs, limits: RuleLimits) -> float | None:
    result = inputs.application.liveness if inputs.application else None
    return result if result is not None and result < limits.liveness else None


def _three_element(inputs: RuleInputs, _: RuleLimits) -> bool:
    return inputs.application is not None and inputs.application.phone_three_element is False


def _burst(thing: str, inputs: RuleInputs, limits: RuleLimits) -> float | None:
    """The newcomers of that thing where they are many, and many more than usual."""
    came, times_usual = (inputs.arrivals or {}).get(thing, (0.0, 0.0))
    return came if came >= limits.newcomers and times_usual >= limits.times_usual else None


def _code(code: str, dimension: str, text_en: str, text_zh: str) -> ReasonCode:
    return ReasonCode(code=code, dimension=dimension, text_en=text_en, text_zh=text_zh)


_RULES = (
    Rule(
        code=_code(
            "RULE_FRAUD_KNOWN", "behaviour", "A fraud by this applicant is known", "该申请人已有欺诈标记"
        ),
        severity=0.9,
        holds=_known_for_fraud,
        forces_review=True,
    ),
    Rule(
        code=_code(
            "RULE_RING_MEMBER",
            "ring",
            "The applicant belongs to a group that is taken for a fraud ring",
            "申请人属于疑似欺诈团伙",
        ),
        severity=0.7,
        holds=_ring,
        forces_review=True,
    ),
    *(
        Rule(
            code=_code(
                f"RULE_{thing.upper()}_BURST",
                dimension,
                f"Within an hour three or more others first came to {words}, far more than usual there",
                f"1小时内有三人以上首次使用{zh}，远超平时",
            ),
            severity=0.6,
            holds=partial(_burst, thing),
            forces_review=True,
        )
        for thing, dimension, words, zh in (
            ("device", "device", "this device", "该设备"),
            ("contact", "phone", "a contact's number", "联系人号码"),
            ("card", "ring", "this bank card", "该银行卡"),
        )
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
        code=_code(
            "RULE_FACE_MISMATCH", "verification", "The face does not match the document", "人脸比对未通过"
        ),
        severity=0.6,
        holds=_face,
    ),
    Rule(
        code=_code("RULE_LIVENESS_FAILED", "verification", "The liveness check failed", "活体检测未通过"),
        severity=0.6,
        holds=_liveness,
    ),
    Rule(
        code=_code(
            "RULE_THREE_ELEMENT_FAILED",
            "verification",
            "Name, national id and phone do not belong together",
            "手机三要素验证不一致",
        ),
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
_AS_IT_IS = RuleOverride()
RULES: Mapping[str, Rule] = MappingProxyType({rule.code.code: rule for rule in _RULES})

RING_LISTED = _code(
    "RULE_RING_LISTED",
    "ring",
    (
        "The last weekly search lists the applicant in a group that is taken for a fraud ring; its links "
        "are not among those looked at here"
    ),
    "最近一次周度团伙识别将申请人列入疑似欺诈团伙，相关关联不在本次查看范围内",
)
"""RULE_RING_MEMBER, where no link to another member was read."""
INCOMPLETE = _code(
    "INCOMPLETE_ASSESSMENT",
    "verification",
    "Not everything could be looked at: a person should",
    "评估信息不完整，需人工审核",
)


def fired(
    inputs: RuleInputs, limits: RuleLimits | None = None, overrides: Overrides = ()
) -> tuple[FiredRule, ...]:
    """The rules that hold, in the order of RULES, as a policy overrides them."""
    limits, changed = limits or RuleLimits(), dict(overrides)
    results = []
    for rule in RULES.values():
        override = changed.get(rule.code.code, _AS_IT_IS)
        value = None if override.ignore else rule.holds(inputs, limits)
        if value is not None and value is not False:  # a face that matched with 0 is a value like any other
            number = None if isinstance(value, bool) else float(value)
            forces = rule.forces_review if override.review is None else override.review
            severity = rule.severity if override.severity is None else override.severity
            results.append(FiredRule(code=rule.code, severity=severity, forces_review=forces, value=number))
    return tuple(results)
