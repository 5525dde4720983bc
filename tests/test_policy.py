"""The policy: grave findings are seen by a person, what was not seen whole is never approved, and every reason can be looked up."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph import multi_lending
from graph.errors import SettingError
from graph.model import LabelValue, Membership, Ring, RingKind, RingMember
from graph.signals import SIGNALS
from investigations import rules
from investigations.assessments import Decision, Level
from investigations.policy import DIMENSIONS, Findings, Policy, Thresholds, score_of
from investigations.reasons import NETWORK, masked_node
from investigations.rules import Known
from tests.small_worlds import applies, fraud

DOCS = Path(__file__).parent.parent / "docs"
NOW = datetime(2025, 3, 1, tzinfo=UTC)
NAMES = [*SIGNALS, *multi_lending.NAMES[:40]]


def in_ring(kind: RingKind) -> Membership:
    member = RingMember(applicant_id="p", role="core", joined_at=NOW, distance_to_core=0, strength=1.0)
    ring = Ring(
        ring_id="R-1", kind=kind, score=0.9, state="growing", first_seen=NOW, last_seen=NOW, confirmed_bad=1, suspected=3, bad_rate=0.2, exposure=0.0,
        shared_by_kind={}, hubs_ignored=0, density=1.0, burst_days=1.0, platforms=2, reason_codes=(), members=(),
    )  # fmt: skip
    return Membership("2025-W09", ring, 7, member)


def findings(**changes: object) -> Findings:
    told: dict[str, object] = {"level": Level.FULL, "known": Known(as_of=NOW), "probability": 0.01, "uncertainty": "low"}
    return Findings(**(told | changes))


@given(
    level=st.sampled_from([Level.NO_MODEL, Level.NO_GRAPH, Level.RULES_ONLY]),
    signals=st.dictionaries(st.sampled_from(NAMES), st.one_of(st.none(), st.floats(0, 100)), max_size=12),
    face=st.one_of(st.none(), st.floats(0, 1)),
    liveness=st.one_of(st.none(), st.floats(0, 1)),
)
def test_whatever_was_found_an_incomplete_assessment_is_never_approved_and_says_why(level, signals, face, liveness) -> None:
    known = Known(as_of=NOW, application=applies("p", 1, face_match=face, liveness=liveness))
    concluded = Policy().conclude(findings(level=level, known=known, signals=signals, probability=None, typical=dict.fromkeys(NAMES, 1.0)))
    assert concluded.decision is Decision.REVIEW
    assert concluded.probability is None
    assert concluded.uncertainty == "high"
    assert 1 <= len(concluded.reasons) <= 4
    assert 0 <= concluded.score <= 1000


@given(
    weights=st.dictionaries(st.sampled_from(NAMES), st.floats(-5, 5), max_size=30),
    values=st.dictionaries(st.sampled_from(NAMES), st.one_of(st.none(), st.floats(0, 50)), max_size=30),
)
def test_reasons_are_at_most_four_ranked_and_only_of_what_was_measured(weights, values) -> None:
    concluded = Policy().conclude(findings(contributions=weights, signals=values))
    assert [r.rank for r in concluded.reasons] == list(range(1, len(concluded.reasons) + 1))
    assert len(concluded.reasons) <= 4
    shares = [r.contribution for r in concluded.reasons]
    assert shares == sorted(shares, reverse=True)
    for reason in concluded.reasons:
        assert reason.value is not None
        assert reason.value > 0 or SIGNALS[reason.code.code.lower()].direction == "down"
        assert reason.code.text_en != reason.code.text_zh
        assert reason.code.dimension in DIMENSIONS


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_probability_never_gets_a_lower_score(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= score_of(low) <= score_of(high) <= 1000


def test_the_scale_is_the_documented_one() -> None:
    assert [score_of(p) for p in (0.0, 0.01, 0.05, 0.183, 0.5, 0.9, 1.0)] == [0, 263, 500, 712, 863, 961, 1000]


@pytest.mark.parametrize(
    ("probability", "decision"), [(0.0, "approve"), (0.0999, "approve"), (0.1, "review"), (0.5999, "review"), (0.6, "decline"), (1.0, "decline")]
)
def test_the_thresholds_part_approval_review_and_decline(probability: float, decision: str) -> None:
    assert Policy(Thresholds(review=0.1, decline=0.6)).conclude(findings(probability=probability)).decision == decision


@pytest.mark.parametrize("kind", list(RingKind))
def test_a_member_of_a_flagged_ring_is_reviewed_and_one_of_a_household_is_not(kind: RingKind) -> None:
    concluded = Policy().conclude(findings(known=Known(as_of=NOW, membership=in_ring(kind))))
    assert (concluded.decision is Decision.REVIEW) == kind.flagged
    assert ("RULE_RING_MEMBER" in [r.code.code for r in concluded.reasons]) == kind.flagged


def test_a_known_fraud_is_reviewed_until_somebody_clears_it() -> None:
    told = fraud("a1", 1)
    cleared = fraud("a1", 2, LabelValue.GOOD)
    assert Policy().conclude(findings(known=Known(as_of=NOW, labels=(told,)))).decision is Decision.REVIEW
    assert Policy().conclude(findings(known=Known(as_of=NOW, labels=(told, cleared)))).decision is Decision.APPROVE


def test_rules_about_what_was_not_looked_up_are_silent() -> None:
    assert rules.fired(Known()) == ()


def test_what_only_the_network_sees_is_said_to_be_so() -> None:
    concluded = Policy().conclude(findings(probability=0.4, network=1.2))
    assert [(r.code.code, r.contribution) for r in concluded.reasons] == [("NETWORK_PATTERN", 1.0)]
    assert concluded.dimensions["ring"] > 0.5


def test_a_policy_with_other_thresholds_has_another_version() -> None:
    assert Policy().version == Policy().version
    assert Policy().version != Policy(Thresholds(review=0.2)).version


def test_a_policy_that_declines_before_anybody_looks_is_refused() -> None:
    with pytest.raises(SettingError, match="RINGFENCE_REVIEW_PROBABILITY"):
        Thresholds(review=0.7, decline=0.6)


def test_masked_keys_show_an_end_at_most() -> None:
    assert masked_node("device:k1.0123456789abcdef7f2a") == "device:***7f2a"
    assert masked_node("applicant:A77701883") == "applicant:***83"
    assert masked_node("applicant:A12") == "applicant:***"
    assert masked_node("ring:R-000042") == "ring:R-000042"


def test_every_reason_code_is_documented() -> None:
    listed = (DOCS / "reason_codes.md").read_text(encoding="utf-8")
    codes = {s.code for s in SIGNALS.values() if s.direction != "either"} | set(rules.RULES) | {rules.INCOMPLETE.code, NETWORK.code}
    assert sorted(code for code in codes if f"| `{code}` |" not in listed) == []
    for name in multi_lending.NAMES:
        window, key, segment, stat = name.split("_")[1:]
        for word in (window, key, segment, stat):
            assert f"`{word.upper()}`" in listed, f"docs/reason_codes.md does not explain {word} of {name.upper()}"
