"""What the ring search takes from other stores: signs that hold where there are few labels or none."""

import csv
import json
from datetime import UTC, datetime

import lightgbm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.rings.applicants.labelled import LabelTotals
from graph.rings.projected import in_this_process
from graph.rings.search import search, suspicion_features
from graph.rings.suspicion.columns import Features, features
from graph.rings.suspicion.pretrained_prior import (
    FILE,
    beside_experience,
    fit_prior,
    judge_by,
    ranked,
    shipped_judge,
)
from graph.rings.suspicion.rows import HeldRows
from scripts.load_records import main as load_records
from scripts.make_world import main as make_world
from scripts.tools import fit_pretrained_prior
from tests.support.ring_searches import of_everybody, same_groups
from tests.support.small_worlds import before, day, random_facts, shuffled
from tests.support.stores import HASH_KEY, open_store, store_url
from tests.support.worlds.rings import AS_OF, CREW, both, crew, honest, town

values = st.lists(st.one_of(st.just(float("nan")), st.integers(-50, 50).map(float)), min_size=1, max_size=40)


@given(values, st.sampled_from([np.cbrt, np.arctan, lambda x: 3 * x + 7]))
def test_how_much_is_much_counts_for_nothing_only_who_has_more_than_others(column, stretched):
    there = np.array(column)[:, None]
    places = ranked(there)
    assert np.array_equal(places, ranked(stretched(there)), equal_nan=True)
    assert np.array_equal(np.isnan(places), np.isnan(there))
    known = places[~np.isnan(places)]
    assert ((known > 0) & (known < 1)).all()
    assert known.size == 0 or known.mean() == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize("rows", [1, 40, 3000])
def test_counts_say_what_the_places_of_all_at_once_say(rows):
    rng, shipped = np.random.default_rng(rows), lightgbm.Booster(model_str=FILE.read_text())
    names = tuple(shipped.feature_name())
    values = rng.lognormal(size=(rows, len(names))).astype(np.float32)
    values[:, ::3] = np.rint(2 * values[:, ::3])  # many equals
    values[:, 1::3] = np.rint(values[:, 1::3]) - 2 * values[:, 2:3]  # less than nothing
    values[:, 2::6] *= -0.0  # all nothing
    values[rng.random(values.shape) < 0.2] = np.nan
    values[:, 7] = np.nan
    around = Features(("other", *names), np.insert(values, 0, 1, axis=1))
    chance = shipped_judge(HeldRows(around)).of_rows(around.values)
    assert chance.tolist() == np.asarray(shipped.predict(ranked(values), num_threads=1)).tolist()


def test_the_crew_of_a_town_without_a_label_stands_out(tmp_path):
    with town(tmp_path / "t.db", both(honest(), crew())) as store:
        tables = store.view(AS_OF).tables()
    around = suspicion_features(tables)
    chance = shipped_judge(HeldRows(around)).of_rows(around.values)
    in_crew = np.isin(tables.applicant_ids, CREW)
    assert chance[in_crew].min() > np.quantile(chance[~in_crew], 0.99)


def test_what_one_store_teaches_holds_in_another_where_all_is_ten_times_as_much():
    rng = np.random.default_rng(1)

    def store(scale: float, rows: int = 3000):
        bad = rng.random(rows) < 0.05
        columns = {f"column_{n}": scale * rng.gamma(2.0, 1.0 + 2 * bad * (n < 5)) for n in range(70)}
        return features(columns), bad

    text = fit_prior([(*store(1.0), 1.0), (*store(3.0), 1.0)])
    around, bad = store(10.0)
    chance = judge_by(HeldRows(around), text).of_rows(around.values)
    assert np.median(chance[bad]) > np.quantile(chance[~bad], 0.95)
    assert chance.mean() == pytest.approx(0.05, abs=0.02)


@pytest.mark.parametrize("seed", range(2))
def test_deleting_and_shuffling_the_future_changes_no_bit_of_what_experience_says(tmp_path, seed):
    facts, moment = random_facts(seed, people=150), day(35)
    result = []
    for name, reported in (("whole", facts), ("cut", shuffled(before(facts, moment), seed))):
        with town(tmp_path / f"{name}.db", reported) as store:
            result.append(search(in_this_process(store.view(moment).tables())))
    assert of_everybody(result[0], "suspicion")[0].any()
    assert result[0].rates == result[1].rates
    assert same_groups(*result)


def test_in_its_first_two_months_a_store_flags_hardly_anybody_honest(tmp_path, monkeypatch):
    """Everybody came within weeks of everybody else then, as crews do later."""
    world, store = tmp_path / "world", store_url(tmp_path / "graph.db")
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    assert make_world([str(world), "--applicants", "1500", "--days", "60", "--seed", "4"]) == 0
    assert load_records([str(world / "records"), "--store", store, "--report", str(tmp_path)]) == 0
    with open(world / "truth" / "applicants.csv", encoding="utf-8") as truth:
        honest_people = {row["applicant_id"] for row in csv.DictReader(truth) if row["bad"] == "0"}
    with open_store(tmp_path / "graph.db") as opened:
        hits = search(in_this_process(opened.view(datetime(2026, 1, 1, tzinfo=UTC)).tables()))
    flagged = np.array(hits.applicants.tables.applicant_ids)[hits.flagged_people]
    assert len(honest_people.intersection(flagged)) <= 0.006 * len(honest_people)


@pytest.mark.slow
def test_it_can_be_learned_again_from_worlds_by_three_hands(tmp_path, monkeypatch, capsys):
    small = {
        "ours": (500, 200, ()),
        "strangers": (500, 200, ()),
        "examiner": (500, 365, ("--variant", "first")),
    }
    monkeypatch.setattr(fit_pretrained_prior, "WORLDS", {hand: (world,) for hand, world in small.items()})
    out = tmp_path / "pretrained_prior.txt"
    assert (
        fit_pretrained_prior.main(
            ["--out", str(out), "--folder", str(tmp_path / "worlds"), "--without", "examiner"]
        )
        == 0
    )
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["lessons"] == 9
    assert set(report["ap_unseen"]) == set(small)
    assert out.read_text(encoding="utf-8").startswith("tree")
    assert FILE.read_text(encoding="utf-8").startswith("tree")


def test_what_other_stores_taught_counts_for_less_with_every_fraud_known_here() -> None:
    rng = np.random.default_rng(4)
    names = lightgbm.Booster(model_str=FILE.read_text()).feature_name()
    around = features({name: rng.random(1500) for name in names})
    own, elsewhere = np.full(1500, 0.5), shipped_judge(HeldRows(around)).of_rows(around.values)

    def beside(frauds: int) -> np.ndarray:
        silent = 1500 - frauds
        known = LabelTotals(1500, frauds, 0, silent, mature=1500, mature_goods=0, honest=silent)
        return beside_experience(own, elsewhere, known.share_without_labels)

    away = [float(np.abs(np.log(beside(frauds) / own)).sum()) for frauds in (0, 20, 100, 400, 600)]
    assert away == sorted(away, reverse=True)
    np.testing.assert_allclose(beside(0), elsewhere)
    assert (beside(600) == own).all()
