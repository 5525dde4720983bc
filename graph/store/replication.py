"""Copying a store: everything that one store was given goes to another, mark by mark, and a checksum of both proves them equal."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from typing import Any

from graph.journal.told import Told
from graph.model.errors import ConflictError
from graph.model.moments import micros
from graph.model.types import Facts, Identifier
from graph.store.port import GraphStore

AT_ONCE = 5_000  # facts told at once
_TABLES = tuple(f.name for f in fields(Facts))
_WIDTH = 2**128


@dataclass
class Inventory:
    """What a journal holds: how many facts a table, and a checksum that any order within a mark leaves as it is.

    `checksums` has for each table the sum of the 128-bit digests of its facts, each with its mark.
    """

    counts: Counter[str] = field(default_factory=Counter)
    checksums: Counter[str] = field(default_factory=Counter)
    marks: int = 0

    def take(self, told: Told) -> None:
        """Count one mark's facts."""
        self.marks = told.mark
        for name in _TABLES:
            for fact in getattr(told.facts, name):
                self._add(name, told.mark, fact)
        if told.snapshot is not None:
            self._add("snapshots", told.mark, told.snapshot)

    def as_json(self) -> dict[str, Any]:
        """Counts and one checksum over all tables, in hexadecimal."""
        told = json.dumps(sorted(self.checksums.items())).encode()
        return {"marks": self.marks, "counts": dict(sorted(self.counts.items())), "checksum": hashlib.blake2b(told, digest_size=16).hexdigest()}

    def _add(self, name: str, mark: int, fact: object) -> None:
        self.counts[name] += 1
        told = json.dumps([mark, _plain(fact)], ensure_ascii=False).encode()
        digest = int.from_bytes(hashlib.blake2b(told, digest_size=16).digest(), "big")
        self.checksums[name] = (self.checksums[name] + digest) % _WIDTH


def copy(source: GraphStore, target: GraphStore, step: Callable[[int], object] = lambda facts: None) -> int:
    """Tell `target` what `source` was told and it was not yet; the mark up to which both are then alike. `step` is told of facts as they go.

    Begun again after a stop it goes on where it was. Raises ConflictError where the target knows something else under the source's marks.
    """
    for batch in _batches(source.journal(target.mark())):
        if batch[0].snapshot is not None:
            target.save_rings(batch[0].snapshot)
            step(1)
            continue
        added = target.add_all([told.facts for told in batch])
        if any(one.conflicts for one in added) or [one.mark for one in added] != [told.mark for told in batch]:
            raise ConflictError(f"the target knows other facts than the source around mark {batch[0].mark}: copy into an empty store")
        step(sum(one.accepted for one in added))
    return target.mark()


def inventory(store: GraphStore, upto: int, step: Callable[[int], object] = lambda facts: None) -> Inventory:
    """What a store was told with its marks up to `upto`."""
    found = Inventory()
    for told in store.journal():
        if told.mark > upto:
            break
        found.take(told)
        step(_size(told))
    return found


def _batches(journal: Iterator[Told]) -> Iterator[list[Told]]:
    """Marks that are told at once: up to AT_ONCE facts together, a ring snapshot by itself."""
    gathered: list[Told] = []
    size = 0
    for told in journal:
        if gathered and (told.snapshot is not None or size + _size(told) > AT_ONCE):
            yield gathered
            gathered, size = [], 0
        if told.snapshot is not None:
            yield [told]
            continue
        gathered.append(told)
        size += _size(told)
    if gathered:
        yield gathered


def _size(told: Told) -> int:
    return sum(len(getattr(told.facts, name)) for name in _TABLES) + (told.snapshot is not None)


def _plain(value: Any) -> Any:
    """A fact as JSON would have it, every field of it; moments in microseconds, floats to the last bit."""
    if isinstance(value, datetime):
        return micros(value)
    if isinstance(value, Identifier):
        return [value.kind, value.token, value.masked, value.linking]
    if is_dataclass(value):
        return [_plain(getattr(value, f.name)) for f in fields(value)]
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in sorted(value.items())}
    return float(value) if type(value) is int else value
