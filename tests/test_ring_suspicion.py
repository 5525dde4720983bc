"""What the labels of one group teach about the others, and never about itself."""

import threading

import lightgbm
import numpy as np
import pytest

from graph.rings.suspicion import FOLDS, Examples, folds_of, out_of_fold


def people(seed: int, rows: int = 600) -> tuple[np.ndarray, Examples]:
    rng = np.random.default_rng(seed)
    bad = rng.random(rows) < 0.2
    values = rng.normal(size=(rows, 8)) + bad[:, None]
    return values, Examples(bad, np.ones(rows), folds_of(np.arange(rows) // 4))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_groups_own_labels_never_teach_the_score_of_its_members(seed):
    values, told = people(seed)
    first = out_of_fold(values, told, rounds=10)
    for fold in range(FOLDS):
        here = told.fold == fold
        otherwise = Examples(np.where(here, ~told.bad, told.bad), told.weight, told.fold)
        again = out_of_fold(values, otherwise, rounds=10)
        assert np.array_equal(first[here], again[here])
        assert not np.array_equal(first[~here], again[~here])


def test_judges_are_trained_one_after_another_since_lightgbm_has_one_thread_count_for_the_whole_process(monkeypatch):
    """Trained side by side, one judge changes how many threads another believes to have: a crash, seldom and without a word."""
    values, told = people(3)
    hands, train = set(), lightgbm.train

    def watched(*given, **more):
        hands.add(threading.get_ident())
        return train(*given, **more)

    monkeypatch.setattr(lightgbm, "train", watched)
    out_of_fold(values, told, rounds=2)
    assert hands == {threading.get_ident()}
