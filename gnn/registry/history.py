"""The history of models: numbered entries, signed and chained, from which the states follow."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from graph.model.errors import RegistryError
from graph.signatures import Keys, SignatureState, sign, state_of

NOTHING = "0" * 64  # the digest before the first entry
_PURPOSE = b"ringfence model history, version 1"


class ModelState(StrEnum):
    """Where a model stands: it may be tried, answers beside the champion, serves, or is out of use."""

    CANDIDATE = "candidate"
    SHADOW = "shadow"
    CHAMPION = "champion"
    RETIRED = "retired"


class ModelAction(StrEnum):
    """What was done with a model; `refuse` is a promotion that the gate did not let through."""

    ADD = "add"
    SHADOW = "shadow"
    PROMOTE = "promote"
    REFUSE = "refuse"
    ROLL_BACK = "rollback"
    RETIRE = "retire"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """Who did what with which model and when, and why.

    `before` and `after`: its state, None before it was there. `digest`: SHA-256 of its card, which holds the
    checksums of all its files. `previous`: SHA-256 of the entry before. `gate`: what the gate found,
    `forced`: that it was promoted all the same.
    """

    number: int
    at: datetime
    by: str
    action: ModelAction
    version: str
    before: ModelState | None
    after: ModelState
    digest: str
    previous: str
    reason: str = ""
    forced: bool = False
    gate: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """Its values as JSON has them; states are `from` and `to`."""
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "by": self.by,
            "action": self.action.value,
            "version": self.version,
            "from": self.before.value if self.before else None,
            "to": self.after.value,
            "digest": self.digest,
            "previous": self.previous,
            "reason": self.reason,
            "forced": self.forced,
            "gate": dict(self.gate) if self.gate is not None else None,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The entry of such values. Raises LookupError, TypeError or ValueError for others."""
        return cls(
            number=int(values["number"]),
            at=datetime.fromisoformat(values["at"]),
            by=str(values["by"]),
            action=ModelAction(values["action"]),
            version=str(values["version"]),
            before=ModelState(values["from"]) if values["from"] else None,
            after=ModelState(values["to"]),
            digest=str(values["digest"]),
            previous=str(values["previous"]),
            reason=str(values["reason"]),
            forced=bool(values["forced"]),
            gate=values["gate"],
        )


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """An entry as it was read: the digest of its file, and what its signature is worth."""

    entry: HistoryEntry
    digest: str
    signature: SignatureState


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredModel:
    """A model of the registry: its state, since when and by which entry."""

    version: str
    state: ModelState
    digest: str
    added: datetime
    since: datetime
    number: int


def written(entry: HistoryEntry, keys: Keys) -> bytes:
    """The entry's file, signed."""
    values = entry.as_json()
    version, code = sign(_canonical(values), keys, _PURPOSE)
    return json.dumps(
        {"entry": values, "key": version, "signature": code}, indent=1, ensure_ascii=False
    ).encode()


def read(content: bytes, number: int, previous: str, keys: Keys) -> ReadEntry:
    """The entry of a file that must have this number and follow the file with the digest `previous`.

    Raises RegistryError where it was changed.
    """
    try:
        values = json.loads(content)
        entry = HistoryEntry.from_json(values["entry"])
        state = state_of(_canonical(values["entry"]), values["key"], values["signature"], keys, _PURPOSE)
    except (LookupError, TypeError, ValueError) as error:
        raise RegistryError(f"entry {number} of the registry's history cannot be read: {error}") from error
    if state is SignatureState.TAMPERED or (entry.number, entry.previous) != (number, previous):
        raise RegistryError(f"entry {number} of the registry's history is not as it was written")
    return ReadEntry(entry, hashlib.sha256(content).hexdigest(), state)


def models_of(entries: Iterable[HistoryEntry]) -> dict[str, RegisteredModel]:
    """By version every model as the history has it; the one that was champion retires when another is."""
    models: dict[str, RegisteredModel] = {}
    for entry in entries:
        if entry.after is ModelState.CHAMPION:
            for other in [m for m in models.values() if m.state is ModelState.CHAMPION]:
                models[other.version] = _moved(other, entry, ModelState.RETIRED)
        known = models.get(entry.version)
        if known is None:
            known = RegisteredModel(
                version=entry.version,
                state=entry.after,
                digest=entry.digest,
                added=entry.at,
                since=entry.at,
                number=entry.number,
            )
        models[entry.version] = known if known.state is entry.after else _moved(known, entry, entry.after)
    return models


def champions_of(entries: Iterable[HistoryEntry]) -> tuple[str, ...]:
    """The versions that rolling back goes through, the one that serves last: a promotion adds one, a rollback
    takes one away.
    """
    champions: list[str] = []
    for entry in entries:
        if entry.action is ModelAction.PROMOTE:
            champions.append(entry.version)
        elif entry.action is ModelAction.ROLL_BACK:
            champions.pop()
    return tuple(champions)


def _moved(model: RegisteredModel, entry: HistoryEntry, to: ModelState) -> RegisteredModel:
    return RegisteredModel(
        version=model.version,
        state=to,
        digest=model.digest,
        added=model.added,
        since=entry.at,
        number=entry.number,
    )


def _canonical(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
