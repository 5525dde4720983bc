"""The policy: grave findings are seen by a person, what was not seen whole is never approved, and every
reason can be looked up.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from math import exp
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.features.lending import multi_lending
from graph.features.signals.catalogue import SIGNALS
from graph.model.errors import SettingError
from graph.model.types import LabelValue, Membership, Ring, RingKind, RingMember
from investigations import network, policy, reasons, rules
from investigations.assessments import Decision, Level, ReasonCode
from investigations.masks import masked_node
from investigations.network import NetworkLinks
from investigations.policy import DIMENSIONS, Findings, Policy, ScoreScale, Thresholds
from investigations.reasons import Candidate, ReasonChoice, ranked
from investigations.reference_ranges import ReferenceRanges
from investigations.rules import RuleInputs, RuleLimits
from tests.support.small_worlds import applies, fraud

DOCS = Path(__file__).parents[2] / "docs"
NOW = datetime(2025, 3, 1, tzinfo=UTC)
USUAL = ReferenceRanges(
    high=dict.fromkeys([*SIGNALS, *multi_lending.NAMES], 1.0), low=dict.fromkeys(SIGNALS, 0.9)
)
NAMES = [*SIGNALS, *multi_lending.NAMES[:40]]


def in_ring(kind: RingKind) -> Membership:
    member = RingMember(applicant_id="p", role="core", joined_at=NOW, distance_to_core=0, strength=1.0)
    ring = Ring(
        ring_id="R-1", kind=kind, score=0.9, state="growing", first_seen=NOW, last_seen=NOW, confirmed_bad=1,
        suspected=3, bad_rate=0.2, exposure=0.0, shared_by_kind={}, hubs_ignored=0, density=1.0,
        burst_days=1.0, platforms=2, reason_codes=(), members=(),
    )  # fmt: skip
    return Membership("2025-W09", ring, 7, member)


def findings(**changes: object) -> Findings:
    reported: dict[str, object] = {
        "level": Level.FULL,
        "rule_inputs": RuleInputs(as_of=NOW),
        "probability": 0.01,
        "uncertainty": "low",
    }
    return Findings(**(reported | changes))


@given(
    level=st.sampled_from([Level.NO_MODEL, Level.NO_GRAPH, Level.RULES_ONLY]),
    signals=st.dictionaries(st.sampled_from(NAMES), st.one_of(st.none(), st.floats(0, 100)), max_size=12),
    face=st.one_of(st.none(), st.floats(0, 1)),
    liveness=st.one_of(st.none(), st.floats(0, 1)),
)
def test_whatever_was_found_an_incomplete_assessment_is_never_approved_and_says_why(
    level, signals, face, liveness
) -> None:
    known = RuleInputs(as_of=NOW, application=applies("p", 1, face_match=face, liveness=liveness))
    concluded = Policy().conclude(
        findings(level=level, rule_inputs=known, signals=signals, probability=None, reference=USUAL)
    )
    assert concluded.decision is Decision.REVIEW
    assert concluded.probability is None
    assert concluded.uncertainty == "high"
    assert 1 <= len(concluded.reasons) <= 4
    assert concluded.score is None or 0 <= concluded.score <= 1000


@given(
    weights=st.dictionaries(st.sampled_from(NAMES), st.floats(-5, 5), max_size=30),
    values=st.dictionaries(st.sampled_from(NAMES), st.one_of(st.none(), st.floats(0, 50)), max_size=30),
)
def test_reasons_are_at_most_four_ranked_and_only_of_what_was_measured(weights, values) -> None:
    concluded = Policy().conclude(findings(contributions=weights, signals=values, reference=USUAL))
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
    assert 0 <= ScoreScale().of(low) <= ScoreScale().of(high) <= 1000


def test_the_scale_is_the_documented_one() -> None:
    assert [ScoreScale().of(p) for p in (0.0, 0.01, 0.05, 0.183, 0.5, 0.9, 1.0)] == [
        0,
        263,
        500,
        712,
        863,
        961,
        1000,
    ]


@pytest.mark.parametrize(
    ("probability", "decision"),
    [
        (0.0, "approve"),
        (0.0999, "approve"),
        (0.1, "review"),
        (0.5999, "review"),
        (0.6, "decline"),
        (1.0, "decline"),
    ],
)
def test_the_thresholds_part_approval_review_and_decline(probability: float, decision: str) -> None:
    assert (
        Policy(Thresholds(review=0.1, decline=0.6)).conclude(findings(probability=probability)).decision
        == decision
    )


@pytest.mark.parametrize("kind", list(RingKind))
def test_a_member_of_a_flagged_ring_is_reviewed_and_one_of_a_household_is_not(kind: RingKind) -> None:
    concluded = Policy().conclude(findings(rule_inputs=RuleInputs(as_of=NOW, membership=in_ring(kind))))
    assert (concluded.decision is Decision.REVIEW) == kind.flagged
    assert ("RULE_RING_LISTED" in [r.code.code for r in concluded.reasons]) == kind.flagged


def test_a_known_fraud_is_reviewed_until_somebody_clears_it() -> None:
    reported = fraud("a1", 1)
    cleared = fraud("a1", 2, LabelValue.GOOD)
    assert (
        Policy().conclude(findings(rule_inputs=RuleInputs(as_of=NOW, labels=(reported,)))).decision
        is Decision.REVIEW
    )
    assert (
        Policy().conclude(findings(rule_inputs=RuleInputs(as_of=NOW, labels=(reported, cleared)))).decision
        is Decision.APPROVE
    )


def test_rules_about_what_was_not_looked_up_are_silent() -> None:
    assert rules.fired(RuleInputs()) == ()


def test_what_the_network_saw_in_no_link_that_can_be_shown_is_no_reason() -> None:
    concluded = Policy().conclude(
        findings(probability=0.4, network=1.2, links=NetworkLinks(("device:k1.d",), 0.5))
    )
    assert concluded.reasons == ()
    assert concluded.dimensions["ring"] == pytest.approx(1 - exp(-0.5), abs=1e-4)
    assert concluded.dimensions["behaviour"] == pytest.approx(1 - exp(-0.7), abs=1e-4)
    alone = Policy().conclude(findings(probability=0.4, network=1.2))
    assert (alone.dimensions["ring"], alone.dimensions["behaviour"] > 0.5) == (0.0, True)


# the ceiling


@pytest.mark.parametrize(
    ("probability", "decision"),
    [(0.19, "approve"), (0.2, "review"), (0.45, "review"), (0.66, "review"), (0.7, "decline")],
)
def test_above_the_ceiling_nothing_is_approved_however_few_people_can_review(
    probability: float, decision: str
) -> None:
    hardly_anybody = Thresholds(review=0.68, decline=0.7)
    assert Policy(hardly_anybody).conclude(findings(probability=probability)).decision == decision


def test_a_ceiling_above_the_review_threshold_changes_nothing() -> None:
    for probability in (0.05, 0.1, 0.3, 0.7):
        low, none = (
            Policy(Thresholds(approve=ceiling)).conclude(findings(probability=probability))
            for ceiling in (0.2, 1.0)
        )
        assert low.decision is none.decision


# the score


@pytest.mark.parametrize("level", [Level.NO_GRAPH, Level.RULES_ONLY])
def test_where_nothing_was_looked_at_there_is_no_score_unless_a_rule_speaks(level: Level) -> None:
    assert Policy().conclude(findings(level=level, probability=None)).score is None
    known = RuleInputs(as_of=NOW, application=applies("p", 1, face_match=0.0))
    assert Policy().conclude(findings(level=level, probability=None, rule_inputs=known)).score > 0


def test_a_known_fraud_has_a_high_score_whatever_the_model_sees() -> None:
    known = RuleInputs(as_of=NOW, labels=(fraud("a1", 1),))
    unseen = Policy().conclude(findings(probability=0.001, rule_inputs=known))
    assert (unseen.score, unseen.probability) == (720, 0.001)
    assert Policy().conclude(findings(probability=0.9, rule_inputs=known)).score == ScoreScale().of(0.9)
    assert Policy().conclude(findings(level=Level.NO_GRAPH, probability=None, rule_inputs=known)).score >= 720


@given(st.floats(0.01, 40), st.floats(1.01, 10))
def test_without_a_model_more_of_a_bad_sign_never_gives_a_lower_score(value: float, times: float) -> None:
    def score(found: float) -> int | None:
        return (
            Policy()
            .conclude(
                findings(
                    level=Level.NO_MODEL, probability=None, signals={"strong_people": found}, reference=USUAL
                )
            )
            .score
        )

    assert score(value) <= score(value * times)
    assert score(1.0) == 0
    assert score(8.0) > 200


def test_without_a_model_a_face_speaks_where_it_hardly_matches_and_only_there() -> None:
    def concluded(face: float) -> Any:
        reported = findings(
            level=Level.NO_MODEL, probability=None, signals={"face_match": face}, reference=USUAL
        )
        return Policy().conclude(reported)

    assert concluded(0.97).score == 0
    assert [r.code.code for r in concluded(0.97).reasons] == ["INCOMPLETE_ASSESSMENT"]
    assert concluded(0.6).score > 0
    low = concluded(0.6).reasons[0]
    assert (low.code.code, low.typical_p95, low.typical_p05) == ("FACE_MATCH", None, 0.9)


# good news is no reason


@pytest.mark.parametrize(
    ("name", "value"),
    [("liveness", 1.0), ("liveness", 0.95), ("face_match", 0.9), ("known_days", 0.0), ("known_days", 400.0),
     ("device_age_days", 0.0),
     ("phone_handed_over_days", 200.0), ("loans_closed", 3.0), ("strong_people", 0.0), ("bad_share", 0.045),
     ("merchant_bad_share", 0.02),
     ("ip_holders", 40.0), ("ml_7d_person_all_lenders", 0.0)],
)  # fmt: skip
def test_good_news_and_no_news_are_no_reason_whatever_the_model_makes_of_them(
    name: str, value: float
) -> None:
    assert (
        Policy().conclude(findings(contributions={name: 2.0}, signals={name: value}, reference=USUAL)).reasons
        == ()
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("liveness", 0.4), ("known_days", 3.0), ("device_age_days", 0.5), ("loans_closed", 0.0),
     ("bad_distance", 2.0), ("strong_people", 4.0),
     ("bad_share", 0.14), ("ml_7d_person_all_lenders", 6.0)],
)  # fmt: skip
def test_bad_news_is_a_reason(name: str, value: float) -> None:
    assert [
        r.code.code
        for r in Policy()
        .conclude(findings(contributions={name: 2.0}, signals={name: value}, reference=USUAL))
        .reasons
    ] == [name.upper()]


# which reasons are told


def told(**weights: float) -> list[str]:
    """The dimensions of the reasons chosen from candidates named by dimension and number (ring_1=0.5)."""
    candidates = [
        Candidate("", name.partition("_")[0], weight, 1.0, code(name)) for name, weight in weights.items()
    ]
    return [reason.code.code for reason in ranked(candidates, USUAL, None, ReasonChoice())]


def code(name: str) -> ReasonCode:
    return ReasonCode(code=name, dimension=name.partition("_")[0], text_en="", text_zh="")


def test_two_of_a_dimension_come_first_where_others_say_nearly_as_much() -> None:
    assert told(ring_1=5, ring_2=4, ring_3=3, device_1=2, phone_1=1.6) == [
        "ring_1",
        "ring_2",
        "device_1",
        "phone_1",
    ]


def test_a_third_of_a_dimension_goes_before_what_says_half_as_much() -> None:
    assert told(ring_1=5, ring_2=4, ring_3=3, device_1=2, phone_1=1.5) == [
        "ring_1",
        "ring_2",
        "ring_3",
        "device_1",
    ]
    assert told(ring_1=5, ring_2=4, ring_3=3, ring_4=2.9, device_1=1) == [
        "ring_1",
        "ring_2",
        "ring_3",
        "device_1",
    ]


@given(
    st.dictionaries(
        st.sampled_from([f"{d}_{n}" for d in ("ring", "device", "phone", "merchant") for n in range(4)]),
        st.floats(0.1, 9),
        max_size=12,
    )
)
def test_what_is_left_out_of_a_dimension_with_room_never_outweighs_what_is_told(
    weights: dict[str, float],
) -> None:
    chosen = told(**weights)
    dimensions = [name.partition("_")[0] for name in chosen]
    assert all(dimensions.count(one) <= 3 for one in dimensions)
    assert [weights[name] for name in chosen] == sorted((weights[name] for name in chosen), reverse=True)
    least = min((weights[name] for name in chosen), default=0.0)
    for name, weight in weights.items():
        if (
            name not in chosen
            and dimensions.count(name.partition("_")[0]) < 2
            and weight >= 0.03 * sum(weights.values())
        ):
            assert weight <= least or len(set(dimensions)) == 1 or weight < 2 * least


def test_one_finding_seen_through_several_windows_and_segments_is_one_reason() -> None:
    weights = {
        "ml_7d_person_all_lenders": 2.0,
        "ml_1m_person_all_lenders": 1.9,
        "ml_1m_person_others_lenders": 1.8,
        "ml_7d_device_all_apps": 0.5,
    }
    result = findings(contributions=weights, variables=dict.fromkeys(weights, 5.0), reference=USUAL)
    assert [r.code.code for r in Policy().conclude(result).reasons] == [
        "ML_7D_PERSON_ALL_LENDERS",
        "ML_7D_DEVICE_ALL_APPS",
    ]


def test_what_a_rule_and_a_signal_tell_alike_is_told_once() -> None:
    known = RuleInputs(as_of=NOW, application=applies("p", 1, face_match=0.2))
    result = findings(
        level=Level.NO_MODEL,
        probability=None,
        rule_inputs=known,
        signals={"face_match": 0.2, "strong_people": 3.0},
        reference=USUAL,
    )
    assert [r.code.code for r in Policy().conclude(result).reasons] == ["RULE_FACE_MISMATCH", "STRONG_PEOPLE"]


# the version


PARTS = {"thresholds": Thresholds, "limits": RuleLimits, "reason_choice": ReasonChoice, "scale": ScoreScale}


@pytest.mark.parametrize(
    ("part", "name"), [(part, f.name) for part, kind in PARTS.items() for f in dataclasses.fields(kind)]
)
def test_whatever_can_be_chosen_about_a_policy_is_in_its_version(part: str, name: str) -> None:
    usual = PARTS[part]()
    value = getattr(usual, name)
    other = (
        value[:1] if isinstance(value, tuple) else value * 1.25 if not isinstance(value, int) else value + 1
    )
    assert Policy().version == Policy().version
    assert Policy(**{part: dataclasses.replace(usual, **{name: other})}).version != Policy().version


@pytest.mark.parametrize("name", rules.RULES)
def test_a_rule_with_another_severity_or_that_asks_for_a_person_makes_another_policy(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Policy().version
    rule = rules.RULES[name]
    for other in (
        dataclasses.replace(rule, severity=0.123),
        dataclasses.replace(rule, forces_review=not rule.forces_review),
    ):
        monkeypatch.setattr(rules, "RULES", {**rules.RULES, name: other})
        assert Policy().version != before


def test_no_number_that_decides_stands_outside_what_the_version_is_made_of() -> None:
    for module in (policy, rules, reasons, network):
        numbers = {
            name
            for name, value in vars(module).items()
            if isinstance(value, int | float | timedelta) and not name.startswith("__")
        }
        assert numbers <= {"_MOST_LOG_ODDS", "annotations"}, module.__name__


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
    codes = (
        {s.code for s in SIGNALS.values() if s.direction != "either"}
        | set(rules.RULES)
        | {rules.INCOMPLETE.code, rules.RING_LISTED.code, "NETWORK_PATTERN"}
    )
    assert sorted(code for code in codes if f"| `{code}` |" not in listed) == []
    for name in multi_lending.NAMES:
        window, key, segment, stat = name.split("_")[1:]
        for word in (window, key, segment, stat):
            assert f"`{word.upper()}`" in listed, (
                f"docs/reason_codes.md does not explain {word} of {name.upper()}"
            )
