"""The registry of models: states follow from a signed history that nobody rewrites, and the champion alone
serves.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnn.registry import models
from gnn.registry.history import NOTHING, HistoryEntry, ModelAction, ModelState, champions_of, models_of
from gnn.registry.models import Deed, ModelRegistry
from graph.model.errors import BundleError, RegistryError
from tests.support.models.made_bundles import made_bundle
from tests.support.small_worlds import day

KEYS = (("k1", b"0" * 31 + b"1"),)
PASSED: dict[str, Any] = {"passed": True, "checks": []}
FAILED: dict[str, Any] = {"passed": False, "checks": []}


def deed(by: str = "ann", reason: str = "") -> Deed:
    return Deed(by=by, at=day(70), reason=reason)


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "registry") if request.param == "folder" else f"memory://registry-{uuid4().hex}"


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, str]]:
    folder = tmp_path_factory.mktemp("bundles")
    return [(folder / str(p), made_bundle(folder / str(p), p)) for p in (0.1, 0.2, 0.3)]


@pytest.fixture
def full(place: str, bundles: list[tuple[Path, str]]) -> ModelRegistry:
    registry = ModelRegistry(place, KEYS)
    for folder, _ in bundles:
        registry.add(folder, deed())
    return registry


def states(registry: ModelRegistry) -> list[str]:
    return [model.state.value for model in registry.models().values()]


def test_a_registry_that_nobody_has_written_to_is_empty(place: str) -> None:
    registry = ModelRegistry(place, KEYS)
    assert (registry.entries(), registry.champion(), registry.shadows()) == ((), None, ())
    assert registry.head() == (0, NOTHING)


def test_a_bundle_comes_back_as_it_was_added_as_a_candidate(
    full: ModelRegistry, bundles: list[tuple[Path, str]]
) -> None:
    assert states(full) == ["candidate"] * 3
    for _, version in bundles:
        assert full.bundle(version).card["version"] == version


def test_a_bundle_that_is_there_is_not_added_again(
    full: ModelRegistry, bundles: list[tuple[Path, str]]
) -> None:
    before = full.head()
    full.add(bundles[0][0], deed())
    assert full.head() == before


def test_the_champion_of_before_retires_and_a_rollback_brings_it_back(
    full: ModelRegistry, bundles: list[tuple[Path, str]]
) -> None:
    a, b, _ = (version for _, version in bundles)
    full.promote(a, deed(), PASSED)
    full.promote(b, deed(), PASSED)
    assert states(full) == ["retired", "champion", "candidate"]
    full.roll_back(deed(reason="too many in review"))
    assert states(full) == ["champion", "retired", "candidate"]
    with pytest.raises(RegistryError, match="no earlier champion"):
        full.roll_back(deed())


def test_the_champion_neither_retires_nor_shadows_itself(
    full: ModelRegistry, bundles: list[tuple[Path, str]]
) -> None:
    version = bundles[0][1]
    full.promote(version, deed(), PASSED)
    for move in (full.retire, full.shadow):
        with pytest.raises(RegistryError, match="champion"):
            move(version, deed())


def test_a_model_in_shadow_stays_there_until_it_retires(
    full: ModelRegistry, bundles: list[tuple[Path, str]]
) -> None:
    version = bundles[1][1]
    full.shadow(version, deed())
    assert [model.version for model in full.shadows()] == [version]
    full.retire(version, deed())
    assert full.shadows() == ()


def test_what_fails_the_gate_is_promoted_only_by_force_with_a_reason(
    full: ModelRegistry, bundles: list[tuple[Path, str]]
) -> None:
    version = bundles[0][1]
    for forced, reason in ((False, ""), (False, "hurry"), (True, " ")):
        with pytest.raises(RegistryError, match="gate"):
            full.promote(version, deed(reason=reason), FAILED, forced=forced)
    full.refuse(version, deed(), FAILED)
    assert states(full)[0] == "candidate"
    full.promote(version, deed(reason="the champion is broken"), FAILED, forced=True)
    last = full.entries()[-1]
    assert (last.forced, last.reason, last.gate) == (True, "the champion is broken", FAILED)


def test_another_process_sees_what_was_written_and_only_one_of_two_writes_at_once(
    full: ModelRegistry, bundles: list[tuple[Path, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ModelRegistry(full.url, KEYS)
    assert other.models() == full.models()
    head = other.head()
    full.promote(bundles[0][1], deed(), PASSED)
    with monkeypatch.context() as patch:
        patch.setattr(other, "head", lambda: head)  # it looked just before
        patch.setattr(other, "entries", lambda: full.entries()[:-1])
        with pytest.raises(RegistryError, match="somebody else"):
            other.promote(bundles[1][1], deed(), PASSED)
    assert other.champion() == full.champion()


def test_what_was_decided_before_somebody_else_wrote_is_not_written(
    full: ModelRegistry, bundles: list[tuple[Path, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _, version in bundles:
        full.promote(version, deed(), PASSED)
    looked = models.champions_of

    def and_somebody_is_quicker(entries: Any) -> tuple[str, ...]:
        monkeypatch.setattr(models, "champions_of", looked)
        champions = looked(entries)
        full.roll_back(deed("bob"))
        return champions

    monkeypatch.setattr(models, "champions_of", and_somebody_is_quicker)
    with pytest.raises(RegistryError, match="somebody else"):
        ModelRegistry(full.url, KEYS).roll_back(deed())
    assert states(full) == ["retired", "champion", "retired"]
    assert full.roll_back(deed()).version == bundles[0][1], "and nothing was gone back to twice"


def test_a_model_is_named_by_its_first_characters_and_the_champion_by_its_state(
    full: ModelRegistry, bundles: list[tuple[Path, str]]
) -> None:
    version = bundles[2][1]
    assert full.named(version[:6]).version == version
    with pytest.raises(RegistryError, match="no model 'champion'"):
        full.named("champion")
    full.promote(version, deed(), PASSED)
    assert full.named("champion").version == version


def _changed(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    values = json.loads(path.read_text("utf-8"))
    change(values)
    path.write_text(json.dumps(values), "utf-8")


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values["entry"].update(by="mallory"),
        lambda values: values["entry"].update(digest="0" * 64),
        lambda values: values["entry"]["gate"].update(passed=False),
        lambda values: values.update(signature="0" * 64),
        lambda values: values.pop("signature"),
        lambda values: values.update(key="k9"),
    ],
)
def test_a_history_in_which_anything_was_changed_is_refused(
    change: Callable[[dict[str, Any]], None], tmp_path: Path, bundles: list[tuple[Path, str]]
) -> None:
    registry = ModelRegistry(str(tmp_path), KEYS)
    registry.add(bundles[0][0], deed())
    registry.promote(bundles[0][1], deed(), PASSED)
    _changed(tmp_path / "history" / "00000002.json", change)
    with pytest.raises(RegistryError, match="entry"):
        ModelRegistry(str(tmp_path), KEYS).entries()


def test_entries_do_not_change_places(tmp_path: Path, bundles: list[tuple[Path, str]]) -> None:
    registry = ModelRegistry(str(tmp_path), KEYS)
    for folder, _ in bundles:
        registry.add(folder, deed())
    shutil.move(tmp_path / "history" / "00000003.json", tmp_path / "history" / "00000002.json")
    with pytest.raises(RegistryError, match="entry 2"):
        ModelRegistry(str(tmp_path), KEYS).entries()


def test_a_bundle_that_was_swapped_for_another_is_not_opened(
    tmp_path: Path, bundles: list[tuple[Path, str]]
) -> None:
    registry = ModelRegistry(str(tmp_path), KEYS)
    (folder, version), (other, _) = bundles[:2]
    registry.add(folder, deed())
    shutil.copytree(other, tmp_path / "bundles" / version, dirs_exist_ok=True)
    with pytest.raises(BundleError, match="another model"):
        registry.bundle(version)


def test_another_key_does_not_open_it_and_a_rotated_one_does(
    tmp_path: Path, bundles: list[tuple[Path, str]]
) -> None:
    ModelRegistry(str(tmp_path), KEYS).add(bundles[0][0], deed())
    for keys in ((("k1", b"another"),), (("k2", b"another"),)):
        with pytest.raises(RegistryError, match="entry"):
            ModelRegistry(str(tmp_path), keys).entries()
    rotated = ModelRegistry(str(tmp_path), (("k2", b"another"), *KEYS))
    rotated.shadow(bundles[0][1], deed())
    assert len(ModelRegistry(str(tmp_path), (("k2", b"another"),)).entries()) == 2  # what follows vouches


MOVES = st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(["promote", "back", "retire", "shadow"])))


@given(MOVES)
def test_there_is_one_champion_at_most_and_going_back_undoes_a_promotion(
    moves: list[tuple[str, str]],
) -> None:
    entries: list[HistoryEntry] = []

    def happened(action: ModelAction, version: str, after: ModelState) -> None:
        entries.append(
            HistoryEntry(
                number=len(entries) + 1,
                at=day(len(entries)),
                by="ann",
                action=action,
                version=version,
                before=None,
                after=after,
                digest="",
                previous="",
            )
        )

    for version in "ABC":
        happened(ModelAction.ADD, version, ModelState.CANDIDATE)
    expected: list[str] = []
    for version, move in moves:
        if move == "promote" and expected[-1:] != [version]:
            happened(ModelAction.PROMOTE, version, ModelState.CHAMPION)
            expected.append(version)
        elif move == "back" and len(expected) > 1:
            expected.pop()
            happened(ModelAction.ROLL_BACK, expected[-1], ModelState.CHAMPION)
        elif move in ("retire", "shadow") and expected[-1:] != [version]:
            happened(ModelAction(move), version, ModelState("retired" if move == "retire" else move))
        serving = [m.version for m in models_of(entries).values() if m.state is ModelState.CHAMPION]
        assert serving == expected[-1:]
        assert champions_of(entries) == tuple(expected)
