"""`ringfence models`: a promotion goes through the gate, what it found is kept, and one command goes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gnn.registry.checks import GateResult
from gnn.registry.models import ModelRegistry
from gnn.scoring import bundle
from graph.model.errors import BundleError, RegistryError
from graph.model.types import Facts
from scripts.cli.command import UNUSABLE
from scripts.cli.main import main
from service.governance.gates import promotion
from tests.support.models.made_bundles import made_against_crowds, made_bundle
from tests.support.models.small_models import TODAY, small_facts
from tests.support.small_worlds import applies, day, facts_of, fraud, uses
from tests.support.stores import HASH_KEY, open_url, store_url

CARD = {"trained_as_of": day(5).isoformat(), "capacity": 0.15}


class Desk:
    """Somebody at a terminal, with a store, a registry, and bundles that a training left."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], facts: Facts) -> None:
        self.store, self.registry, self._capsys = store_url(folder / "store.db"), folder / "registry", capsys
        with open_url(self.store) as store:
            store.add(facts)
        self.sharp = made_bundle(folder / "sharp", 0.05, 0.9, **CARD)
        self.fooled = made_bundle(folder / "fooled", 0.05, 0.001, **CARD)

    def run(self, *arguments: str, status: int = 0) -> dict[str, Any]:
        common = ["--store", self.store, "--registry", str(self.registry), "--by", "ann", "--json"]
        assert main(["models", *arguments, *common]) == status
        out: dict[str, Any] = json.loads(self._capsys.readouterr().out.splitlines()[-1])
        return out

    def promote(self, version: str, *more: str, status: int = 0) -> dict[str, Any]:
        return self.run("promote", version, "--as-of", TODAY.isoformat(), *more, status=status)

    def history(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.run("list", "--history")["history"]
        return found


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    monkeypatch.setenv("RINGFENCE_GATE_ECE", "1")  # models by hand promise nothing
    made = Desk(tmp_path, capsys, small_facts())
    for name in ("sharp", "fooled"):
        assert made.run("add", str(tmp_path / name))["state"] == "candidate"
    return made


def test_a_model_is_promoted_refused_forced_and_taken_back(desk: Desk) -> None:
    first = desk.promote(desk.sharp[:6])
    assert (first["against"], first["passed"], first["champion"]) == ("bare counts", True, True)
    refused = desk.promote(desk.fooled, status=1)
    assert (refused["against"], refused["champion"]) == (desk.sharp, False)
    assert any("recall_at_capacity" in one for one in refused["failed"])
    forced = desk.promote(desk.fooled, "--force", "--reason", "the sharp one is too slow")
    assert (forced["passed"], forced["forced"], forced["champion"]) == (False, True, True)
    back = desk.run("rollback", "--reason", "frauds got through")
    assert (back["version"], back["state"]) == (desk.sharp, "champion")
    told = [(one["action"], one["from"], one["to"], one["forced"], one["gate"]) for one in desk.history()[2:]]
    assert told == [
        ("promote", "candidate", "champion", False, True),
        ("refuse", "candidate", "candidate", False, False),
        ("promote", "candidate", "champion", True, False),
        ("rollback", "retired", "champion", False, None),
    ]
    listed = desk.run("list")
    assert (listed[desk.sharp]["state"], listed[desk.fooled]["state"]) == ("champion", "retired")


def test_a_model_is_measured_again_where_another_has_come_to_serve_meanwhile(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    later = made_bundle(tmp_path / "later", 0.06, 0.9, **CARD)
    desk.run("add", str(tmp_path / "later"))
    measure = promotion.judged

    def slowly(settings: Any, store: Any, registry: ModelRegistry, *given: Any) -> GateResult:
        result = measure(settings, store, registry, *given)
        monkeypatch.setattr(promotion, "judged", measure)
        desk.promote(desk.sharp)  # by somebody else, who was quicker
        return result

    monkeypatch.setattr(promotion, "judged", slowly)
    given = ["--store", desk.store, "--registry", str(desk.registry), "--as-of", TODAY.isoformat()]
    assert main(["models", "promote", later, *given]) == UNUSABLE
    assert f"{later} was measured beside bare counts" in capsys.readouterr().err
    assert desk.run("list")[desk.sharp]["state"] == "champion"
    assert desk.promote(later)["against"] == desk.sharp


def test_two_models_are_held_side_by_side_on_the_same_applications(desk: Desk) -> None:
    found = desk.run("compare", desk.fooled, desk.sharp, "--as-of", TODAY.isoformat())
    assert found[desk.sharp]["recall_at_capacity"] > found[desk.fooled]["recall_at_capacity"]
    assert found["difference"]["recall_at_capacity"]["low"] > 0
    assert found["slice"]["frauds"] >= 10


def test_a_training_adds_its_bundle_as_a_candidate(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = []

    def trained(_store: object, _as_of: object, out: Path, *_: object) -> dict[str, object]:
        versions.append(made_bundle(out, 0.07, **CARD))
        test = {"samples": 1, "frauds": 1}
        return {"test": test, "serves": "trees", "evidence": {"sentence": ""}}

    monkeypatch.setattr("gnn.training.run.train_model", trained)
    given = ["--store", desk.store, "--as-of", "2025-03-01", "--out", str(tmp_path / "new")]
    assert main(["train", *given, "--registry", str(desk.registry)]) == 0
    entry = desk.history()[-1]
    assert (entry["version"], entry["action"], entry["to"]) == (versions[0], "add", "candidate")
    assert entry["reason"] == "trained as of 2025-03-01"


def test_a_champion_that_newer_code_cannot_read_may_be_followed_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.promote(desk.sharp)
    read = bundle.read

    def newer(folder: Path, pinned: str = "") -> bundle.ModelBundle:
        if folder.name == desk.sharp:
            raise BundleError("it was trained on other inputs")
        return read(folder, pinned)

    monkeypatch.setattr(bundle, "read", newer)
    assert desk.run("list")[desk.sharp]["usable"] is False
    assert desk.promote(desk.fooled, "--force", "--reason", "the upgrade")["against"] == "bare counts"


def test_a_first_model_that_nothing_can_measure_yet_serves_by_force_alone(desk: Desk) -> None:
    early = ["promote", desk.sharp, "--as-of", "2001-01-01"]
    refused = desk.run(*early, status=1)
    assert (refused["champion"], [*refused["checks"]]) == (False, ["measurable"])
    assert "are needed" in refused["failed"][0]
    forced = desk.run(*early, "--force", "--reason", "the first one")
    assert (forced["passed"], forced["forced"], forced["champion"]) == (False, True, True)
    assert [one["action"] for one in desk.history()[2:]] == ["refuse", "promote"]


def with_a_dormitory() -> Facts:
    """People who live alone, a dormitory, and a crew with strange faces that moves in there."""
    alone = [applies(f"s{n:03}", 6 + n / 20, uses("wifi", f"s{n:03}"), face_match=0.9) for n in range(200)]
    living = [applies(f"d{n:03}", 6 + n / 10, uses("wifi", "hall"), face_match=0.9) for n in range(60)]
    crew = [applies(f"c{n:03}", 12 + n / 2, uses("wifi", "hall"), face_match=0.1) for n in range(20)]
    labels = [fraud(one.application_id, 30 + n / 2) for n, one in enumerate(crew)]
    return facts_of(*alone, *living, *crew, *labels)


def test_a_challenger_that_learned_a_dormitory_is_refused_and_forced_with_a_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    monkeypatch.setenv("RINGFENCE_GATE_ECE", "1")
    desk, enough = Desk(tmp_path, capsys, with_a_dormitory()), CARD | {"capacity": 0.5}
    faces = made_bundle(tmp_path / "faces", 0.05, 0.9, **enough)
    crowds = made_against_crowds(tmp_path / "crowds", 0.05, 0.9, **enough)
    for name in ("faces", "crowds"):
        desk.run("add", str(tmp_path / name))
    desk.promote(faces, "--force", "--reason", "the first one")
    refused = desk.promote(crowds, status=1)
    assert refused["champion"] is False
    assert refused["checks"]["recall_at_capacity"]["passed"], "it finds the crew as the champion does"
    (failed,) = refused["failed"]
    whom = "fairness to dormitory: 52 of the group's honest are held up, 0.0 if they fared as others"
    assert failed.startswith(whom), "all but the first eight, who did not live in a crowd yet"
    assert "105.0 times, 1.0 by the other model" in failed
    forced = desk.promote(crowds, "--force", "--reason", "the crew lives there, says the police")
    assert (forced["champion"], forced["failed"]) == (True, [failed])
    assert [(one["action"], one["reason"], one["forced"], one["gate"]) for one in desk.history()[3:]] == [
        ("refuse", "", False, False),
        ("promote", "the crew lives there, says the police", True, False),
    ]
    kept = ModelRegistry(str(desk.registry), (("k1", HASH_KEY.encode()),)).entries()[-1].as_json()["gate"]
    (check,) = [one for one in kept["checks"] if not one["passed"]]
    assert f"{check['name']}: {check['sentence']}" == failed
    newest = max((desk.registry / "history").glob("*.json"))
    newest.write_text(newest.read_text("utf-8").replace("says the police", "says nobody"), "utf-8")
    with pytest.raises(RegistryError):
        ModelRegistry(str(desk.registry), (("k1", HASH_KEY.encode()),)).entries()


def test_force_without_a_reason_is_refused_before_anything_is_measured(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--store", desk.store, "--registry", str(desk.registry)]
    assert main(["models", "promote", desk.sharp, "--force", *given]) == 2
    assert "--reason" in capsys.readouterr().err


def test_without_a_registry_the_next_step_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list"]) == 2
    assert "--registry" in capsys.readouterr().err
