"""The model bundle on disk: a folder of plain files without pickle; reading it fails where this code computes
other inputs.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from gnn.graphs.schema import EDGE_FEATURES, EDGE_TYPES, NODE_FEATURES
from gnn.scoring.ensemble import REFERENCE, Trees
from gnn.scoring.weights import NetworkWeights
from graph import private
from graph.beside import beside
from graph.features.extraction import COUNT_NAMES, SIGNAL_NAMES, VARIABLE_NAMES
from graph.model.errors import BundleError

# grows when files or the card's fields change so that older code could misread them
FORMAT, OF_COUNTS = 2, 3  # the second where the bare counts serve, which older code takes for a blend
_FIELDS = (
    "name", "version", "trained_as_of", "horizon_days", "capacity", "serves", "review_probability",
    "decline_probability", "uncertainty_at", "network_usual", "calibration", "typical_p95", "inputs",
    "columns", "network", "files",
)  # fmt: skip
_PLAIN = re.compile(r"\w+(\.\w+)*")  # names of files in the bundle's own folder
CARD, NETWORK, USUAL = "card.json", "network.safetensors", "usual.json"


@dataclass(frozen=True)
class ModelBundle:
    """`card`: everything said about the model (docs/model.md lists the fields); `ensembles`: `reference`,
    `trees` and `blend`; `usual`: what monitoring compares with (`gnn.training.usual`), empty in older ones.
    """

    card: Mapping[str, Any]
    network: NetworkWeights
    ensembles: Mapping[str, Trees]
    usual: Mapping[str, Any] = field(default_factory=dict)


def inputs() -> dict[str, list[str]]:
    """The names, in order, of everything that this code computes for a model."""
    graph = {f"graph.{kind}": list(names) for kind, names in NODE_FEATURES.items()}
    links = {"graph.link": list(EDGE_FEATURES), "graph.link_types": [" ".join(edge) for edge in EDGE_TYPES]}
    return {
        "signals": list(SIGNAL_NAMES),
        "variables": list(VARIABLE_NAMES),
        "counts": list(COUNT_NAMES),
        **graph,
        **links,
    }


def write(bundle: ModelBundle, folder: Path) -> dict[str, Any]:
    """Write the bundle beside `folder` and switch over to it; returns the card as written, with version and
    checksums.

    The version is a digest of what the model is, so the same training gives the same version. A bundle that
    was there is replaced.
    """
    files = {NETWORK: bundle.network.content()}
    for part, ensemble in bundle.ensembles.items():
        files |= {f"{part}.{member}.txt": text.encode() for member, text in enumerate(ensemble.texts)}
    if bundle.usual:
        files[USUAL] = json.dumps(bundle.usual, indent=1).encode()
    card: dict[str, Any] = {
        **bundle.card,
        "format": OF_COUNTS if bundle.card["serves"] == REFERENCE else FORMAT,
        "inputs": inputs(),
        "columns": {part: list(ensemble.names) for part, ensemble in bundle.ensembles.items()},
        "network": dict(bundle.network.shape),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    card["version"] = _digest(card)
    files[CARD] = json.dumps(card, indent=1, ensure_ascii=False).encode()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with beside(folder) as made, private.owner_only():
        made.mkdir()
        for name, content in files.items():
            (made / name).write_bytes(content)
        _switch(made, folder)
    return card


def digest(folder: Path) -> str:
    """The SHA-256 of a bundle's card in hex, which holds the checksums of all its other files: what
    `sha256sum card.json` says.
    """
    return hashlib.sha256(_bytes(folder / CARD)).hexdigest()


def read(folder: Path, pinned: str = "") -> ModelBundle:
    """The bundle in `folder`; where `pinned` is given only the one with that digest.

    Raises BundleError when it is missing, damaged, another than the pinned one, of another format, or made
    for inputs that this code does not compute: it names them.
    """
    card = _card(folder, pinned.lower())
    _same_inputs(card["inputs"], folder)
    contents = {name: _content(folder / name, checksum) for name, checksum in card["files"].items()}
    try:
        network = NetworkWeights.read(card["network"], contents[NETWORK])
        ensembles = {
            part: Trees(tuple(names), _texts(part, contents)) for part, names in card["columns"].items()
        }
        usual = json.loads(contents.get(USUAL, b"{}"))
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError, SafetensorError) as error:
        raise incoherent(folder, error) from error
    return ModelBundle(card, network, ensembles, usual)


def incoherent(folder: Path, why: Exception) -> BundleError:
    """What is said of a bundle whose files are whole and do not fit together."""
    return BundleError(f"the model bundle in {folder} does not hold together: {why}; train it again")


def _card(folder: Path, pinned: str) -> dict[str, Any]:
    try:
        content = _bytes(folder / CARD)
        if pinned and (result := hashlib.sha256(content).hexdigest()) != pinned:
            raise BundleError(
                f"the model bundle in {folder} has the digest {result}, and RINGFENCE_MODEL_DIGEST asks for "
                f"{pinned}: another model"
            )
        card: dict[str, Any] = json.loads(content)
    except FileNotFoundError as error:
        raise BundleError(
            f"there is no model bundle in {folder}: make one with ringfence train --out {folder}"
        ) from error
    except (OSError, ValueError) as error:
        raise BundleError(f"the card of the model bundle in {folder} cannot be read: {error}") from error
    if not isinstance(card, dict) or card.get("format") not in (FORMAT, OF_COUNTS):
        raise BundleError(
            f"the model bundle in {folder} has another format than {FORMAT} or {OF_COUNTS}: train it again"
        )
    missing = [name for name in _FIELDS if name not in card]
    if missing:
        raise BundleError(
            f"the card of the model bundle in {folder} lacks {', '.join(missing)}: train it again"
        )
    if not isinstance(card["files"], dict) or not all(_PLAIN.fullmatch(name) for name in card["files"]):
        raise BundleError(
            f"the card of the model bundle in {folder} names files that are no plain names of its own "
            "folder: train it again"
        )
    if card["version"] != _digest(card):
        raise BundleError(f"the card of the model bundle in {folder} was changed after training")
    return card


def _same_inputs(theirs: Mapping[str, Iterable[str]], folder: Path) -> None:
    problems = []
    for kind, ours in inputs().items():
        known = list(theirs.get(kind, ()))
        if known == ours:
            continue
        gone, new = [n for n in known if n not in ours], [n for n in ours if n not in known]
        predictions = [f"it needs {', '.join(gone)}"] if gone else []
        predictions += [f"it does not know {', '.join(new)}"] if new else []
        problems.append(f"{kind}: {'; '.join(predictions) or 'their order differs'}")
    if problems:
        raise BundleError(
            f"the model bundle in {folder} was trained on other inputs ({' | '.join(problems)}): train it "
            "again"
        )


def _content(path: Path, checksum: str) -> bytes:
    try:
        content = _bytes(path)
    except OSError as error:
        raise BundleError(f"the model bundle lacks {path.name}: {error}") from error
    if hashlib.sha256(content).hexdigest() != checksum:
        raise BundleError(
            f"the model bundle's file {path.name} is damaged: its checksum differs from the card's"
        )
    return content


def _bytes(path: Path) -> bytes:
    """What a file of a bundle holds: a plain file, never what a link leads to. Raises OSError."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a plain file", str(path))
        return file.read()


def _texts(part: str, contents: Mapping[str, bytes]) -> tuple[str, ...]:
    names = sorted((n for n in contents if n.startswith(f"{part}.")), key=lambda n: int(n.split(".")[1]))
    return tuple(contents[name].decode() for name in names)


def _digest(card: Mapping[str, Any]) -> str:
    weights = json.dumps(
        {key: value for key, value in card.items() if key != "version"}, sort_keys=True, ensure_ascii=False
    )
    return hashlib.sha256(weights.encode()).hexdigest()[:12]


def _switch(made: Path, folder: Path) -> None:
    """Put the finished folder in place. A reader that is half way through the old one notices by the
    checksums. Of several that do it at once the last one stays.
    """
    with beside(folder) as old:
        while True:
            with suppress(FileNotFoundError):
                os.rename(folder, old)
            try:
                os.rename(made, folder)
                return
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                shutil.rmtree(old)  # another one was there in between
