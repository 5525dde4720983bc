"""Stages on a cluster hold what the store holds: they go with their run, and with whoever is erased."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from graph.model.errors import ConflictError, RingfenceError
from graph.rings.spark.marks import drop
from graph.rings.spark.stages import Stages
from service.assessment.batches import cluster as batch_cluster
from service.assessment.batches.batch import Scoring, score
from service.assessment.batches.cluster import OnCluster
from service.assessment.batches.feature_table import FeaturesOut, write_features
from service.assessment.batches.output import ScoresOut
from service.assessment.batches.work import Period
from service.engines import look_engine, spent_stages
from service.engines.cluster import Cluster, ClusterPlan
from service.settings import Settings
from tests.support.contracts.erasure_contract import erased
from tests.support.servers.played_cluster import PlayedSession
from tests.support.small_service import settings_in
from tests.support.small_worlds import day, random_facts
from tests.support.stores import open_url

PERIOD = Period(since=day(0), until=day(70))
Run = Callable[[Settings, ClusterPlan, Path], object]


def scores(settings: Settings, plan: ClusterPlan, out: Path) -> object:
    return score(settings, PERIOD, ScoresOut(out), Scoring(OnCluster(plan)))


def features(settings: Settings, plan: ClusterPlan, out: Path) -> object:
    return write_features(settings, PERIOD, FeaturesOut(out, "spark", plan))


pytestmark = pytest.mark.parametrize("run", [scores, features])


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A store of some people, and a cluster that is played."""

    @contextmanager
    def played(plan: ClusterPlan) -> Iterator[Cluster]:
        yield Cluster(PlayedSession(), plan.stages)

    for module in (batch_cluster, look_engine):
        monkeypatch.setattr(module, "opened_cluster", played)
    given = settings_in(tmp_path)
    with open_url(given.store) as store:
        store.add(random_facts(1))
    return given


def plan_in(folder: Path, **changes: Any) -> ClusterPlan:
    return ClusterPlan(stages=f"file://{folder}/stages", partitions=2, **changes)


def stages_in(folder: Path) -> set[str]:
    return {path.name.partition("_")[0] for path in (folder / "stages").glob("*/*.done")}


def files_in(folder: Path) -> list[Path]:
    return [path for path in (folder / "stages").rglob("*") if path.is_file()]


def test_nothing_is_left_of_stages_whose_file_is_written(
    run: Run, settings: Settings, tmp_path: Path
) -> None:
    run(settings, plan_in(tmp_path), tmp_path / "out.parquet")
    assert (tmp_path / "out.parquet").exists()
    assert files_in(tmp_path) == []


def test_stages_stay_for_who_keeps_them(run: Run, settings: Settings, tmp_path: Path) -> None:
    run(settings, plan_in(tmp_path, keep_stages=True), tmp_path / "out.parquet")
    assert "frame.done" in stages_in(tmp_path)


@pytest.mark.parametrize("keep", [True, False])
def test_who_is_erased_during_a_run_is_in_no_stages_after_it(
    run: Run, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: bool
) -> None:
    kept = Stages.kept

    def erasing(stages: Stages, *given: Any) -> Any:
        rows = kept(stages, *given)
        assert "frame.done" in stages_in(tmp_path)
        with open_url(settings.store) as store:
            erased(store, "p003")
        return rows

    monkeypatch.setattr(Stages, "kept", erasing)
    with pytest.raises(ConflictError, match="erased"):
        run(settings, plan_in(tmp_path, keep_stages=keep), tmp_path / "out.parquet")
    assert files_in(tmp_path) == []


def test_a_run_that_was_cut_off_leaves_its_stages_to_the_next(
    run: Run, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_: Any) -> Any:
        raise RingfenceError("cut off")

    with monkeypatch.context() as first:
        first.setattr(Stages, "in_order", cut_off)
        with pytest.raises(RingfenceError, match="cut off"):
            run(settings, plan_in(tmp_path), tmp_path / "out.parquet")
    assert "frame.done" in stages_in(tmp_path)
    monkeypatch.setattr(batch_cluster, "freeze", cut_off)
    monkeypatch.setattr("gnn.batch_on_spark.freeze", cut_off)
    run(settings, plan_in(tmp_path), tmp_path / "out.parquet")
    assert files_in(tmp_path) == []


def test_stages_that_another_run_takes_away_at_the_same_time_are_not_said_to_be_left(
    run: Run,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked: list[str] = []

    def met(folder: str) -> None:
        asked.append(folder)  # the first time the other one has not ended
        if len(asked) > 1:
            drop(folder)

    monkeypatch.setattr(spent_stages, "drop", met)
    run(settings, plan_in(tmp_path), tmp_path / "out.parquet")
    assert len(asked) == 2
    assert files_in(tmp_path) == []
    assert "could not be deleted" not in caplog.text


def test_stages_that_cannot_be_deleted_are_named(
    run: Run,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(spent_stages, "drop", lambda folder: None)
    monkeypatch.setattr(spent_stages, "_PAUSES", (0.0,))
    run(settings, plan_in(tmp_path), tmp_path / "out.parquet")
    (kept,) = (tmp_path / "stages").iterdir()
    assert f"{kept} name people and could not be deleted" in caplog.text
