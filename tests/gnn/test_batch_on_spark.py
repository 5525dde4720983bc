"""A training on a cluster gives the bundle of one machine to the last byte, whatever the partitions."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gnn import batch_on_spark
from gnn.batch_extraction import NeighbourhoodBatch
from gnn.batch_on_spark import LookOnSpark, SeedTask
from gnn.training.network import RingNet
from gnn.training.run import Sight, train_model
from graph.frame.frame import Frame
from graph.frame.location import frame_of
from graph.frame.walk.seeds import seeds
from graph.model.errors import NotFoundError
from graph.model.moments import micros
from graph.product import product_version
from graph.rings.spark import stages
from graph.store.past import past_of
from scripts.cli.main import main
from service.engines import look_engine
from service.engines.cluster import Cluster, ClusterPlan, opened_cluster
from tests.support.models.small_models import SMALL, TODAY, small_facts, trained
from tests.support.servers.played_cluster import PlayedSession
from tests.support.servers.sail import SAIL, ran, sail
from tests.support.small_worlds import day
from tests.support.stores import open_store, store_url

__all__ = ["sail"]  # a fixture


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A store's file, and the bundle that one machine makes of it."""
    _, store, model = trained(tmp_path_factory.mktemp("here"), small_facts())
    return store, bundle_in(model)


def bundle_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def bundle_of(store: Path, out: Path, session: Any, stages: Path, partitions: int = 3) -> dict[str, bytes]:
    """What a training makes with its features and embeddings from a cluster."""
    with open_store(store) as opened:
        look = LookOnSpark(session, f"file://{stages}", partitions, past_of(opened, opened.state()))
        train_model(opened, TODAY, out, SMALL, Sight(look=look))
    return bundle_in(out)


def test_the_bundle_is_that_of_one_machine_to_the_last_byte(
    here: tuple[Path, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_on_spark, "WINDOW", 37)
    store, bundle = here
    assert bundle_of(store, tmp_path / "model", PlayedSession(), tmp_path / "stages") == bundle
    [work] = (tmp_path / "stages").iterdir()
    names = {path.name.partition("_")[0] for path in work.iterdir() if path.name.endswith(".done")}
    assert names == {"frame.done", "seeds", "features", "network"}


@pytest.fixture
def frame(here: tuple[Path, dict[str, bytes]]) -> Any:
    with open_store(here[0]) as store:
        frame = frame_of(store)
        assert frame.catch_up()
        yield frame
        frame.close()


def asked(frame: Frame) -> Any:
    names = [one.application_id for one in frame.view(day(60)).applications(day(50))]
    at = [micros(one.applied_at) for one in frame.view(day(60)).applications(day(50))]
    return seeds(names, np.ones(len(names), np.bool_), np.array(at))


def test_a_training_that_was_cut_off_goes_on_where_it_stopped(frame: Frame, tmp_path: Path) -> None:
    network = RingNet(hidden=8, embedding=4).weights()

    def found() -> tuple[bytes, bytes]:
        look = LookOnSpark(PlayedSession(), f"file://{tmp_path}", 3, "one")
        around = look(frame, frame.revision, asked(frame))
        return around.features().tobytes(), around.embedded(network).tobytes()

    first = found()
    [work] = tmp_path.iterdir()
    early = {path: path.stat().st_mtime_ns for path in work.rglob("*") if "network" not in str(path)}
    [of_network] = work.glob("network_*.done")  # it died before the network had answered
    of_network.unlink()
    assert found() == first
    assert of_network.exists()
    assert {path: path.stat().st_mtime_ns for path in early if path != work} == {
        path: at for path, at in early.items() if path != work
    }
    next(work.glob("features_*/*/*.parquet")).unlink()
    assert found() == first


def test_work_that_differs_has_stages_of_its_own(frame: Frame, tmp_path: Path) -> None:
    look = LookOnSpark(PlayedSession(), f"file://{tmp_path}", 2, past="one")
    some, network = asked(frame), RingNet(hidden=8, embedding=4).weights()
    one = look(frame, frame.revision, some)
    rows, answers = one.features(), one.embedded(network)
    alone = NeighbourhoodBatch(frame, frame.revision, some)
    assert rows.tobytes() == alone.features().tobytes()
    assert answers.tobytes() == alone.embedded(network).tobytes()
    folder = one.stages.folder
    few = one.take(np.arange(3))
    assert few.features().tobytes() == rows[:3].tobytes()
    assert few.embedded(RingNet(hidden=8, embedding=4).weights()).tobytes() != answers[:3].tobytes()
    assert len(few.take(np.arange(0)).features()) == 0
    written = sorted(path.name.partition("_")[0] for path in Path(folder.partition("//")[2]).glob("*.done"))
    assert written == ["features", "features", "frame.done", "network", "network", "seeds", "seeds"]
    assert look(frame, frame.revision, some).stages.folder == folder
    assert look(frame, frame.revision - 1, some).stages.folder != folder
    assert replace(look, past="another")(frame, frame.revision, some).stages.folder != folder


def test_features_of_an_older_version_are_not_found_again(
    frame: Frame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, some = LookOnSpark(PlayedSession(), f"file://{tmp_path}", 2, past="one"), asked(frame)
    now = look(frame, frame.revision, some).stages.folder
    assert f"features-{product_version()}." in now
    for what, older in (("product_version", lambda: "0.1.0"), ("VERSION", 1)):
        with monkeypatch.context() as earlier:
            earlier.setattr(stages, what, older)
            look(frame, frame.revision, some).features()
            assert look(frame, frame.revision, some).stages.done("frame")
        assert not look(frame, frame.revision, some).stages.done("frame")
    assert look(frame, frame.revision, some).stages.folder == now


def test_an_application_that_the_copy_lacks_is_named_on_the_cluster_too(frame: Frame, tmp_path: Path) -> None:
    look = LookOnSpark(PlayedSession(), f"file://{tmp_path}", 2, past="one")
    with pytest.raises(NotFoundError, match="nobodys"):
        look(frame, frame.revision, seeds(["nobodys"], np.ones(1, np.bool_), np.zeros(1))).features()


def test_what_is_sent_to_executors_of_a_training_names_no_store(here: Any, tmp_path: Path) -> None:
    sent = pickle.dumps(SeedTask("s3://bucket/frame", 5, "Asia/Shanghai", None))
    assert str(here[0]).encode() not in sent
    assert b"sqlite" not in sent


def test_the_command_trains_on_a_cluster_and_makes_the_same_model(
    here: tuple[Path, dict[str, bytes]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    @contextmanager
    def played(plan: ClusterPlan) -> Iterator[Cluster]:
        assert (plan.cluster, plan.partitions) == ("local[2]", 3)
        yield Cluster(PlayedSession(), plan.stages)

    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # as in a process of its own
    monkeypatch.setattr(look_engine, "opened_cluster", played)
    monkeypatch.setattr("gnn.training_plan.TrainingPlan", lambda **_: SMALL)
    given = ["--store", store_url(here[0]), "--as-of", TODAY.isoformat(), "--out", str(tmp_path / "model")]
    how = ["--engine", "spark", "--cluster", "local[2]", "--partitions", "3", "--stages", str(tmp_path / "s")]
    assert main(["train", *given, *how, "--keep-stages"]) == 0
    said = capsys.readouterr()
    assert '"version":' in said.out
    assert "ringfence.stages: stage features_seeds_" in said.err
    assert bundle_in(tmp_path / "model") == here[1]
    assert list((tmp_path / "s").glob("features-*/features_*.done"))
    assert main(["train", *given, *how]) == 0
    again = capsys.readouterr().err.splitlines()
    stages = [line for line in again if line.startswith("ringfence.stages: ")]
    assert len(stages) > 5
    assert all(line.endswith("is there already") for line in stages)


@pytest.fixture
def pyspark() -> None:
    pytest.importorskip("pyspark", reason="the extra `spark` is not installed")


@pytest.mark.slow
@pytest.mark.usefixtures("pyspark")
@pytest.mark.parametrize("partitions", [1, 3, 8])
def test_spark_makes_the_bundle_of_one_machine_to_the_last_byte(
    here: tuple[Path, dict[str, bytes]], tmp_path: Path, partitions: int
) -> None:
    plan = ClusterPlan(cluster="local[2]", memory_mb=1024, partitions=partitions)
    with opened_cluster(plan) as cluster:
        made = bundle_of(here[0], tmp_path / "model", cluster.session, tmp_path / "stages", partitions)
    assert made == here[1]


ON_SAIL = """
import sys
from pathlib import Path
from service.engines.cluster import ClusterPlan, opened_cluster
from tests.gnn.test_batch_on_spark import bundle_of
store, out, stages = map(Path, sys.argv[2:])
with opened_cluster(ClusterPlan(cluster=sys.argv[1])) as cluster:
    bundle_of(store, out, cluster.session, stages)
"""


@pytest.mark.slow
@pytest.mark.usefixtures("pyspark")
def test_sail_makes_the_bundle_of_one_machine_to_the_last_byte(
    here: tuple[Path, dict[str, bytes]], sail: str, tmp_path: Path
) -> None:
    ran("-c", ON_SAIL, sail, str(here[0]), str(tmp_path / "model"), str(tmp_path / "stages"), before=(SAIL,))
    assert bundle_in(tmp_path / "model") == here[1]
