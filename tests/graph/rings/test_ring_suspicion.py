"""What the labels of one group teach about the others, and never about itself; and when there are enough of
them.
"""

import numpy as np
import pytest

from graph.rings.applicants.labelled import LabelledApplicants
from graph.rings.suspicion.learned import (
    FOLDS,
    Examples,
    drawn_evenly,
    fold_judges,
    folds_of,
    member_examples,
    standing_for,
)


def people(seed: int, rows: int = 600) -> tuple[np.ndarray, Examples]:
    rng = np.random.default_rng(seed)
    bad = rng.random(rows) < 0.2
    values = rng.normal(size=(rows, 8)) + bad[:, None]
    return values, Examples(bad, np.ones(rows), folds_of(np.arange(rows) // 4))


def judged(values: np.ndarray, examples: Examples) -> np.ndarray:
    """The chance of each row, as the search has it learned and judged."""
    honest = np.flatnonzero(~examples.bad)
    learn = np.sort(np.r_[np.flatnonzero(examples.bad), honest[drawn_evenly(len(honest))]])
    some = examples.of(learn)
    judges = fold_judges(values[learn], some, standing_for(some, len(honest)), rounds=10)
    return judges.chance(values, examples.fold)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_groups_own_labels_never_teach_the_score_of_its_members(seed):
    values, reported = people(seed)
    first = judged(values, reported)
    for fold in range(FOLDS):
        here = reported.fold == fold
        otherwise = Examples(np.where(here, ~reported.bad, reported.bad), reported.weight, reported.fold)
        again = judged(values, otherwise)
        assert np.array_equal(first[here], again[here])
        assert not np.array_equal(first[~here], again[~here])


def known(people: int = 1000, *, frauds: int = 0, goods: int = 0, silent: int = 0) -> LabelledApplicants:
    """The first `frauds` are known as such, the next are cleared, the next have been silent for long."""
    place = np.arange(people)
    nobody = np.zeros(people, bool)
    good = (place >= frauds) & (place < frauds + goods)
    mature = (place >= frauds + goods) & (place < frauds + goods + silent)
    return LabelledApplicants(
        fraud=place < frauds,
        good=good,
        late=nobody,
        paid=nobody,
        performing=nobody,
        mature=mature,
        since=place,
    )


def test_a_store_teaches_once_it_has_frauds_and_people_to_tell_them_from():
    assert known(frauds=20, silent=100).has_enough_labels
    assert known(frauds=20, goods=30).has_enough_labels
    assert not known(frauds=19, silent=900).has_enough_labels
    # of its first weeks: frauds are known, and nobody has had time to show
    assert not known(frauds=200).has_enough_labels
    assert not known(frauds=200, goods=29, silent=99).has_enough_labels


@pytest.mark.parametrize("frauds", range(20, 400, 19))
def test_no_fraud_more_or_less_changes_at_once_how_a_store_judges(frauds):
    earlier, later = (known(frauds=n, goods=30).totals.share_without_labels for n in (frauds, frauds + 1))
    assert known(frauds=19, goods=30).totals.share_without_labels == 1.0 >= earlier > later >= 0.95 * earlier
    assert known(frauds=900, goods=30).totals.share_without_labels == 0.0


def test_however_few_have_had_time_to_show_they_stand_for_a_fifth_of_all():
    """Frauds are from among everybody: beside a handful of the honest they would seem to be what people are
    like.
    """
    for goods, silent in ((40, 0), (0, 100), (20, 50)):
        reported = member_examples(known(frauds=20, goods=goods, silent=silent), np.arange(1000))
        assert reported.weight[reported.bad].sum() == 20
        assert reported.weight[~reported.bad].sum() == pytest.approx(0.2 * 1000)
    reported = member_examples(known(frauds=20, silent=600), np.arange(1000))
    assert set(reported.weight) == {0.0, 1.0}
