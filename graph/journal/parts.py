"""A ring snapshot in parts: an entry that begins it, and entries of some rings and changes each, so that none
grows with the snapshot.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import chain

import numpy as np

from graph.facts.tables import Column
from graph.journal.entry import EMPTY, write
from graph.journal.snapshots import change_text, ring_text
from graph.model.moments import micros, moment
from graph.model.rings_in_turn import AnySnapshot
from graph.model.types import Ring, RingChange

PART_BYTES = 4 << 20  # of a part's JSON, but for its last ring


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotHead:
    """What begins a snapshot: `key` is drawn at random and its parts are found by it, `parts` is how many,
    and those before the one of number `changes` have rings alone.
    """

    name: str
    as_of: datetime
    key: str
    parts: int
    changes: int


@dataclass(frozen=True, slots=True)
class SnapshotPart:
    """Some rings of a snapshot with their members, some changes, and the entry of both."""

    rings: tuple[Ring, ...]
    changes: tuple[RingChange, ...]
    entry: bytes


def encode_head(head: SnapshotHead) -> bytes:
    """The entry that begins a snapshot in parts."""
    given = asdict(head) | {"as_of": micros(head.as_of)}
    text = json.dumps(given, ensure_ascii=False).encode()
    return write(EMPTY._replace(head=np.frombuffer(text, "u1")))


def head_of(head: Column) -> SnapshotHead:
    """The head behind `encode_head`; `head` (bytes,)."""
    given = json.loads(head.tobytes())
    return SnapshotHead(
        name=given["name"],
        as_of=moment(given["as_of"]),
        key=given["key"],
        parts=given["parts"],
        changes=given.get("changes", 1),  # the first heads did not say
    )


def written(
    snapshot: AnySnapshot, key: str, add: Callable[[int, SnapshotPart], object], size: int = PART_BYTES
) -> SnapshotHead:
    """Gives `add` the number, from 1 on, of each part and the part; what begins them is the answer."""
    parts = of_rings = 0
    for parts, part in enumerate(parts_of(snapshot, size), 1):
        add(parts, part)
        of_rings = of_rings if part.changes else parts
    return SnapshotHead(name=snapshot.name, as_of=snapshot.as_of, key=key, parts=parts, changes=of_rings + 1)


def parts_of(snapshot: AnySnapshot, size: int = PART_BYTES) -> Iterator[SnapshotPart]:
    """A snapshot as parts of up to `size` bytes of JSON and what the last ring is longer, at least one: the
    rings in their order, then the changes. It is walked over once, and one part of it is held.
    """
    some, held, none = list[Ring | RingChange](), 0, True
    for one in chain[Ring | RingChange](snapshot.rings, snapshot.changes):
        some.append(one)
        held += len(ring_text(one) if isinstance(one, Ring) else change_text(one))
        if held >= size:
            yield _part(some)
            some, held, none = [], 0, False
    if some or none:
        yield _part(some)


def encode_part(rings: Sequence[Ring], changes: Sequence[RingChange]) -> bytes:
    """The entry of a part."""
    text = b'{"rings": [%b], "changes": [%b]}' % (
        b", ".join(map(ring_text, rings)),
        b", ".join(map(change_text, changes)),
    )
    return write(EMPTY._replace(part=np.frombuffer(text, "u1")))


def _part(some: Sequence[Ring | RingChange]) -> SnapshotPart:
    rings = tuple([one for one in some if isinstance(one, Ring)])
    changes = tuple([one for one in some if isinstance(one, RingChange)])
    return SnapshotPart(rings, changes, encode_part(rings, changes))
