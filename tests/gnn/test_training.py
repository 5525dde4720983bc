"""Training: what is learned from, what is measured, and that serving says what training saw."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, redirect_stderr
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest

from gnn.batch_extraction import extract_all
from gnn.graphs.packed import pack
from gnn.samples.collect import collect
from gnn.samples.cutoffs import test_cutoff as cut_for_the_test
from gnn.samples.samples import Samples
from gnn.scoring import bundle
from gnn.scoring.blend import blended
from gnn.scoring.forward import Forward
from gnn.scoring.scorer import Scorer
from gnn.training import run, trees
from gnn.training.fitting import RECENT_SAMPLES
from gnn.training.parts import NAMED, SERVABLE, names_of, views_of
from gnn.training.run import train_model
from gnn.training_plan import TrainingPlan
from graph.features.extraction import SIGNAL_NAMES, VARIABLE_NAMES
from graph.features.subject_features import compute_features
from graph.frame.from_view import node_names_of
from graph.frame.location import frame_of
from graph.frame.walk.seeds import seeds
from graph.model.errors import InputError
from graph.model.moments import DAY, micros
from graph.model.types import Facts, Label, LabelValue
from graph.store.evidence import Evidence
from scripts.cli.commands.train import COMMAND
from tests.support.models.small_models import SMALL, TODAY, small_facts, trained
from tests.support.oracles.by_views import Seed, drawn, evidence_of, seen
from tests.support.small_worlds import applies, before, day, fraud, shuffled
from tests.support.stores import open_store, store_url

Trained = tuple[dict[str, Any], Path, Path]


@pytest.fixture(scope="module")
def facts() -> Facts:
    return small_facts()


@pytest.fixture(scope="module")
def training_run(tmp_path_factory: pytest.TempPathFactory, facts: Facts) -> tuple[Trained, str]:
    """What was trained, and what was said of it meanwhile."""
    with redirect_stderr(io.StringIO()) as said:
        return trained(tmp_path_factory.mktemp("trained"), facts), said.getvalue()


@pytest.fixture(scope="module")
def model(training_run: tuple[Trained, str]) -> Trained:
    return training_run[0]


def scored(scorer: Scorer, evidence: Evidence) -> Any:
    n, names = node_names_of(evidence)
    return scorer.score(n, compute_features(n, names, evidence.subject).unjudged)


def evidences(path: Path, facts: Facts, count: int) -> tuple[list[Seed], list[Evidence]]:
    latest = sorted(facts.applications, key=lambda a: (a.applied_at, a.application_id))[-count:]
    chosen = [Seed(a.applicant_id, a.application_id, micros(a.applied_at)) for a in latest]
    with open_store(path) as store:
        return chosen, [evidence_of(store, seed) for seed in chosen]


def test_the_figures_of_every_part_and_what_serves_are_told(model: Trained) -> None:
    figures = model[0]
    for part in ("network", "trees", "blend", "reference"):
        assert (
            figures[part].keys() == figures["all"][part].keys() == {"auc", "ap", "ece", "recall_at_capacity"}
        )
    assert figures["test"].keys() == {
        "from",
        "samples",
        "frauds",
        "base_rate",
        "reviewed",
        "best_count",
        "groups",
    }
    assert figures["serves"] in SERVABLE
    assert figures["evidence"]["parts"].keys() >= {"network", "trees", "blend"}
    assert figures["evidence"]["sentence"].startswith(("the bare counts serve", figures["serves"]))


def test_the_progress_of_each_part_of_a_training_has_a_name_of_its_own(
    training_run: tuple[Trained, str],
) -> None:
    named = [line.partition(":")[0] for line in training_run[1].splitlines() if " a second" in line]
    assert len(named) == len(set(named))
    for model in ("measured", "serving"):
        assert f"{model}, young, network" in named
        assert f"{model}, network" in named
        for part in ("trees", "blend", "reference"):
            assert {f"{model}, {part}, trees", f"{model}, {part}, watched, trees"} <= set(named)


def test_serving_gives_the_very_number_that_training_computed(model: Trained, facts: Facts) -> None:
    _, path, out = model
    scorer, created = Scorer.load(out), bundle.read(out)
    chosen, seen = evidences(path, facts, 8)
    request = seeds(
        [str(seed.application_id) for seed in chosen],
        np.ones(len(chosen), dtype=np.bool_),
        np.array([seed.at for seed in chosen]),
    )
    with open_store(path) as store, closing(frame_of(store)) as frame:
        observed = extract_all(frame, store.revision(), request)
        embedded = observed.neighbourhoods.embedded(created.network)
    inputs = observed.columns(embedded)
    for part in SERVABLE:
        logits = created.ensembles[part].logits(inputs[part][:]).mean(axis=1)
        if part == "blend":
            logits = blended(logits, embedded[:, 0], scorer.calibrators["network"])
        serving = Scorer(replace(created, card={**created.card, "serves": part}))
        for place, evidence in enumerate(seen):
            assert scored(serving, evidence).parts[part] == scorer.calibrators[part].of(float(logits[place]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"capacity": 0.0},
        {"capacity": 2.0},
        {"horizon_days": -5.0},
        {"most_samples": 10},
        {"most_network_samples": 0},
        {"workers": 0},
    ],
)
def test_a_plan_that_no_training_can_follow_is_refused_before_anything_is_read(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="--"):
        TrainingPlan(**wrong)


def test_the_members_of_the_blend_are_told_different_things_and_together_everything() -> None:
    plan = TrainingPlan()
    names, views = np.array(names_of(plan)["blend"]), views_of(plan)["blend"]
    everything, counts, tabular, _ = (names[view].tolist() for view in views)
    assert counts == [name for name in names if name.startswith("count_")]
    assert [name for name in everything if name not in tabular] == [
        name for name in names if name.startswith("network_")
    ]
    # what was said of the subject itself is for the policy
    assert set(SIGNAL_NAMES) - {"own_fraud_labels"} < set(tabular)
    assert {name for name in names if name not in everything} < {*VARIABLE_NAMES, "own_fraud_labels"}


def test_a_member_splits_on_nothing_that_its_view_leaves_out() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 2))
    bad = x[:, 0] + x[:, 1] > 1.5
    plan = TrainingPlan(members=2, rounds=10, workers=1)
    views = (np.array([True, False]), np.array([False, True]))
    first, second = trees.fit(
        ("one", "other"), trees.TrainingRows(x, np.arange(400), bad, np.ones(400)), plan, views
    ).boosters
    assert (first.feature_importance() > 0).tolist() == [True, False]
    assert (second.feature_importance() > 0).tolist() == [False, True]


def test_rows_that_are_taken_some_at_a_time_grow_the_trees_of_the_whole_table() -> None:
    rng = np.random.default_rng(3)
    x = np.where(rng.random((9_000, 6)) < 0.2, np.nan, rng.normal(size=(9_000, 6)))
    rows = np.sort(rng.choice(9_000, 7_000, replace=False))
    x[:, 1] = 0.0
    x[rows[:: 7_000 // 13], 1] = 1.0  # just enough for a leaf
    bad, weight = (np.nan_to_num(x[rows]).sum(axis=1) > 2).astype(np.float64), rng.random(7_000)
    view = np.array([True, True, False, True, True, True])
    names, plan = tuple("abcdef"), TrainingPlan(members=1, rounds=20, workers=1)
    [grown] = trees.fit(names, trees.TrainingRows(x, rows, bad, weight), plan, (view,)).texts
    whole = lightgbm.Dataset(
        np.where(view, x[rows], np.nan),
        bad,
        weight=weight,
        feature_name=list(names),
        params=trees.parameters(plan, rare=False),
    )
    chance = {"bagging_seed": plan.seed, "feature_fraction_seed": plan.seed + 100, "num_threads": 1}
    asked = trees.parameters(plan, rare=False) | chance
    assert grown == lightgbm.train(asked, whole, num_boost_round=20).model_to_string()


def test_where_frauds_are_rare_trees_have_two_levels() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(600, 4))
    bad, plan = x.sum(axis=1) > 2.5, TrainingPlan(members=1, rounds=5, workers=1)
    view = (np.ones(4, dtype=np.bool_),)
    for stands_for, most in ((1.0, 15), (500.0, 4)):
        created = trees.fit(
            tuple("abcd"),
            trees.TrainingRows(x, np.arange(600), bad, np.where(bad, 1.0, stands_for)),
            plan,
            view,
        )
        leaves = max(tree["num_leaves"] for tree in created.boosters[0].dump_model()["tree_info"])
        assert 4 * (most > 4) < leaves <= most


def test_the_same_evidence_gives_the_same_bits_again_and_from_a_bundle_loaded_twice(
    model: Trained, facts: Facts
) -> None:
    _, path, out = model
    _, seen = evidences(path, facts, 4)
    first, second = Scorer.load(out), Scorer.load(out)
    assert (
        [scored(first, e) for e in seen]
        == [scored(second, e) for e in seen]
        == [scored(first, e) for e in seen]
    )


@pytest.mark.parametrize("serves", SERVABLE)
def test_contributions_name_every_input_and_add_up_to_what_was_served(
    model: Trained, facts: Facts, serves: str
) -> None:
    _, path, out = model
    created = bundle.read(out)
    scorer = Scorer(replace(created, card={**created.card, "serves": serves}))
    for evidence in evidences(path, facts, 4)[1]:
        stated = scored(scorer, evidence)
        assert stated.contributions
        assert set(stated.contributions) <= set(SIGNAL_NAMES + VARIABLE_NAMES)
        row = seen(evidence).unjudged
        embedded = Forward(created.network).of_all(pack([drawn(evidence, unjudged=True)]))[0]
        x = {
            "reference": row[None, len(NAMED) :],
            "trees": row[None, : len(NAMED)],
            "blend": np.concatenate([row, embedded])[None],
        }[scorer.serves]
        parts = [b.predict(x, pred_contrib=True)[0] for b in created.ensembles[scorer.serves].boosters]
        base, logit = (
            np.array([np.mean([p[-1] for p in parts])]),
            created.ensembles[scorer.serves].logits(x).mean(axis=1),
        )
        if scorer.serves == "blend":
            base = blended(base, np.array([created.card["network_usual"]]), scorer.calibrators["network"])
            logit = blended(logit, embedded[:1], scorer.calibrators["network"])
        assert sum(stated.contributions.values()) + stated.network + base[0] == pytest.approx(
            logit[0], abs=1e-6
        )


def test_probabilities_are_probabilities_and_uncertainty_is_a_word(model: Trained, facts: Facts) -> None:
    _, path, out = model
    scorer = Scorer.load(out)
    for evidence in evidences(path, facts, 6)[1]:
        stated = scored(scorer, evidence)
        assert 0 < stated.probability < 1
        assert stated.uncertainty in ("low", "medium", "high")
        assert stated.probability == stated.parts[scorer.serves]


def test_what_happened_after_the_moment_changes_no_byte_of_the_bundle(
    tmp_path: Path, model: Trained, facts: Facts
) -> None:
    version = Scorer.load(model[2]).version
    assert trained(tmp_path, before(shuffled(facts, 2), TODAY), "past")[0]["version"] == version


@pytest.mark.parametrize("value", LabelValue)
def test_what_was_said_of_the_subject_itself_moves_no_probability(
    model: Trained, facts: Facts, value: LabelValue
) -> None:
    _, path, out = model
    scorer = Scorer.load(out)
    for evidence in evidences(path, facts, 6)[1]:
        me = evidence.subject.applicant_id
        own = tuple(
            Label(
                label=value, known_at=day(1), applicant_id=me, application_id=a.application_id, source="desk"
            )
            for a in evidence.own
        )
        reported = replace(
            evidence,
            labels={
                **evidence.labels,
                me: (*own, Label(label=value, known_at=day(1), applicant_id=me, source="desk")),
            },
        )
        untold = replace(evidence, labels={**evidence.labels, me: ()})
        assert scored(scorer, reported) == scored(scorer, untold)


def test_as_many_are_sent_to_a_person_as_people_can_review(model: Trained, facts: Facts) -> None:
    _, path, out = model
    scorer = Scorer.load(out)
    # those that set the threshold: of a part of them more or fewer may reach it
    latest = evidences(path, facts, RECENT_SAMPLES)[1]
    assert (
        np.mean([scored(scorer, e).probability >= scorer.review_probability for e in latest])
        <= scorer.capacity + 1 / 60
    )


def test_too_few_frauds_are_refused_with_the_number_and_the_way_out(tmp_path: Path) -> None:
    few = Facts(applications=tuple(applies(f"p{n}", n) for n in range(30)), labels=(fraud("p1@1", 5),))
    with open_store(tmp_path / "few.db") as store:
        store.add(few)
        with pytest.raises(InputError, match=r"1 of 30 samples are known as fraud .* load labels"):
            train_model(store, TODAY, tmp_path / "out", SMALL)
    assert not (tmp_path / "out").exists()


def test_an_empty_store_is_refused(tmp_path: Path) -> None:
    with open_store(tmp_path / "empty.db") as store, pytest.raises(InputError, match="0 of 0 samples"):
        train_model(store, TODAY, tmp_path / "out", SMALL)


@pytest.fixture
def refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs the command on an empty store with these arguments more; what it says as it refuses them."""
    for name, value in {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}.items():
        monkeypatch.setenv(name, value)  # the command sets them where they are not set
    open_store(tmp_path / "none.db").close()
    url, out = store_url(tmp_path / "none.db"), str(tmp_path / "out")

    def run(*more: str) -> str:
        assert COMMAND.main(["--store", url, "--as-of", "2026-01-01", "--out", out, *more]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        return said.err

    return run


def test_too_little_to_learn_from_ends_with_status_2_and_one_clear_line(
    refused: Callable[..., str],
) -> None:
    said = refused()
    assert said.startswith("train_model: 0 of 0 samples are known as fraud")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("wrong", "says"),
    [(("--as-of", "2999-01-01"), "lies in the future"), (("--out", "model.zip"), "names a file")],
)
def test_a_moment_that_has_not_come_and_a_file_for_a_folder_are_refused(
    refused: Callable[..., str], wrong: tuple[str, str], says: str
) -> None:
    assert says in refused(*wrong)


def test_a_horizon_that_leaves_too_little_to_measure_gives_way_and_that_is_said(
    tmp_path: Path, facts: Facts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def within_a_month(samples: Samples, as_of: int, plan: TrainingPlan) -> int:
        if samples.horizon > 30 * DAY:
            raise InputError("too few frauds to measure")
        return cut_for_the_test(samples, as_of, plan)

    monkeypatch.setattr(run, "test_cutoff", within_a_month)
    with open_store(tmp_path / "s.db") as store:
        store.add(facts)
        tables = store.view(TODAY).tables()
    plan = replace(SMALL, horizon_days=None)
    monkeypatch.setattr(
        run,
        "collect",
        lambda tables, plan: collect(tables, replace(plan, horizon_days=plan.horizon_days or 90)),
    )
    drawn, _ = run.measurable(tables, plan)
    assert drawn.horizon == 30 * DAY
    assert "within 30 days, because: too few frauds to measure" in caplog.text
    with pytest.raises(InputError, match="too few frauds to measure"):
        run.measurable(tables, replace(plan, horizon_days=90))


def test_a_network_leaves_no_file_among_temporary_ones(tmp_path: Path) -> None:
    made = "from gnn.training.network import TypedConv; [TypedConv(4, 3, 2) for _ in range(2)]"
    subprocess.run([sys.executable, "-c", made], check=True, env={**os.environ, "TMPDIR": str(tmp_path)})
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
