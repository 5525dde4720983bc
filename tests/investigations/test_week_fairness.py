"""The weekly review says of each group of people who of its honest is in flagged rings, and what was proposed
for them.
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from graph.model.types import Facts, LabelValue, PlatformType
from investigations.assessments import Decision, Stage
from investigations.casebook import Casebook
from investigations.estimates import TOO_FEW, Estimate, Excess
from investigations.fairness.measures import EVERYBODY
from investigations.review.report_fairness import GROUPS
from investigations.review.result import ReviewResult
from investigations.review.week_fairness import GroupOfWeek, unfair_to
from investigations.review.weekly import ReviewPlan, review
from tests.support.casebooks import assessment, url_of
from tests.support.small_worlds import fraud
from tests.support.worlds.rings import AS_OF, CREW, both, crew, honest, town

DORMITORY = 40
NOTHING = Facts()
CLEARED_OF_THE_CREW = CREW[3]


def facts() -> Facts:
    """A dormitory whose people are all cleared, families, and a crew of which one is cleared by mistake."""
    people = honest(families=20, dormitory=DORMITORY, customers=20)
    cleared = [
        fraud(one.application_id, 195, LabelValue.GOOD)
        for one in people.applications
        if one.applicant_id.startswith("dorm")
    ]
    ring = crew(known_on=190)
    last = [one for one in ring.applications if one.applicant_id == CLEARED_OF_THE_CREW][-1]
    mistake = fraud(last.application_id, 195, LabelValue.GOOD)
    return both(people, ring, Facts(labels=(*cleared, mistake)))


def answers(casebook: Casebook) -> None:
    """Of the week: everybody of the dormitory was sent to a person, last of all, and the families approved;
    what is of another week or of no application says otherwise and does not count.
    """
    dormitory = [f"dorm{n}" for n in range(DORMITORY)]
    families = [f"family{n // 3}.{n % 3}" for n in range(60)]
    spoken = [
        *((who, 2, Decision.APPROVE, Stage.APPLICATION) for who in dormitory),
        *((who, 1, Decision.REVIEW, Stage.APPLICATION) for who in dormitory),
        *((who, 3, Decision.APPROVE, Stage.APPLICATION) for who in families),
        *((who, 8, Decision.DECLINE, Stage.APPLICATION) for who in [*dormitory, "family0.0"]),
        *((who, 0, Decision.DECLINE, Stage.APPLICATION) for who in dormitory),  # not before the moment
        *((who, 0.5, Decision.DECLINE, Stage.MONITORING) for who in dormitory),
        ("nobody", 1, Decision.DECLINE, Stage.APPLICATION),
    ]
    for number, (who, days, decision, stage) in enumerate(spoken):
        casebook.record(
            assessment(
                number,
                applicant_id=who,
                as_of=AS_OF - timedelta(days=days),
                decision=decision,
                stage=stage,
            )
        )


def reviewed(folder: Path, *, answered: bool, later: Facts = NOTHING) -> ReviewResult:
    folder.mkdir()
    plan = ReviewPlan(as_of=AS_OF, out=folder / "out", now=AS_OF, back_steps=0)
    with town(folder / "town.db", both(facts(), later)) as store, Casebook(url_of(folder)) as casebook:
        if answered:
            answers(casebook)
        return review(store, casebook if answered else None, plan)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ReviewResult:
    return reviewed(tmp_path_factory.mktemp("week") / "one", answered=True)


def test_what_was_proposed_in_the_week_is_told_by_group_each_person_once(result: ReviewResult) -> None:
    dormitory, families = (result.fairness[name].decisions for name in ("dormitory", "household"))
    assert (dormitory["reviewed"].value, dormitory["reviewed"].people) == (1.0, DORMITORY)
    assert (families["approved"].value, families["approved"].people) == (1.0, 60)
    everybody = result.fairness[EVERYBODY].decisions
    assert everybody["declined"].value == 0.0
    assert everybody["approved"].people == DORMITORY + 60, "who never applied here is nobody"


def test_the_honest_of_a_group_who_are_in_flagged_rings_are_counted(result: ReviewResult) -> None:
    everybody, dormitory = result.fairness[EVERYBODY], result.fairness["dormitory"]
    assert everybody.flagged.people == DORMITORY + 1
    assert everybody.unlike.happened == 0
    assert everybody.flagged.value == pytest.approx(1 / (DORMITORY + 1)), "flagged had nobody cleared them"
    assert (dormitory.flagged.value, dormitory.flagged.people) == (0.0, DORMITORY)
    assert dormitory.as_json()["honest_in_flagged_rings"] == dormitory.flagged.rounded()


def test_what_comes_to_be_known_after_the_week_changes_nothing(tmp_path: Path, result: ReviewResult) -> None:
    later = crew(on=AS_OF.timetuple().tm_yday + 5.0)
    known = tuple(fraud(one.application_id, 260) for one in facts().applications[:90])
    moved = tuple(
        dataclasses.replace(one, application_id=f"later-{one.application_id}") for one in later.applications
    )
    again = reviewed(tmp_path / "later", answered=True, later=Facts(applications=moved, labels=known))
    assert again.fairness == result.fairness


def test_without_a_casebook_the_report_tells_of_rings_alone(tmp_path: Path) -> None:
    fairness = reviewed(tmp_path / "one", answered=False).fairness
    page = (tmp_path / "one" / "out" / "report.html").read_text("utf-8")
    section = page[page.index("<h2>Fairness to groups") : page.index("<h2>All in all")]
    assert "群体公平性" in section
    assert "dormitory" in section
    assert "Declined" not in section
    assert f"of fewer than {TOO_FEW} people nothing is said" in section
    few = [name for name, one in fairness.items() if one.flagged.people < TOO_FEW]
    assert section.count("too few") == len(few) > 0


def test_every_group_has_words_in_both_languages() -> None:
    banks = {one for one in PlatformType if one.is_bank}
    lenders = {f"lender_{one.value}" for one in set(PlatformType) - banks}
    assert lenders <= GROUPS.keys()
    assert all(english and chinese for english, chinese in GROUPS.values())


def unlike(happened: int, expected: float, chance: float) -> Excess:
    return Excess(happened, expected, chance)


@pytest.mark.parametrize(
    ("now", "usual", "people", "refused"),
    [
        (unlike(9, 2.0, 0.001), unlike(3, 2.0, 0.3), 60, True),
        (unlike(9, 2.0, 0.02), unlike(3, 2.0, 0.3), 60, False),  # chance would do it
        (unlike(4, 2.0, 0.001), unlike(3, 2.0, 0.3), 60, False),  # within the margin
        (unlike(9, 2.0, 0.001), unlike(9, 2.0, 0.001), 60, False),  # no worse than usual
        (unlike(9, 2.0, 0.001), unlike(3, 2.0, 0.3), TOO_FEW - 1, False),
        (unlike(9, 2.0, 0.001), None, 60, False),  # these are the usual settings
    ],
)
def test_settings_are_unfair_where_they_flag_a_group_beyond_the_usual_ones(
    now: Excess, usual: Excess | None, people: int, refused: bool
) -> None:
    share = Estimate(0.1, 0.0, 0.2, people)
    group = GroupOfWeek(flagged=share, unlike=now, usual=usual, decisions={})
    told = unfair_to({"dormitory": group}, 2.0)
    assert bool(told) is refused
    if refused:
        assert told[0].startswith(
            "fairness to dormitory: 9 of the group's honest are in flagged rings, 2.0 if"
        )


def test_other_settings_are_held_beside_the_usual_ones_and_the_usual_ones_are_not(tmp_path: Path) -> None:
    with town(tmp_path / "town.db", facts()) as store:
        plan = ReviewPlan(as_of=AS_OF, out=tmp_path / "out", now=AS_OF, back_steps=0, most_times=2.0)
        usual = review(store, None, plan).fairness
        strict = review(store, None, dataclasses.replace(plan, honest_budget=0.0, false_alarms=0.0)).fairness
    assert {one.usual for one in usual.values()} == {None}
    assert {name: one.usual for name, one in strict.items()} == {
        name: one.unlike for name, one in usual.items()
    }
