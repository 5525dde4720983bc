"""The registry of models: what is in it, in which state, and what changes that."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from gnn.registry.folder import RegistryFolder
from gnn.registry.history import (
    NOTHING,
    HistoryEntry,
    ModelAction,
    ModelState,
    ReadEntry,
    RegisteredModel,
    champions_of,
    models_of,
    read,
    written,
)
from gnn.scoring import bundle
from gnn.scoring.bundle import ModelBundle
from graph.model.errors import RegistryError
from graph.signatures import Keys, SignatureState

_SHORTEST = 4  # characters by which a version may be named where they are enough


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Who does something with a model, when, and why."""

    by: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Step:
    """What is done with a version, and the state that it is in after."""

    action: ModelAction
    version: str
    after: ModelState
    digest: str = ""
    gate: Mapping[str, Any] | None = None
    forced: bool = False


class ModelRegistry:
    """The registry behind a URL (a folder, or a bucket by fsspec), its history signed with `keys`.

    What was read is kept: a look costs one read of what is not there yet. Safe for many threads. Every method
    raises RegistryError where the place cannot be used, or where the history is not as it was written.
    """

    def __init__(self, url: str, keys: Keys) -> None:
        self.url = url
        self._keys = keys
        self._folder = RegistryFolder(url)
        self._read: tuple[ReadEntry, ...] = ()
        self._reading = threading.Lock()

    def entries(self) -> tuple[HistoryEntry, ...]:
        """The whole history, the oldest entry first.

        The last entry must be signed by a key of ours; an older key may be gone, what follows vouches for it.
        """
        with self._reading:
            now = list(self._read)
            while (content := self._folder.entry(len(now) + 1)) is not None:
                now.append(read(content, len(now) + 1, now[-1].digest if now else NOTHING, self._keys))
            if now and now[-1].signature is not SignatureState.VALID:
                raise RegistryError(
                    f"the last entry of the registry {self.url} is signed by a key that is not in the "
                    "keyring: keep the older hash key behind the new one (docs/settings.md), or open it with "
                    "the store whose key it has"
                )
            self._read = tuple(now)
            return tuple(one.entry for one in now)

    def head(self) -> tuple[int, str]:
        """Number and digest of the last entry: whoever keeps them elsewhere can tell whether all before it
        stands.
        """
        self.entries()
        return len(self._read), self._read[-1].digest if self._read else NOTHING

    def models(self) -> Mapping[str, RegisteredModel]:
        """By version every model there is."""
        return models_of(self.entries())

    def champion(self) -> RegisteredModel | None:
        """The model that serves; None where none was promoted yet."""
        return next((m for m in self.models().values() if m.state is ModelState.CHAMPION), None)

    def shadows(self) -> tuple[RegisteredModel, ...]:
        """The models that answer beside the champion."""
        return tuple(m for m in self.models().values() if m.state is ModelState.SHADOW)

    def named(self, text: str) -> RegisteredModel:
        """The model of that version, of its first characters where they are enough, or `champion`."""
        models = self.models()
        if text == ModelState.CHAMPION and (champion := self.champion()) is not None:
            return champion
        found = [m for v, m in models.items() if v == text or (len(text) >= _SHORTEST and v.startswith(text))]
        if len(found) != 1:
            what = "several models" if found else "no model"
            raise RegistryError(
                f"the registry {self.url} has {what} {text!r} (give a version, or {_SHORTEST} or more of "
                f"its first characters): there are {', '.join(models) or 'none yet'}"
            )
        return found[0]

    def bundle(self, version: str) -> ModelBundle:
        """The bundle of a version. Raises BundleError where it is not the one that was added, or was made for
        inputs that this code does not compute.
        """
        model = self.models().get(version)
        if model is None:
            raise RegistryError(f"the registry {self.url} has no model {version!r}")
        with self._folder.bundle(version) as folder:
            return bundle.read(folder, model.digest)

    def add(self, folder: Path, deed: Deed) -> RegisteredModel:
        """Take a bundle in as a candidate; one that is there stays as it is. Raises BundleError where it
        cannot be read.
        """
        version: str = bundle.read(folder).card["version"]
        seen = self.head()
        if version not in self.models():
            self._folder.add_bundle(version, folder)
            with self._folder.bundle(version) as copied:
                digest = bundle.digest(copied)
            self._write(deed, _Step(ModelAction.ADD, version, ModelState.CANDIDATE, digest=digest), seen)
        return self.models()[version]

    def shadow(self, version: str, deed: Deed) -> RegisteredModel:
        """Let a model answer beside the champion."""
        seen = self.head()
        self._refuse_champion(version, "answers already")
        return self._write(deed, _Step(ModelAction.SHADOW, version, ModelState.SHADOW), seen)

    def retire(self, version: str, deed: Deed) -> RegisteredModel:
        """Put a model out of use. Its bundle stays: answers that it gave are replayed with it."""
        seen = self.head()
        self._refuse_champion(version, "serves: promote another one, or roll back")
        return self._write(deed, _Step(ModelAction.RETIRE, version, ModelState.RETIRED), seen)

    def promote(
        self, version: str, deed: Deed, gate: Mapping[str, Any], *, forced: bool = False
    ) -> RegisteredModel:
        """Make a model the champion, by what the gate found (`gnn.registry.checks.GateResult.as_json`).

        Raises RegistryError where that did not pass and nobody forced it, with a reason.
        """
        seen = self.head()
        self._refuse_champion(version, "serves already")
        if not gate["passed"] and not (forced and deed.reason.strip()):
            raise RegistryError(
                f"{version} did not pass the gate: it is not promoted without force and reason"
            )
        step = _Step(ModelAction.PROMOTE, version, ModelState.CHAMPION, gate=gate, forced=forced)
        return self._write(deed, step, seen)

    def refuse(self, version: str, deed: Deed, gate: Mapping[str, Any]) -> RegisteredModel:
        """Keep that the gate did not let a model through; its state stays."""
        seen, state = self.head(), self.named(version).state
        return self._write(deed, _Step(ModelAction.REFUSE, version, state, gate=gate), seen)

    def roll_back(self, deed: Deed) -> RegisteredModel:
        """Make the champion before this one serve again."""
        seen, champions = self.head(), champions_of(self.entries())
        if len(champions) < 2:
            raise RegistryError(f"the registry {self.url} has no earlier champion to go back to")
        return self._write(deed, _Step(ModelAction.ROLL_BACK, champions[-2], ModelState.CHAMPION), seen)

    def _refuse_champion(self, version: str, why: str) -> None:
        if self.named(version).state is ModelState.CHAMPION:
            raise RegistryError(f"{version} is the champion and {why}")

    def _write(self, deed: Deed, step: _Step, seen: tuple[int, str]) -> RegisteredModel:
        """Write what follows the head that was `seen` before anything was decided; where somebody has written
        since then it is refused.
        """
        number, previous = seen
        before = models_of(one.entry for one in self._read[:number]).get(step.version)
        entry = HistoryEntry(
            number=number + 1,
            at=deed.at,
            by=deed.by,
            action=step.action,
            version=step.version,
            before=before.state if before else None,
            after=step.after,
            digest=before.digest if before else step.digest,
            previous=previous,
            reason=deed.reason,
            forced=step.forced,
            gate=step.gate,
        )
        self._folder.write_entry(entry.number, written(entry, self._keys))
        return self.models()[step.version]
