"""The features of a period as a file: what training reads of each application, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from gnn import batch_on_spark
from gnn.batch_extraction import extract_all
from graph.frame.location import frame_of
from graph.frame.walk.seeds import seeds
from graph.model.errors import ConflictError
from graph.model.moments import micros
from graph.model.types import Facts
from graph.store.port import GraphStore
from scripts.cli.main import main
from service.assessment.batches import feature_table
from service.assessment.batches.feature_table import FeaturesOut, write_features
from service.assessment.batches.work import Period
from service.engines import look_engine
from service.engines.cluster import Cluster, ClusterPlan
from service.settings import Settings
from tests.support.servers.played_cluster import PlayedSession
from tests.support.small_worlds import applies, day, does, fraud, random_facts, uses
from tests.support.stores import open_store, store_url

PERIOD = Period(since=day(20), until=day(60))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    with open_store(tmp_path / "graph.db") as store:
        store.add(random_facts(3))
    return Settings(store=store_url(tmp_path / "graph.db"))


def test_each_application_of_the_period_has_the_row_that_training_reads(
    settings: Settings, tmp_path: Path
) -> None:
    figures = write_features(settings, PERIOD, FeaturesOut(tmp_path / "f.parquet"))
    table = pq.read_table(tmp_path / "f.parquet")
    with open_store(tmp_path / "graph.db") as store:
        created = list(store.view(PERIOD.until).applications(PERIOD.since))
        ids, at = [one.application_id for one in created], [micros(one.applied_at) for one in created]
        frame = frame_of(store)
        rows = extract_all(
            frame, store.revision(), seeds(ids, np.ones(len(ids), np.bool_), np.array(at))
        ).rows
        frame.close()
    assert figures["rows"] == len(ids) > 30
    assert table["application_id"].to_pylist() == ids
    assert table["applicant_id"].to_pylist() == [one.applicant_id for one in created]
    assert [micros(one) for one in table["as_of"].to_pylist()] == at
    assert len(set(table.column_names)) == rows.shape[1] + 3
    for place, name in enumerate(table.column_names[3:]):
        column = np.array(table[name].to_pandas(), np.float64)
        assert np.array_equal(column, rows[:, place], equal_nan=True), name


def test_what_was_said_of_the_subject_itself_changes_nothing_in_its_row(tmp_path: Path) -> None:
    asked = Facts(applications=(applies("me", 1), applies("me", 20)))
    for name, labels in (("told", (fraud("me@1", 5),)), ("untold", ())):
        with open_store(tmp_path / f"{name}.db") as store:
            store.add(replace(asked, labels=labels))
        settings = Settings(store=store_url(tmp_path / f"{name}.db"))
        write_features(settings, PERIOD, FeaturesOut(tmp_path / f"{name}.parquet"))
    told, untold = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("told", "untold"))
    assert told.num_rows == 1
    assert told.equals(untold)


def test_people_of_a_store_without_applications_have_rows_as_of_the_periods_end(tmp_path: Path) -> None:
    events = (
        does("ann", "transfer", 22, counterparty_id="bob"),
        does("eve", "device_use", 2, uses("device", "d")),
    )
    with open_store(tmp_path / "graph.db") as store:
        store.add(Facts(events=events))
    out = tmp_path / "f.parquet"
    write_features(Settings(store=store_url(tmp_path / "graph.db")), PERIOD, FeaturesOut(out))
    table = pq.read_table(out)
    assert table["applicant_id"].to_pylist() == ["ann", "bob"]
    assert table["application_id"].to_pylist() == [None, None]
    assert set(table["as_of"].to_pylist()) == {PERIOD.until}


def test_people_who_are_erased_meanwhile_leave_no_file(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def erasing(_name: str, _plan: ClusterPlan, store: GraphStore) -> Iterator[object]:
        monkeypatch.setattr(type(store), "edition", lambda _: 5)
        yield look_engine.NeighbourhoodBatch

    monkeypatch.setattr(feature_table, "look_engine", erasing)
    with pytest.raises(ConflictError, match="erased while"):
        write_features(settings, PERIOD, FeaturesOut(tmp_path / "f.parquet"))
    assert not list(tmp_path.glob("*f.parquet*"))


def test_a_cluster_writes_the_file_of_one_machine(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextmanager
    def played(plan: ClusterPlan) -> Iterator[Cluster]:
        yield Cluster(PlayedSession(), plan.stages)

    monkeypatch.setattr(look_engine, "opened_cluster", played)
    monkeypatch.setattr(batch_on_spark, "WINDOW", 32)
    monkeypatch.setattr(feature_table, "ROW_GROUP", 32)
    given = ["features", "--store", settings.store, "--since", "2025-01-06", "--until", "2025-02-20"]
    for name, how in (("here", []), ("there", ["--engine", "spark", "--stages", str(tmp_path / "stages")])):
        for kind in ("csv", "parquet"):
            assert main([*given, "--out", str(tmp_path / f"{name}.{kind}"), *how]) == 0
            assert '"rows":' in capsys.readouterr().out
    rows = (tmp_path / "here.csv").read_text()
    assert len(rows.splitlines()) > 40
    assert (tmp_path / "there.csv").read_text() == rows
    assert (tmp_path / "there.parquet").read_bytes() == (tmp_path / "here.parquet").read_bytes()
    assert pq.read_metadata(tmp_path / "here.parquet").num_row_groups == 2


def test_a_file_that_can_be_no_table_is_refused(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["features", "--store", settings.store, "--since", "2025-01-06", "--until", "2025-02-20"]
    assert main([*given, "--out", str(tmp_path / "f.xlsx")]) == 2
    assert "name a file that ends in .parquet or .csv" in capsys.readouterr().err
