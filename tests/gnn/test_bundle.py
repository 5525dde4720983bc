"""A model bundle: plain files, whole or refused, and never read by code that computes other inputs."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from gnn.scoring import bundle
from gnn.scoring.bundle import CARD, NETWORK, USUAL
from gnn.scoring.scorer import Scorer
from gnn.training.parts import OWN_VERDICTS
from graph.facts.distributions import Distribution
from graph.features import extraction
from graph.model.errors import BundleError, SettingError
from service.opening import load_scorer
from service.settings import Settings
from tests.support.full_disks import full_disk
from tests.support.models.small_models import small_facts, trained


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("bundle"), small_facts())[2]


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "copy"))


def test_a_bundle_is_plain_files_and_no_pickle(made: Path) -> None:
    assert {path.suffix for path in made.iterdir()} == {".json", ".safetensors", ".txt"}


def test_the_card_says_what_the_model_is(made: Path) -> None:
    card = json.loads((made / CARD).read_text("utf-8"))
    stated = {
        "name", "version", "trained_as_of", "plan", "horizon_days", "capacity", "serves", "evidence",
        "review_probability", "decline_probability", "uncertainty_at", "calibration", "network_usual",
        "typical_p95", "typical_p05", "data", "test", "validation", "format", "inputs", "columns", "network",
        "files",
    }  # fmt: skip
    assert card.keys() == stated
    assert card["inputs"]["signals"] == list(extraction.SIGNAL_NAMES)
    assert card["review_probability"] <= card["decline_probability"]


def test_every_field_of_the_card_is_documented(made: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "model.md").read_text("utf-8")
    assert [field for field in json.loads((made / CARD).read_text("utf-8")) if f"`{field}`" not in text] == []


def test_a_bundle_says_what_was_usual_in_the_slice_it_learned_from(made: Path, copied: Path) -> None:
    usual = bundle.read(made).usual
    assert usual["until"] == json.loads((made / CARD).read_text("utf-8"))["trained_as_of"]
    kept = {name: Distribution.from_json(one) for name, one in usual["distributions"].items()}
    assert set(extraction.SIGNAL_NAMES) - OWN_VERDICTS < kept.keys()
    linking = {name for name in kept if name.startswith("linking.")}
    assert kept.keys() - set(extraction.SIGNAL_NAMES) == {"probability", *linking}
    assert kept["linking.device"].count == usual["samples"] > 100
    assert 0.0 < kept["probability"].count <= usual["samples"]
    assert all(sum(one.shares) == pytest.approx(1.0, abs=1e-4) for one in kept.values())
    (copied / USUAL).write_text("{}")
    with pytest.raises(BundleError, match=r"usual\.json is damaged"):
        Scorer.load(copied)


def test_a_bundle_of_an_earlier_release_does_not_say_what_was_usual_and_serves(copied: Path) -> None:
    (copied / USUAL).unlink()
    files = json.loads((copied / CARD).read_text("utf-8"))["files"]
    with_card(copied, files={name: digest for name, digest in files.items() if name != USUAL})
    assert Scorer.load(copied).version
    assert bundle.read(copied).usual == {}


def test_writing_again_what_was_read_gives_the_same_version(made: Path, tmp_path: Path) -> None:
    again = bundle.write(bundle.read(made), tmp_path / "again")
    assert again["version"] == json.loads((made / CARD).read_text("utf-8"))["version"]


def test_a_new_bundle_takes_the_place_of_the_old_one_and_leaves_nothing_beside(
    made: Path, tmp_path: Path
) -> None:
    out = tmp_path / "models" / "first"
    for _ in range(2):
        bundle.write(bundle.read(made), out)
    assert [path.name for path in out.parent.iterdir()] == ["first"]


def test_a_missing_bundle_is_refused_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"ringfence train --out"):
        Scorer.load(tmp_path / "nowhere")


def test_an_unreadable_card_is_refused(copied: Path) -> None:
    (copied / CARD).write_text("{", "utf-8")
    with pytest.raises(BundleError, match="cannot be read"):
        Scorer.load(copied)


def test_a_card_changed_by_hand_is_refused(copied: Path) -> None:
    card = json.loads((copied / CARD).read_text("utf-8"))
    (copied / CARD).write_text(json.dumps(card | {"review_probability": 0.9}), "utf-8")
    with pytest.raises(BundleError, match="changed after training"):
        Scorer.load(copied)


def test_a_card_that_lacks_a_field_is_refused_by_the_fields_name(copied: Path) -> None:
    card = json.loads((copied / CARD).read_text("utf-8"))
    del card["uncertainty_at"]
    (copied / CARD).write_text(json.dumps(card), "utf-8")
    with pytest.raises(BundleError, match="lacks uncertainty_at"):
        Scorer.load(copied)


@pytest.mark.parametrize("name", [NETWORK, "blend.0.txt"])
def test_a_damaged_file_is_refused_by_its_name(copied: Path, name: str) -> None:
    content = (copied / name).read_bytes()
    (copied / name).write_bytes(content[:-1] + b"?")
    with pytest.raises(BundleError, match=name):
        Scorer.load(copied)


def test_a_lost_file_is_refused_by_its_name(copied: Path) -> None:
    (copied / "trees.1.txt").unlink()
    with pytest.raises(BundleError, match=r"lacks trees\.1\.txt"):
        Scorer.load(copied)


def test_a_bundle_made_for_other_inputs_is_refused_with_the_names_that_differ(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    renamed = ("brand_new_signal", *extraction.SIGNAL_NAMES[1:])
    monkeypatch.setattr(bundle, "SIGNAL_NAMES", renamed)
    with pytest.raises(
        BundleError, match=f"needs {extraction.SIGNAL_NAMES[0]}; it does not know brand_new_signal"
    ):
        Scorer.load(made)


def test_a_bundle_whose_inputs_are_in_another_order_is_refused(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "SIGNAL_NAMES", extraction.SIGNAL_NAMES[::-1])
    with pytest.raises(BundleError, match="signals: their order differs"):
        Scorer.load(made)


def with_card(folder: Path, **changes: object) -> None:
    """Whoever makes a bundle by hand writes a card that holds together."""
    card = json.loads((folder / CARD).read_text("utf-8")) | changes
    (folder / CARD).write_text(json.dumps(card | {"version": bundle._digest(card)}), "utf-8")


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/hostname", "sub/trees.0.txt", "..", "", "a b", "trees.0.txt\n"]
)
def test_a_bundle_names_only_files_of_its_own_folder(copied: Path, name: str) -> None:
    (copied.parent / "outside").write_text("x")
    with_card(
        copied,
        files=json.loads((copied / CARD).read_text("utf-8"))["files"]
        | {name: hashlib.sha256(b"x").hexdigest()},
    )
    with pytest.raises(BundleError, match="no plain names"):
        Scorer.load(copied)


@pytest.mark.parametrize("name", [NETWORK, "trees.0.txt", CARD])
def test_no_link_in_a_bundle_is_followed(copied: Path, name: str) -> None:
    (copied / name).rename(copied.parent / "elsewhere")
    (copied / name).symlink_to(copied.parent / "elsewhere")
    with pytest.raises(BundleError, match=name if name != CARD else "card"):
        Scorer.load(copied)


def test_a_bundle_made_by_hand_that_does_not_hold_together_is_refused(copied: Path) -> None:
    (copied / "trees.x.txt").write_text("x")
    with_card(
        copied,
        files=json.loads((copied / CARD).read_text("utf-8"))["files"]
        | {"trees.x.txt": hashlib.sha256(b"x").hexdigest()},
    )
    with pytest.raises(BundleError, match="hold together"):
        Scorer.load(copied)


def test_only_the_model_with_the_pinned_digest_is_taken(copied: Path) -> None:
    pinned = hashlib.sha256((copied / CARD).read_bytes()).hexdigest()
    assert bundle.digest(copied) == pinned
    assert load_scorer(str(copied), pinned.upper()).version
    with_card(copied, capacity=0.5)
    with pytest.raises(BundleError, match="RINGFENCE_MODEL_DIGEST"):
        load_scorer(str(copied), pinned)
    with pytest.raises(SettingError, match="SHA-256"):
        Settings(model_digest=pinned[:12])


def test_a_bundle_is_its_owners_alone(made: Path) -> None:
    assert {path.stat().st_mode & 0o777 for path in made.iterdir()} == {0o600}
    assert made.stat().st_mode & 0o777 == 0o700


# A service with that model, its own store and casebook in a folder, assesses one application; printed is what
# of the learning libraries it loaded.
SERVES = """
import hashlib
import sys
from service.app import create_app
from service.settings import Settings
from service.wiring import wire
folder, model = sys.argv[1:]
KEY = hashlib.sha256(b"engine").hexdigest()
urls = {name: f"sqlite:///{folder}/{name}.db" for name in ("store", "casebook")}
context = wire(Settings(**urls, model=model, api_keys=f"engine:{KEY}:risk@*", timeout_ms=60_000))
request = {"application_id": "one", "applicant_id": "me", "platform_id": "L1", "amount": 8000}
client = create_app(context).test_client()
answer = client.post("/risk", json=request, headers={"Authorization": f"Bearer {KEY}"})
assert answer.json["degraded"]["level"] == "full", answer.text
print(*sorted({"torch", "torch_geometric", "sklearn", "lightgbm"} & set(sys.modules)))
"""


def test_a_service_with_a_model_answers_without_the_libraries_that_learn(made: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SERVES, str(tmp_path), str(made)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


@pytest.mark.parametrize("changed", [{"hidden": 9}, {"layers": 3}, {"width": 1}, {"hidden": "many"}])
def test_a_network_of_another_shape_than_the_card_says_is_refused(
    copied: Path, changed: dict[str, object]
) -> None:
    with_card(copied, network=json.loads((copied / CARD).read_text("utf-8"))["network"] | changed)
    with pytest.raises(BundleError, match="hold together"):
        Scorer.load(copied)


@pytest.mark.parametrize(
    "content", ["", "no trees", "tree\nmax_feature_idx=3\n\nTree=0\nnum_leaves=2\nleaf_value=1 2\n"]
)
def test_a_file_of_trees_that_is_none_is_refused(copied: Path, content: str) -> None:
    card = json.loads((copied / CARD).read_text("utf-8"))
    name = f"{card['serves']}.0.txt"
    (copied / name).write_text(content)
    with_card(copied, files=card["files"] | {name: hashlib.sha256(content.encode()).hexdigest()})
    with pytest.raises(BundleError, match="hold together"):
        Scorer.load(copied)


def test_a_bundle_of_an_earlier_release_keeps_its_weights(copied: Path) -> None:
    now = load((copied / NETWORK).read_bytes())
    earlier = {"message_and_self": "say_and_keep", "edge_linear": "forth_and_back", "combine": "take"}
    content = save(
        {".".join(earlier.get(part, part) for part in name.split(".")): value for name, value in now.items()}
    )
    (copied / NETWORK).write_bytes(content)
    with_card(
        copied,
        files=json.loads((copied / CARD).read_text("utf-8"))["files"]
        | {NETWORK: hashlib.sha256(content).hexdigest()},
    )
    read = bundle.read(copied).network.numbers
    assert read.keys() == now.keys()
    assert all(np.array_equal(read[name], now[name]) for name in now)


def test_of_trainings_that_end_at_once_one_leaves_its_bundle_whole(made: Path, tmp_path: Path) -> None:
    out, one = tmp_path / "models" / "first", bundle.read(made)
    with ThreadPoolExecutor(4) as threads:
        cards = list(threads.map(lambda _: bundle.write(one, out), range(24)))
    assert Scorer.load(out).version == cards[0]["version"]
    assert [path.name for path in out.parent.iterdir()] == ["first"]


def test_a_full_disk_leaves_the_last_bundle_and_nothing_beside_it(made: Path, tmp_path: Path) -> None:
    out, one = tmp_path / "models" / "first", bundle.read(made)
    bundle.write(one, out)
    with full_disk(1_000), pytest.raises(OSError) as full:
        bundle.write(one, out)
    assert full.value.filename == str(out)
    assert Scorer.load(out).version
    assert [path.name for path in out.parent.iterdir()] == ["first"]
