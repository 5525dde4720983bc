"""A dry run: what another policy would have decided of assessments that were recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from investigations.assessments import Decision, Level, RiskAssessment, Stage
from investigations.policies.file import EVERYBODY, PolicyScope
from investigations.policy import Thresholds

MOST_EXAMPLES = 5  # of each change


@dataclass
class DecisionChange:
    """Assessments whose decision would be another: how many, of how many of them somebody later knew whether
    they were bad, by reason code, and some examples.
    """

    count: int = 0
    bad: int = 0
    honest: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)


@dataclass
class LenderChange:
    """Of a lender's assessments: how many there are, and how many would be decided otherwise."""

    assessments: int = 0
    changed: int = 0


class AnsweredLife(NamedTuple):
    """How somebody lived when they were answered: their groups, their own history in a word, and whether they
    are honest, as far as is known by now.
    """

    groups: frozenset[str]
    history: str
    honest: bool


class DecidedPerson(NamedTuple):
    """Somebody, by their latest assessment that counts: what was decided of it, and what would be."""

    life: AnsweredLife
    then: Decision
    now: Decision


class CountedPeople(NamedTuple):
    """Whose people are counted, and how they lived: those of whole answers that the `scope` covers. What was
    not whole goes to a person whatever a policy says.
    """

    scope: PolicyScope
    life_of: Callable[[RiskAssessment], AnsweredLife]


@dataclass
class DryRun:
    """What came of it: how many, of which lenders and products, decisions `then` and `now`, the changes by
    (then, now), how many by lender, and the `people` who are counted.
    """

    assessments: int = 0
    scopes: Counter[PolicyScope] = field(default_factory=Counter)
    then: Counter[Decision] = field(default_factory=Counter)
    now: Counter[Decision] = field(default_factory=Counter)
    changes: dict[tuple[Decision, Decision], DecisionChange] = field(default_factory=dict)
    lenders: dict[str, LenderChange] = field(default_factory=dict)
    people: dict[str, DecidedPerson] = field(default_factory=dict)


Decide = Callable[[RiskAssessment], Decision]
"""Another policy's decision of an assessment."""


def by_thresholds(thresholds: Thresholds, asked: Callable[[RiskAssessment], bool]) -> Decide:
    """The decision by other thresholds. Whatever else asked for a person still does: `asked` says so of a
    whole assessment, and need not look at what was approved, for there nothing did.
    """

    def decide(one: RiskAssessment) -> Decision:
        if one.level is not Level.FULL or one.probability is None:
            return Decision.REVIEW
        unasked = thresholds.decide(one.probability, asked=False)
        if unasked is not Decision.APPROVE or one.decision is Decision.APPROVE:
            return unasked
        return Decision.REVIEW if asked(one) else unasked

    return decide


def scope_of(one: RiskAssessment) -> PolicyScope | None:
    """Of which lender and product a recorded first scan of an application is; None: it is none."""
    application = one.audit.get("application")
    if one.stage is not Stage.APPLICATION or application is None:
        return None
    return PolicyScope(lender=application.get("platform_id"), product=application.get("product"))


def falls_under(scope: PolicyScope, one: RiskAssessment) -> bool:
    """Whether it is a whole first scan of an application that the scope covers."""
    whose = scope_of(one)
    return (
        whose is not None and scope.covers(whose) and one.level is Level.FULL and one.recorded_by is not None
    )


def dry_run(
    assessments: Iterable[RiskAssessment],
    decide: Decide,
    wanted: PolicyScope = EVERYBODY,
    bad: Mapping[str, bool] | None = None,
    counted: CountedPeople | None = None,
) -> DryRun:
    """Decide the `wanted` first scans of applications again, the oldest first. `bad`: whether an applicant is
    known to be bad, or good, by now; of others nothing is known.
    """
    found, known = DryRun(), bad or {}
    for one in assessments:
        scope = scope_of(one)
        if scope is None or not wanted.covers(scope):
            continue
        now = decide(one)
        lender = found.lenders.setdefault(str(scope.lender), LenderChange())
        lender.assessments += 1
        found.assessments += 1
        found.scopes[scope] += 1
        found.then[one.decision] += 1
        found.now[now] += 1
        if counted is not None and falls_under(counted.scope, one):
            found.people[one.applicant_id] = DecidedPerson(counted.life_of(one), one.decision, now)
        if now is one.decision:
            continue
        lender.changed += 1
        _count(found.changes.setdefault((one.decision, now), DecisionChange()), one, known)
    return found


def _count(change: DecisionChange, one: RiskAssessment, known: Mapping[str, bool]) -> None:
    change.count += 1
    reasons = orjson.loads(one.answer).get("reasons", ())
    change.codes.update(list(dict.fromkeys(reason["code"] for reason in reasons)))
    if one.applicant_id in known:
        change.bad += known[one.applicant_id]
        change.honest += not known[one.applicant_id]
    if len(change.examples) < MOST_EXAMPLES:
        change.examples.append(one.assessment_id)
