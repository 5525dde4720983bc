"""A batch on a cluster gives the rows of one machine to the last bit, whatever the partitions."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.model.errors import NotFoundError, RingfenceError, SettingError
from graph.model.types import Facts
from graph.product import product_version
from graph.rings.spark import stages as spark_stages
from graph.rings.spark.stages import Stages
from scripts.cli.main import main
from service.assessment.batches import cluster as batch_cluster
from service.assessment.batches.batch import HERE, BatchEngine, Scoring, score, scored
from service.assessment.batches.cluster import OnCluster, _in_order, _prepare, _work
from service.assessment.batches.executor import SUBJECTS, ExecutorTask
from service.assessment.batches.output import ScoresOut
from service.assessment.batches.work import BatchTask, Period
from service.engines.cluster import ClusterPlan
from service.opening import load_scorer, open_store
from service.settings import Settings
from tests.support.models.small_models import small_facts, trained
from tests.support.servers.sail import SAIL, ran, sail
from tests.support.small_worlds import day, does, random_facts, uses
from tests.support.stores import HASH_KEY

__all__ = ["sail"]  # a fixture
PERIOD = Period(since=day(20), until=day(60))
MORE = ("ml_6h_phone_all_apps", "ml_12m_device_all_lenders")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A store with a model that learned from it."""
    _, store, model = trained(tmp_path_factory.mktemp("world"), small_facts())
    return Settings(store=f"sqlite:///{store}", model=str(model), hash_key=HASH_KEY)


def task_of(settings: Settings) -> BatchTask:
    with open_store(settings.store) as store:
        return BatchTask(settings, load_scorer(settings.model), store.revision(), MORE)


def prepared(settings: Settings, folder: Path) -> tuple[ExecutorTask, Stages]:
    """What executors are told, and the stages with their copies."""
    task = task_of(settings)
    with open_store(settings.store) as store:
        work = _work(task, PERIOD, store, str(folder))
        stages = Stages(None, work.folder, 1)
        _prepare(stages, task, store, PERIOD)
    return work, stages


def here(settings: Settings) -> list[dict[str, Any]]:
    return [row for chunk in scored(settings, PERIOD, Scoring(variables=MORE)) for row in chunk]


def test_an_executor_that_has_but_the_copies_gives_the_rows_of_this_machine(
    settings: Settings, tmp_path: Path
) -> None:
    work, stages = prepared(settings, tmp_path)
    told = pickle.loads(pickle.dumps(work))
    [subjects] = pq.read_table(stages.place("subjects")).to_batches()
    rows = [row for batch in told(iter([subjects])) for row in batch.to_pylist()]
    expected = here(settings)
    assert len(rows) == len(expected) > 40
    assert len({row["probability"] for row in rows}) > 10
    for n, (row, one) in enumerate(zip(rows, expected, strict=True)):
        assert row["position"] == n
        same = [name for name in one if name not in ("as_of", "decision")]
        assert {name: row[name] for name in same} == {name: one[name] for name in same}


def test_what_is_sent_to_executors_names_no_store_and_no_key(settings: Settings, tmp_path: Path) -> None:
    work, _ = prepared(settings, tmp_path)
    sent = pickle.dumps(work)
    assert settings.hash_key.encode() not in sent
    assert b"sqlite" not in sent


def test_an_application_that_the_copy_lacks_is_named(settings: Settings, tmp_path: Path) -> None:
    work, _ = prepared(settings, tmp_path)
    row = {"position": 0, "application_id": "nobodys", "applicant_id": "nobody", "as_of": 0}
    batches = SUBJECTS.empty_table().from_pylist([row], SUBJECTS).to_batches()
    with pytest.raises(NotFoundError, match="nobodys"):
        list(work(iter(batches)))


def test_rows_are_put_in_order_and_one_that_is_lost_or_there_twice_is_noticed(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_cluster, "WINDOW", 7)
    work, prepared_ = prepared(settings, tmp_path)
    [batch] = work(iter(pq.read_table(prepared_.place("subjects")).to_batches()))
    rows = batch.to_pylist()

    def written(lost: int | None, twice: int | None = None) -> list[str]:
        """The ids in order, of what three files hold, the last rows first."""
        told = [row for n, row in enumerate(rows) for _ in range(1 + (n == twice) - (n == lost))]

        def write(place: str) -> None:
            Path(place).mkdir(parents=True, exist_ok=True)
            for part in range(3):
                kept = told[part::3][::-1]
                pq.write_table(pa.Table.from_pylist(kept, batch.schema), Path(place) / f"{part}.parquet")

        Path(work.folder, "scored.done").unlink(missing_ok=True)
        stages = Stages(None, work.folder, 1)
        stages.made("scored", write)
        return [row["application_id"] for chunk in _in_order(stages) for row in chunk]

    assert written(None) == [row["application_id"] for row in here(settings)]
    for lost in (0, 7, len(rows) - 1):
        with pytest.raises(RingfenceError, match="rows in"):
            written(lost)
        with pytest.raises(RingfenceError, match="not one for each place"):
            written(lost, twice=5)


def test_a_cluster_that_writes_no_folder_for_nobody_gives_no_rows(settings: Settings, tmp_path: Path) -> None:
    task = task_of(settings)
    with open_store(settings.store) as store:
        nobody = replace(PERIOD, since=day(500), until=day(501))
        stages = Stages(None, _work(task, nobody, store, str(tmp_path)).folder, 1)
        _prepare(stages, task, store, nobody)
    stages.made("scored", lambda _: None)
    assert list(_in_order(stages)) == []


def test_work_that_differs_has_a_folder_of_its_own(settings: Settings) -> None:
    task = task_of(settings)
    with open_store(settings.store) as store:
        first = _work(task, PERIOD, store, "s").folder
        others = {
            _work(replace(task, revision=task.revision - 1), PERIOD, store, "s").folder,
            _work(replace(task, variables=()), PERIOD, store, "s").folder,
            _work(replace(task, scorer=None), PERIOD, store, "s").folder,
            _work(task, replace(PERIOD, until=day(59)), store, "s").folder,
            _work(replace(task, settings=replace(settings, approve_ceiling=0.1)), PERIOD, store, "s").folder,
        }
        assert _work(task, PERIOD, store, "s").folder == first
    assert len(others - {first}) == 5


def test_scores_of_an_older_version_are_not_found_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = task_of(settings)
    with open_store(settings.store) as store:
        folders = [_work(task, PERIOD, store, "s").folder]
        for what, older in (("product_version", lambda: "0.1.0"), ("VERSION", 1)):
            with monkeypatch.context() as earlier:
                earlier.setattr(spark_stages, what, older)
                folders.append(_work(task, PERIOD, store, "s").folder)
    assert folders[0].startswith(f"s/scores-{product_version()}.")
    assert len(set(folders)) == 3


def test_without_a_frame_there_is_nothing_to_copy(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="RINGFENCE_FRAME"):
        prepared(replace(settings, frame="none"), tmp_path)


def on_spark(folder: Path, partitions: int = 4) -> BatchEngine:
    plan = ClusterPlan(cluster="local[2]", stages=f"file://{folder}", memory_mb=1024, partitions=partitions)
    return OnCluster(replace(plan, keep_stages=True))


def file_of(settings: Settings, out: Path, engine: BatchEngine | None = None) -> bytes:
    """The scores' file: the same bytes for the same bits."""
    how = Scoring(variables=MORE) if engine is None else Scoring(engine, MORE)
    score(settings, PERIOD, ScoresOut(out), how)
    return out.read_bytes()


@pytest.fixture
def pyspark() -> None:
    pytest.importorskip("pyspark", reason="the extra `spark` is not installed")


@pytest.mark.slow
@pytest.mark.usefixtures("pyspark")
class TestOnSpark:
    @pytest.mark.parametrize("partitions", [1, 3, 8])
    def test_the_file_is_that_of_this_machine_to_the_last_byte(
        self, settings: Settings, tmp_path: Path, partitions: int
    ) -> None:
        local = file_of(settings, tmp_path / "here.parquet")
        assert file_of(settings, tmp_path / "there.parquet", on_spark(tmp_path, partitions)) == local

    def test_a_run_that_was_cut_off_goes_on_where_it_stopped(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        local = file_of(settings, tmp_path / "here.parquet")
        file_of(settings, tmp_path / "there.parquet", on_spark(tmp_path / "stages"))
        [stages] = (tmp_path / "stages").iterdir()
        early = {file: file.stat().st_mtime_ns for file in (stages / "frame").rglob("*")}
        # it died while rows were written
        (stages / "scored.done").unlink()
        next((stages / "scored").rglob("*.parquet")).unlink()
        assert file_of(settings, tmp_path / "again.parquet", on_spark(tmp_path / "stages")) == local
        assert {file: file.stat().st_mtime_ns for file in (stages / "frame").rglob("*")} == early

    def test_people_of_a_store_without_applications_are_scored_too(self, tmp_path: Path) -> None:
        pays = (
            does("ann", "transfer", 12, counterparty_id="bob"),
            does("eve", "transfer", 2),
            does("ann", "device_use", 11, uses("device", "d")),
        )
        given = Settings(store=f"sqlite:///{tmp_path / 'payments.db'}")
        with open_store(given.store) as store:
            store.add(Facts(events=pays))
        period = Period(since=day(10), until=day(30))
        rows = [
            [row for chunk in scored(given, period, how) for row in chunk]
            for how in (HERE, Scoring(on_spark(tmp_path / "stages")))
        ]
        assert [row["applicant_id"] for row in rows[0]] == ["ann", "bob"]
        assert rows[0] == rows[1]

    def test_a_period_without_anybody_is_an_empty_file(self, settings: Settings, tmp_path: Path) -> None:
        period = Period(since=day(500), until=day(501))
        out = ScoresOut(tmp_path / "nobody.parquet")
        assert score(settings, period, out, Scoring(on_spark(tmp_path / "stages")))["scored"] == 0
        assert pq.read_table(out.file).num_rows == 0

    def test_the_command_scores_on_a_cluster_and_cleans_up(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        store = f"sqlite:///{tmp_path / 'graph.db'}"
        with open_store(store) as opened:
            opened.add(random_facts(3))
        period = ["--since", "2025-01-06", "--until", "2025-02-20"]
        for engine in (["--processes", "1"], ["--engine", "spark", "--cluster", "local[2]"]):
            out = tmp_path / f"{engine[-1]}.csv"
            assert main(["score", "--store", store, *period, "--out", str(out), *engine]) == 0
        assert '"scored":' in capsys.readouterr().out
        rows = (tmp_path / "1.csv").read_text()
        assert len(rows.splitlines()) > 20
        assert (tmp_path / "local[2].csv").read_text() == rows


@pytest.mark.slow
@pytest.mark.usefixtures("pyspark")
def test_sail_scores_as_one_machine_does_to_the_last_byte(sail: str, tmp_path: Path) -> None:
    """Without a model, so that the shipped policy alone decides: its client runs in a process of its own."""
    store = f"sqlite:///{tmp_path / 'graph.db'}"
    with open_store(store) as opened:
        opened.add(random_facts(3))
    command = f"-m scripts.cli score --store {store} --since 2025-01-06 --until 2025-02-20".split()
    files = {}
    for name, how in (("here", []), ("sail", ["--engine", "spark", "--cluster", sail, "--partitions", "3"])):
        out = tmp_path / f"{name}.parquet"
        ran(*command, "--out", str(out), *how, before=(SAIL,) if how else ())
        files[name] = out.read_bytes()
    assert pq.read_table(tmp_path / "here.parquet").num_rows > 20
    assert files["here"] == files["sail"]
