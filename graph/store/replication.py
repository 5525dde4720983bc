"""Replication: copies a store to another revision by revision and compares checksums of both."""

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

AT_ONCE = 5_000  # facts in one call of add_all
_TABLES = tuple(f.name for f in fields(Facts))
_WIDTH = 2**128


@dataclass
class Inventory:
    """The contents of a journal: facts by table, and a checksum that does not depend on the order within a revision.

    `checksums` has for each table the sum of the 128-bit digests of its facts, each with its revision.
    """

    counts: Counter[str] = field(default_factory=Counter)
    checksums: Counter[str] = field(default_factory=Counter)
    marks: int = 0

    def take(self, told: Told) -> None:
        """Count the facts of one revision."""
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
    """Copy to `target` the revisions of `source` that it lacks; returns the last revision. `step` is called with the number of facts copied.

    Resumes where an earlier run stopped. Raises ConflictError where the target has other facts under the same revisions.
    """
    for batch in _batches(source.journal(target.mark())):
        if batch[0].snapshot is not None:
            target.save_rings(batch[0].snapshot)
            step(1)
            continue
        added = target.add_all([told.facts for told in batch])
        if any(one.conflicts for one in added) or [one.mark for one in added] != [told.mark for told in batch]:
            raise ConflictError(f"the target has other facts than the source around revision {batch[0].mark}: copy into an empty store")
        step(sum(one.accepted for one in added))
    return target.mark()


def inventory(store: GraphStore, upto: int, step: Callable[[int], object] = lambda facts: None) -> Inventory:
    """The inventory of a store's revisions up to `upto`."""
    found = Inventory()
    for told in store.journal():
        if told.mark > upto:
            break
        found.take(told)
        step(_size(told))
    return found


def _batches(journal: Iterator[Told]) -> Iterator[list[Told]]:
    """Revisions that are added together: up to AT_ONCE facts, a ring snapshot by itself."""
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
    """A fact as plain JSON values, with every field; moments in microseconds, floats exact."""
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
