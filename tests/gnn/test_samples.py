"""What is learned from: whose fraud counts, from when to when, and what it is worth that nobody said
anything.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnn.samples.collect import collect
from gnn.samples.samples import Samples
from gnn.samples.unlabelled import MaturedSamples, unlabelled_worth
from gnn.training_plan import TrainingPlan
from graph.model.moments import DAY, micros
from graph.model.types import Facts, Label, LabelValue, Outcome, OutcomeStatus
from tests.support.models.small_models import TODAY
from tests.support.small_worlds import applies, day, does, fraud, uses
from tests.support.stores import open_store


def drawn(tmp_path: Path, facts: Facts, **plan: Any) -> Samples:
    with open_store(tmp_path / "drawn.db") as store:
        store.add(facts)
        return collect(store.view(TODAY).tables(), TrainingPlan(least_frauds=1, **plan))


def test_a_label_counts_from_the_day_it_is_known_and_only_within_the_horizon(tmp_path: Path) -> None:
    loans = tuple(applies(f"p{n}", 1) for n in range(4))
    samples = drawn(
        tmp_path, Facts(applications=loans, labels=(fraud("p0@1", 10), fraud("p1@1", 40))), horizon_days=30
    )
    assert samples.bad(micros(day(9))).tolist() == [False] * 4
    assert samples.bad(micros(day(10.5))).tolist() == [True, False, False, False]
    assert samples.bad(micros(day(60))).tolist() == [True, False, False, False]


def test_a_fraud_that_is_taken_back_no_longer_counts(tmp_path: Path) -> None:
    loans = tuple(applies(f"p{n}", 1) for n in range(4))
    labels = (fraud("p0@1", 5), fraud("p0@1", 20, LabelValue.GOOD), fraud("p1@1", 6))
    samples = drawn(tmp_path, Facts(applications=loans, labels=labels), horizon_days=30)
    assert samples.bad(micros(day(10))).tolist() == [True, True, False, False]
    assert samples.bad(micros(day(30))).tolist() == [False, True, False, False]


def test_a_young_loan_without_news_counts_for_little_and_an_old_one_fully(
    tmp_path: Path,
) -> None:
    loans = tuple(applies(f"p{n:02d}", n) for n in range(50))
    labels = tuple(fraud(f"p{n:02d}@{n}", n + 4 + n % 8) for n in range(0, 26, 2))
    samples = drawn(tmp_path, Facts(applications=loans, labels=labels), horizon_days=20)
    weight = samples.weight(micros(day(50)))
    assert weight[1] > 0.5
    assert weight[49] == 0
    assert 0 < weight[43] < weight[1]
    assert (weight[:26:2] == 1).all()


def test_without_applications_people_are_watched_until_they_are_known(tmp_path: Path) -> None:
    events = tuple(does(f"p{n}", "device_use", 1 + n, uses("device", f"d{n}")) for n in range(5))
    labels = (Label(label=LabelValue.FRAUD, known_at=day(40), applicant_id="p0"),)
    samples = drawn(tmp_path, Facts(events=events, labels=labels), horizon_days=30)
    assert set(samples.application_id.tolist()) == {None}
    assert samples.at.tolist() == [micros(TODAY) - 30 * DAY] * 5
    assert dict(zip(samples.applicant_id.tolist(), samples.bad(micros(TODAY)).tolist())) == {"p0": True} | {
        f"p{n}": False for n in range(1, 5)
    }


def test_thinning_keeps_every_known_fraud_and_weighs_the_others_up(tmp_path: Path) -> None:
    loans = tuple(applies(f"p{n:03d}", n % 20) for n in range(300))
    labels = tuple(fraud(f"p{n:03d}@{n % 20}", n % 20 + 3) for n in range(0, 300, 30))
    samples = drawn(tmp_path, Facts(applications=loans, labels=labels), horizon_days=20, most_samples=110)
    now = micros(TODAY)
    assert samples.bad(now).sum() == 10
    assert 70 < len(samples) < 150
    assert samples.mass(now)[~samples.bad(now)].sum() == pytest.approx(290, rel=0.3)


def test_a_fraud_that_becomes_known_on_the_last_day_of_the_horizon_counts(tmp_path: Path) -> None:
    loans = tuple(applies(f"p{n:02d}", n) for n in range(40))
    labels = tuple(fraud(f"p{n:02d}@{n}", n + 10) for n in range(0, 40, 4))
    samples = drawn(tmp_path, Facts(applications=loans, labels=labels), horizon_days=10)
    assert samples.bad(micros(TODAY)).sum() == 10


def test_who_is_known_for_fraud_already_is_not_learned_from_until_cleared(tmp_path: Path) -> None:
    loans = (applies("p0", 1), applies("p0", 10), applies("p0", 30), applies("p1", 1))
    labels = (fraud("p0@1", 5), fraud("p0@1", 20, LabelValue.GOOD), fraud("p1@1", 9))
    samples = drawn(tmp_path, Facts(applications=loans, labels=labels), horizon_days=30)
    places = {f"{name}": place for place, name in enumerate(samples.application_id.tolist())}
    assert samples.known[[places["p0@1"], places["p0@10"], places["p0@30"]]].tolist() == [False, True, False]
    assert samples.weight(micros(TODAY))[places["p0@10"]] == 0
    assert samples.targets(micros(TODAY))[1][places["p0@10"]] == 0
    assert samples.weight(micros(TODAY))[places["p0@30"]] == 1


def test_a_fraud_found_after_the_horizon_is_learned_as_one_and_judged_as_nothing(tmp_path: Path) -> None:
    loans = tuple(applies(f"p{n}", 1) for n in range(4))
    samples = drawn(
        tmp_path, Facts(applications=loans, labels=(fraud("p0@1", 10), fraud("p1@1", 40))), horizon_days=30
    )
    now = micros(day(50))
    chance, counts = samples.targets(now)
    assert chance[:2].tolist() == counts[:2].tolist() == [1, 1]
    assert samples.weight(now)[:2].tolist() == [1, 0]


def fates(defaulted: tuple[int, int], unpaid: tuple[int, int], repaid: tuple[int, int]) -> MaturedSamples:
    """Matured samples of each fate: how many, and how many of them confirmed as frauds; everybody applied
    once.
    """
    groups = [(0, *unpaid), (2, *defaulted), (3, *repaid)]
    fate = np.concatenate([np.full(total, code) for code, total, _ in groups])
    bad = np.concatenate([np.arange(total) < result for _, total, result in groups])
    return MaturedSamples(fate, np.ones(len(fate), dtype=np.int64), bad, np.ones(len(fate)))


def test_a_silent_person_in_default_may_well_be_a_fraud_and_who_repaid_hardly_one() -> None:
    result = unlabelled_worth(fates(defaulted=(100, 50), unpaid=(500, 10), repaid=(1000, 2))).fraud
    assert 0.2 < result[2] < 0.5
    assert result[3] < result[0] < 0.02


def test_where_nobody_looks_at_the_refused_their_silence_says_next_to_nothing() -> None:
    assert unlabelled_worth(fates(defaulted=(100, 50), unpaid=(2000, 0), repaid=(1000, 2))).confirmed[0] < 0.1
    assert (
        unlabelled_worth(fates(defaulted=(100, 50), unpaid=(2000, 90), repaid=(1000, 2))).confirmed[0] > 0.9
    )


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 20), st.booleans(), st.floats(0.5, 50)),
        min_size=1,
        max_size=60,
    )
)
def test_what_silence_is_worth_lies_between_nothing_and_everything(
    rows: list[tuple[int, int, bool, float]],
) -> None:
    fate, created, bad, mass = zip(*rows)
    result = unlabelled_worth(
        MaturedSamples(np.array(fate), np.array(created), np.array(bad), np.array(mass))
    )
    for values in result:
        assert ((values >= 0) & (values <= 1)).all()


def test_a_silent_default_is_fraud_in_part_and_a_confirmed_good_one_not_at_all(
    tmp_path: Path,
) -> None:
    loans = tuple(applies(f"p{n:02d}", n % 5) for n in range(40))
    late = tuple(
        Outcome(application_id=a.application_id, status=OutcomeStatus.DPD90, at=day(30)) for a in loans[:20]
    )
    labels = (
        *(fraud(a.application_id, 20) for a in loans[:10]),
        fraud(loans[10].application_id, 20, LabelValue.GOOD),
    )
    samples = drawn(tmp_path, Facts(applications=loans, outcomes=late, labels=labels), horizon_days=30)
    place = {name: n for n, name in enumerate(samples.application_id.tolist())}
    chance, _ = samples.targets(micros(TODAY))
    assert chance[place[loans[0].application_id]] == 1
    assert chance[place[loans[10].application_id]] == 0
    assert 0.2 < chance[place[loans[11].application_id]] < 0.6
    assert chance[place[loans[30].application_id]] < 0.1


def test_the_share_of_bad_counts_frauds_that_are_found_late_or_never(tmp_path: Path) -> None:
    loans = tuple(applies(f"p{n:03d}", n % 5) for n in range(200))
    became = [(loans, OutcomeStatus.DISBURSED, day(6)), (loans[:20], OutcomeStatus.DPD90, day(30))]
    outcomes = tuple(
        Outcome(application_id=a.application_id, status=status, at=at)
        for some, status, at in became
        for a in some
    )
    labels = tuple(fraud(a.application_id, 20.0 if n < 8 else 50.0) for n, a in enumerate(loans[:12]))
    samples = drawn(tmp_path, Facts(applications=loans, outcomes=outcomes, labels=labels), horizon_days=30)
    share = samples.bad_share(micros(TODAY))
    assert share.confirmed == pytest.approx(8 / 196, rel=0.05), "four were found after the horizon"
    assert 12 / 200 < share.estimated < 20 / 200, "of eight silent defaults some are likely frauds"
