"""Whatever a policy makes of the rules, an answer comes, and a rule that asks for a person is its first
reason; where no model decided, all that fired are told, and a graver one may stand before it.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from graph.features.signals.catalogue import SIGNALS
from investigations.assessments import Decision, Level
from investigations.policies.fields import ALWAYS, SECTIONS
from investigations.policy import Policy, Thresholds
from investigations.reasons import ReasonChoice
from investigations.reference_ranges import ReferenceRanges
from investigations.rules import RULES, RuleInputs, RuleLimits, RuleOverride
from tests.investigations.test_policy import NOW, findings
from tests.support.small_worlds import applies, fraud

USUAL = ReferenceRanges(high=dict.fromkeys(SIGNALS, 1.0), low=dict.fromkeys(SIGNALS, 0.9))
SHARES = st.floats(0, 1)
OVERRIDES = st.dictionaries(
    st.sampled_from(sorted(RULES.keys() - ALWAYS)),
    st.builds(
        RuleOverride,
        review=st.none() | st.booleans(),
        severity=st.none() | st.just(0) | SHARES,
        ignore=st.none() | st.booleans(),
    ),
)
_REASONS = SECTIONS["reasons"]
CHOICES = st.builds(
    ReasonChoice,
    **{
        name: st.integers(int(one.low), int(one.high)) if one.whole else st.floats(one.low, one.high)
        for name, one in _REASONS.items()
    },
)
INPUTS = st.builds(
    lambda face, three, applied, arrivals, known: RuleInputs(
        as_of=NOW,
        application=applies("p", 1, face_match=face, phone_three_element=three),
        applied_at=(NOW,) * applied,
        arrivals=arrivals,
        labels=(fraud("p@1", 1),) if known else (),
    ),
    st.none() | SHARES,
    st.none() | st.booleans(),
    st.integers(0, 8),
    st.dictionaries(
        st.sampled_from(["device", "contact", "card"]), st.tuples(st.floats(1, 9), st.floats(1, 9))
    ),
    st.booleans(),
)


@given(
    overrides=OVERRIDES,
    choice=CHOICES,
    inputs=INPUTS,
    level=st.sampled_from(Level),
    signals=st.dictionaries(st.sampled_from(sorted(SIGNALS)), st.floats(0, 50), max_size=8),
    weights=st.dictionaries(st.sampled_from(sorted(SIGNALS)), st.floats(0, 5), max_size=8),
)
def test_a_rule_that_asks_for_a_person_is_the_first_reason_of_whatever_severity(
    overrides: dict[str, RuleOverride],
    choice: ReasonChoice,
    inputs: RuleInputs,
    level: Level,
    signals: dict[str, float],
    weights: dict[str, float],
) -> None:
    policy = Policy(reason_choice=choice, overrides=tuple(sorted(overrides.items(), key=lambda one: one[0])))
    whole: dict[str, Any] = {"probability": 0.01 if level is Level.FULL else None}
    found = findings(
        level=level, rule_inputs=inputs, signals=signals, contributions=weights, reference=USUAL, **whole
    )
    concluded = policy.conclude(found)
    fired = policy.fired(found)
    asking = {one.code.code for one in fired if one.forces_review}
    shares = [one.contribution for one in concluded.reasons]
    assert shares == sorted(shares, reverse=True)
    assert all(0 <= share <= 1 for share in shares)
    if asking:
        assert concluded.decision is Decision.REVIEW
        graver = set() if level is Level.FULL else {one.code.code for one in fired}
        assert concluded.reasons[0].code.code in asking | graver


def test_a_rule_of_no_severity_asks_and_leaves_the_score_to_the_model() -> None:
    silent = (("RULE_FACE_MISMATCH", RuleOverride(review=True, severity=0)),)
    policy = Policy(Thresholds(review=0.5), RuleLimits(face=0.9), overrides=silent)
    known = RuleInputs(as_of=NOW, application=applies("p", 1, face_match=0.4))
    concluded = policy.conclude(findings(rule_inputs=known))
    assert (concluded.decision, concluded.score) == (Decision.REVIEW, policy.scale.of(0.01))
    assert [(one.code.code, one.contribution) for one in concluded.reasons] == [("RULE_FACE_MISMATCH", 1.0)]
