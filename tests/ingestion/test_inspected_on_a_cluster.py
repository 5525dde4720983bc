"""Tasks read every file of a delivery through before anything begins, and the driver none."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.model.errors import DeliveryError
from graph.rings.spark.stages import Stages
from ingestion.loading import delivery as on_this_machine
from ingestion.loading.delivery import open_delivery
from ingestion.loading.found import find_delivery
from ingestion.spark import inspecting
from ingestion.spark.inspecting import inspected_on
from tests.support.deliveries import APPLICATION, deliver
from tests.support.servers.played_cluster import PlayedSession
from tests.support.worlds.troubled_deliveries import troubled_delivery


def stages_in(folder: Path) -> Stages:
    return Stages(PlayedSession(), f"file://{folder}", 500_000)


def test_the_cluster_finds_what_a_load_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = troubled_delivery(tmp_path / "week", applicants=100, days=100)
    expected = open_delivery(records)
    monkeypatch.setattr(on_this_machine, "read_through", lambda *_: pytest.fail("the driver reads a file"))
    assert inspected_on(stages_in(tmp_path / "stages"), find_delivery(records)) == expected


def test_what_was_read_through_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_delivery(deliver(tmp_path / "week", applications=[APPLICATION]))
    first = inspected_on(stages_in(tmp_path / "stages"), found)
    monkeypatch.setattr(inspecting, "read_through", lambda *_: pytest.fail("a file is read again"))
    assert inspected_on(stages_in(tmp_path / "stages"), found) == first


def test_the_first_file_that_cannot_be_used_is_named_as_a_load_names_it(tmp_path: Path) -> None:
    records = deliver(tmp_path / "week", applications=[APPLICATION], labels=[{"label": "fraud"}])
    for name in ("events", "outcomes"):
        (records / f"{name}.parquet").write_bytes(b"PAR1 is all that is left PAR1")
    with pytest.raises(DeliveryError) as of_a_load:
        open_delivery(records)
    with pytest.raises(DeliveryError) as on_a_cluster:
        inspected_on(stages_in(tmp_path / "stages"), find_delivery(records))
    assert str(on_a_cluster.value) == str(of_a_load.value)
    assert "events.parquet" in str(of_a_load.value)
    assert not list((tmp_path / "stages").rglob("*.done")), "the same command reads it again"


def test_a_file_that_no_executor_sees_is_named(tmp_path: Path) -> None:
    records = deliver(tmp_path / "week", applications=[APPLICATION])
    found = find_delivery(records)
    (records / "applications.csv").unlink()
    with pytest.raises(DeliveryError, match=r"an executor does not see applications\.csv of the delivery"):
        inspected_on(stages_in(tmp_path / "stages"), found)
