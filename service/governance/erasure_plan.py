"""The plan of an erasure, in a private file until it is done: whoever is cut off between store and casebook
goes on with the same surrogates.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import orjson

from graph import private
from graph.model.erasure import Renaming
from graph.model.errors import SettingError
from graph.model.types import Identifier, IdentifierKind

SUFFIX = ".erasure"
_GONE = b"\0"  # no JSON begins with it
_LENGTH = 65_536  # bytes overwritten at once


@dataclass(frozen=True, slots=True, kw_only=True)
class SortedPeople:
    """The ids that were given: of people to erase, of those whom nobody knows, and of people who were erased
    earlier.
    """

    to_erase: Sequence[str]
    unknown: Sequence[str]
    erased_before: Sequence[str]

    @property
    def given(self) -> frozenset[str]:
        """All of them."""
        return frozenset((*self.to_erase, *self.unknown, *self.erased_before))


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureReason:
    """Who has people erased, and for what."""

    by: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasurePlan:
    """An erasure that was begun: for whom and why, what the store renames, and the edition that it has once
    it has done so. `rows` says by part (`store`, `casebook`) how many rows of which table there were.
    """

    certificate: str
    began_at: datetime
    until: datetime
    reason: ErasureReason
    people: SortedPeople = field(repr=False)
    renaming: Renaming = field(repr=False)
    edition: int
    rows: Mapping[str, Mapping[str, int]]

    def as_json(self) -> bytes:
        """The plan as it is kept."""
        r, p = self.renaming, self.people
        plan = {
            "certificate": self.certificate,
            "began_at": self.began_at,
            "until": self.until,
            "reason": self.reason,
            "people": {name: list(getattr(p, name)) for name in _SORTS},
            "renaming": {name: getattr(r, name) for name in _NAMED}
            | {"identifiers": {node: _written(one) for node, one in r.identifiers.items()}},
            "edition": str(self.edition),
            "rows": self.rows,
        }
        return orjson.dumps(plan)

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Raises ValueError, KeyError or TypeError for what is no plan."""
        read: Mapping[str, Any] = orjson.loads(content)
        things = {node: _read(one) for node, one in read["renaming"].pop("identifiers").items()}
        return cls(
            certificate=read["certificate"],
            began_at=datetime.fromisoformat(read["began_at"]),
            until=datetime.fromisoformat(read["until"]),
            reason=ErasureReason(**read["reason"]),
            people=SortedPeople(**read["people"]),
            renaming=Renaming(**read["renaming"], identifiers=things),
            edition=int(read["edition"]),
            rows=read["rows"],
        )


_SORTS = ("to_erase", "unknown", "erased_before")
_NAMED = ("people", "applications", "events")


class PlanFile:
    """Where the plan of the erasure under way is: readable by its owner alone, gone when it is done."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._beside = path.with_name(path.name + ".part")

    def read(self) -> ErasurePlan | None:
        """The plan of an erasure that was begun and is not done. Raises SettingError where it cannot be
        read.
        """
        try:
            content = self.path.read_bytes()
            if content.startswith(_GONE):  # cut off while it was destroyed
                self.destroy()
                return None
            return ErasurePlan.from_json(content)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise SettingError(
                f"the plan of an erasure in {self.path} cannot be read ({error}): give it back as it was "
                "written; without it the same people get other surrogates in the casebook"
            ) from error

    def write(self, plan: ErasurePlan) -> None:
        """Keep it on the disk, whole or not at all. Raises OSError, with nothing of it left."""
        _destroy(self._beside)
        try:
            private.write(self.path, plan.as_json())
        except OSError:
            _destroy(self._beside)
            raise

    def destroy(self) -> None:
        """Overwrite it, and take it away."""
        for path in (self._beside, self.path):
            _destroy(path)


def _destroy(path: Path) -> None:
    with suppress(FileNotFoundError):
        with path.open("r+b") as file:
            size = path.stat().st_size
            for done in range(0, size, _LENGTH):  # no longer than it is: the disk may be full
                file.write(_GONE * min(_LENGTH, size - done))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()


def _written(one: Identifier) -> list[Any]:
    return [one.kind, one.token, one.masked, one.linking]


def _read(written: Sequence[Any]) -> Identifier:
    kind, token, masked, linking = written
    return Identifier(IdentifierKind(kind), token, masked, linking=linking)
