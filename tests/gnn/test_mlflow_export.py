"""A registry's models in MLflow: each version one run, with what the card says, where it stands, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gnn.registry.models import Deed, ModelRegistry
from scripts.cli.command import UNUSABLE
from scripts.cli.main import main
from tests.support.models.made_bundles import made_bundle
from tests.support.small_worlds import applies, day, facts_of
from tests.support.stores import HASH_KEY, open_url, store_url

DEED = Deed(by="ann", at=day(69), reason="to see it")
TEST = {"samples": 90, "measures": {"trees": {"ap": 0.5, "auc": 0.75, "ece": None}}, "all": {}}


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelRegistry:
    """Two models, one of them champion."""
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    monkeypatch.setenv("RINGFENCE_STORE", store_url(tmp_path / "store.db"))
    monkeypatch.setenv("RINGFENCE_REGISTRY", str(tmp_path / "registry"))
    with open_url(store_url(tmp_path / "store.db")) as store:
        store.add(facts_of(applies("p1", 1)))
    made = ModelRegistry(str(tmp_path / "registry"), (("k1", HASH_KEY.encode()),))
    for name, probability in (("one", 0.05), ("other", 0.5)):
        made_bundle(tmp_path / name, probability, test=TEST, plan={"rounds": 100})
        made.add(tmp_path / name, DEED)
    made.promote(next(iter(made.models())), DEED, {"passed": True, "checks": []})
    return made


def exported(place: Path, capsys: pytest.CaptureFixture[str], *names: str) -> dict[str, Any]:
    assert main(["models", "export", *names, "--mlflow", str(place), "--json"]) == 0
    out: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return out


def test_a_version_is_one_run_however_often_it_is_exported(
    registry: ModelRegistry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mlflow = pytest.importorskip("mlflow")
    champion, other = registry.models()
    assert exported(tmp_path / "runs", capsys, champion[:6])["new"] == [champion]
    assert exported(tmp_path / "runs", capsys)["new"] == [other]
    registry.promote(other, DEED, {"passed": True, "checks": []})
    again = exported(tmp_path / "runs", capsys)
    assert (again["runs"], again["new"], again["unusable"]) == (2, [], {})
    client = mlflow.MlflowClient(tracking_uri=(tmp_path / "runs").as_uri())
    experiment = client.get_experiment_by_name("ringfence").experiment_id
    runs = {run.info.run_name: run for run in client.search_runs([experiment])}
    assert {name: run.data.tags["ringfence.state"] for name, run in runs.items()} == {
        champion: "retired",
        other: "champion",
    }
    data = runs[other].data
    assert (data.metrics["test.trees.ap"], data.metrics["test.samples"]) == (0.5, 90)
    assert "test.trees.ece" not in data.metrics
    assert (data.params["serves"], data.params["plan.rounds"]) == ("trees", "100")
    files = Path(client.download_artifacts(runs[other].info.run_id, "", str(tmp_path)))
    assert json.loads((files / "card.json").read_text())["version"] == other
    history = json.loads((files / "history.json").read_text())["history"]
    assert [one["action"] for one in history] == ["add", "promote"]
    assert history[-1]["gate"]["passed"] is True


def test_without_mlflow_it_is_said_what_to_install(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "mlflow", None)
    assert main(["models", "export", "--mlflow", "runs"]) == UNUSABLE
    assert "pip install 'ringfence[mlflow]'" in capsys.readouterr().err
    assert main(["models", "export"]) == UNUSABLE
    assert main(["models", "list", "--mlflow", "runs"]) == UNUSABLE
