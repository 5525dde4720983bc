"""Replication: copies a store to another revision by revision and compares checksums of both."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from itertools import chain
from secrets import randbits
from typing import Any

from graph.journal.decode import JournalEntry
from graph.model.erasure import Erasure, Renaming
from graph.model.errors import ConflictError
from graph.model.moments import micros
from graph.model.types import Facts, Identifier, Ring, RingChange
from graph.store.port import GraphStore

FACTS_PER_BATCH = 5_000  # facts in one call of add_all
_TABLES = tuple(f.name for f in fields(Facts))
_WIDTH = 2**128


@dataclass
class Inventory:
    """The contents of a journal: facts by table, and a checksum that does not depend on the order within a
    revision.

    `checksums` has for each table the sum of the 128-bit digests of its facts, each with its revision; of a
    ring snapshot those of its rings and changes, in whatever parts they come.
    """

    counts: Counter[str] = field(default_factory=Counter)
    checksums: Counter[str] = field(default_factory=Counter)
    marks: int = 0

    def take(self, entry: JournalEntry) -> None:
        """Count the facts of one revision."""
        self.marks = entry.revision
        for name in _TABLES:
            for fact in getattr(entry.facts, name):
                self._add(name, entry.revision, fact)
        if (snapshot := entry.snapshot) is not None:
            self._add("snapshots", entry.revision, [snapshot.name, snapshot.as_of])
            for one in chain[Ring | RingChange](snapshot.rings, snapshot.changes):
                self._sum("snapshots", entry.revision, one)

    def as_json(self) -> dict[str, Any]:
        """Counts and one checksum over all tables, in hexadecimal."""
        text = json.dumps(sorted(self.checksums.items())).encode()
        return {
            "marks": self.marks,
            "counts": dict(sorted(self.counts.items())),
            "checksum": hashlib.blake2b(text, digest_size=16).hexdigest(),
        }

    def _add(self, name: str, revision: int, fact: object) -> None:
        self.counts[name] += 1
        self._sum(name, revision, fact)

    def _sum(self, name: str, revision: int, fact: object) -> None:
        text = json.dumps([revision, _plain(fact)], ensure_ascii=False).encode()
        digest = int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big")
        self.checksums[name] = (self.checksums[name] + digest) % _WIDTH


def copy(source: GraphStore, target: GraphStore, step: Callable[[int], object] = lambda facts: None) -> int:
    """Copy to `target` the revisions of `source` that it lacks; returns the last revision. `step` is called
    with the number of facts copied.

    Resumes where an earlier run stopped. Who was erased from the source is kept out of the target too. Raises
    ConflictError where the target has other facts under the same revisions, or one of both has erased people
    whom the other has not.
    """
    copy_refusal(source, target)
    for batch in _batches(source.journal(target.revision())):
        if batch[0].snapshot is not None:
            target.save_rings(batch[0].snapshot)
            step(1)
            continue
        with target.refusal.satisfied():  # the source has kept out the same
            added = target.add_all([entry.facts for entry in batch])
        if any(one.conflicts for one in added) or [one.revision for one in added] != [
            entry.revision for entry in batch
        ]:
            raise ConflictError(
                f"the target has other facts than the source around revision {batch[0].revision}: copy into "
                "an empty store"
            )
        step(sum(one.accepted for one in added))
    return target.revision()


def copy_refusal(source: GraphStore, target: GraphStore) -> None:
    """An empty target refuses from here on what the source refuses; another one has to do so already. Raises
    ConflictError.
    """
    refused, upto, before = source.refused(), *target.state()
    if refused and not upto and not target.refused():
        new = Erasure(renaming=Renaming(), upto=0, before=before, edition=randbits(63), refused=refused)
        target.erase(new)
    if target.refused() != refused:
        raise ConflictError(
            "FROM and TO have erased different people: erase them in both (ringfence erase), or copy into an "
            "empty store"
        )


def inventory(store: GraphStore, upto: int, step: Callable[[int], object] = lambda facts: None) -> Inventory:
    """The inventory of a store's revisions up to `upto`."""
    result = Inventory()
    for entry in store.journal():
        if entry.revision > upto:
            break
        result.take(entry)
        step(_size(entry))
    return result


def _batches(journal: Iterator[JournalEntry]) -> Iterator[list[JournalEntry]]:
    """Revisions that are added together: up to AT_ONCE facts, a ring snapshot by itself."""
    gathered: list[JournalEntry] = []
    size = 0
    for entry in journal:
        if gathered and (entry.snapshot is not None or size + _size(entry) > FACTS_PER_BATCH):
            yield gathered
            gathered, size = [], 0
        if entry.snapshot is not None:
            yield [entry]
            continue
        gathered.append(entry)
        size += _size(entry)
    if gathered:
        yield gathered


def _size(entry: JournalEntry) -> int:
    return sum(len(getattr(entry.facts, name)) for name in _TABLES) + (entry.snapshot is not None)


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
