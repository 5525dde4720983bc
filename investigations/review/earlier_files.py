"""The rings of an earlier week, read in turn from the files that its review wrote."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graph.facts.tables import Column
from graph.model.errors import SettingError
from graph.model.rings_in_turn import InTurn, RingsInTurn
from graph.model.types import Ring, RingChange, RingKind, RingMember
from investigations.review.file_laws import first_broken, laws, shown
from investigations.review.names_on_disk import NamesOnDisk
from investigations.review.ring_files import AS_OF, AT_ONCE, SCHEMAS
from investigations.review.weekly import week_of

_MEMBER = ("applicant_id", "role", "joined_at", "distance_to_core", "strength")
_CHANGE = ("ring_id", "change", "joined", "left", "jaccard", "flag")
_RING = (
    "ring_id", "score", "state", "first_seen", "last_seen", "confirmed_bad", "suspected", "bad_rate",
    "exposure", "hubs_ignored", "density", "burst_days", "platforms", "crew_id",
)  # fmt: skip

_ONCE = {"rings": "ring_id", "members": "applicant_id", "changes": "ring_id"}  # is in one row of each file
_REMEMBERED = 1_000  # names that may be there twice, until one is


def earlier_rings(folder: Path, zone: tzinfo) -> RingsInTurn:
    """The snapshot that `rings.parquet`, `members.parquet` and `changes.parquet` in a folder are, named by
    the week in that zone. They are read once for damage; then each walk reads them, and holds some thousand
    rows.

    Raises SettingError, then and by each walk, where a file is missing or damaged, is none that this version
    writes, or is not of the same review as the others.
    """
    at, name = _moment(folder, zone)
    files = _EarlierFiles(folder, at)
    files.refuse_damage()
    return RingsInTurn(name=name, as_of=at, rings=InTurn(files.rings), changes=InTurn(files.changes))


@dataclass(frozen=True)
class _EarlierFiles:
    """Those of a review as of a moment."""

    folder: Path
    as_of: datetime

    def refuse_damage(self) -> None:
        """Read everything once; what is there of everybody waits on the disk."""
        names = {file: NamesOnDisk() for file in _ONCE}
        for rings, members in self._together():
            names["rings"].add(rings["ring_id"])
            for some in members:
                names["members"].add(some["applicant_id"])
        for changes in self._batches("changes"):
            names["changes"].add(changes["ring_id"])
        for file, of_file in names.items():
            of_file.sort()
            if of_file.some_twice():
                self._refuse_twice(file, of_file)
        for rings in self._batches("rings", "ring_id"):
            unchanged = np.flatnonzero(names["changes"].times(rings["ring_id"]) == 0)
            if len(unchanged):
                self._refuse_others("changes", f"lacks ring {rings['ring_id'][unchanged[0]]}")

    def rings(self) -> Iterator[Ring]:
        """Worst first."""
        for rings, members in self._together():
            people = _people(members)
            for row in rings.to_pylist():
                own = [next(people) for _ in range(row["size"])]
                yield Ring(
                    kind=RingKind(row["kind"]),
                    shared_by_kind=json.loads(row["shared_by_kind"]),
                    reason_codes=tuple(row["reason_codes"]),
                    members=tuple(sorted(own, key=lambda one: one.applicant_id)),
                    **{name: row[name] for name in _RING},
                )

    def changes(self) -> Iterator[RingChange]:
        """As the file has them; why a flag stays or goes is there in words for people alone."""
        for some in self._batches("changes"):
            for row in some.to_pylist():
                yield RingChange(from_rings=tuple(row["from_rings"]), **{name: row[name] for name in _CHANGE})

    def _together(self) -> Iterator[tuple[pa.RecordBatch, list[pa.RecordBatch]]]:
        """Some rings at a time with the rows of their members, which follow one another as the rings do."""
        members = _Rows(self._batches("members"))
        for rings in self._batches("rings"):
            for some in _of_as_many_members(rings):
                yield some, list(self._members(some, members))
        if len(left := members.some(1)):
            ring = shown(left["ring_id"][0])
            self._refuse_others("members", f"has in row {members.taken:,} ring {ring}, and no more are there")

    def _members(self, rings: pa.RecordBatch, members: _Rows) -> Iterator[pa.RecordBatch]:
        ends, row = np.cumsum(rings["size"].to_numpy().astype(np.int64)), 0
        while row < ends[-1]:
            some = members.some(int(ends[-1]) - row)
            ring = np.searchsorted(ends, np.arange(row, row + max(len(some), 1)), "right")
            if not len(some):
                self._refuse_others("members", f"lacks members of ring {shown(rings['ring_id'][ring[0]])}")
            of, since = rings["ring_id"].take(ring), rings["first_seen"].take(ring)
            begin = members.taken - len(some) + 1
            if (at := _first(pc.not_equal(some["ring_id"], of))) is not None:
                found = f"{shown(some['ring_id'][at])}, not {shown(of[at])} as rings.parquet counts"
                self._refuse_others("members", f"has in row {begin + at:,} ring {found}")
            if (at := _first(pc.less(some["joined_at"], since))) is not None:
                why = f"joined_at is before first_seen of ring {shown(of[at])}"
                self._refuse_row("members", begin + at, why)
            yield some
            row += len(some)

    def _batches(self, file: str, *columns: str) -> Iterator[pa.RecordBatch]:
        """These columns of a file, all by default, some rows at a time; each value is what it has to be."""
        row, of_file = 1, laws(self.as_of)[file]
        by_column = {name: of_file[name] for name in columns or of_file}
        with _opened(self.folder, file) as table:
            for batch in table.iter_batches(AT_ONCE, columns=list(by_column)):
                if (broken := first_broken(batch, by_column)) is not None:
                    self._refuse_row(file, row + broken.row, f"{broken.column} {broken.why}")
                yield batch
                row += len(batch)

    def _refuse_twice(self, file: str, names: NamesOnDisk) -> None:
        row, known = 1, dict[str, int]()
        for batch in self._batches(file, _ONCE[file]):
            column = batch[_ONCE[file]]
            for at in np.flatnonzero(names.times(column) > 1).tolist():
                name = column[at].as_py()
                if name in known:
                    why = f"{_ONCE[file]} is {shown(column[at])}, and is that in row {known[name]:,} already"
                    self._refuse_row(file, row + at, why)
                if len(known) < _REMEMBERED:
                    known[name] = row + at
            row += len(batch)

    def _refuse_row(self, file: str, row: int, why: str) -> NoReturn:
        raise _unusable(self.folder, file, f"is damaged in row {row:,}: {why}")

    def _refuse_others(self, file: str, why: str) -> NoReturn:
        raise _unusable(self.folder, file, f"is damaged or not of the same review as rings.parquet: it {why}")


class _Rows:
    """Batches as rows, of which `taken` have been handed out."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches, self._left, self.taken = batches, pa.RecordBatch.from_pylist([]), 0

    def some(self, most: int) -> pa.RecordBatch:
        """The next rows, at least one and at most so many; none where there are no more."""
        while not len(self._left) and (batch := next(self._batches, None)) is not None:
            self._left = batch
        some, self._left = self._left[:most], self._left[most:]
        self.taken += len(some)
        return some


def _of_as_many_members(rings: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The rings in parts of about AT_ONCE members, or of one ring."""
    part = np.cumsum(rings["size"].to_numpy().astype(np.int64)) // AT_ONCE
    begins = np.flatnonzero(np.r_[True, part[1:] != part[:-1]]) if len(part) else part
    for begin, end in zip(begins.tolist(), [*begins[1:].tolist(), len(rings)]):
        yield rings[begin:end]


def _people(members: list[pa.RecordBatch]) -> Iterator[RingMember]:
    for some in members:
        for values in zip(*(some[name].to_pylist() for name in _MEMBER)):
            yield RingMember(**dict(zip(_MEMBER, values)))


def _first(holds: pa.Array) -> int | None:
    """The place of the first that is true."""
    at: Column = holds.to_numpy(zero_copy_only=False)
    return int(at.argmax()) if at.any() else None


def _moment(folder: Path, zone: tzinfo) -> tuple[datetime, str]:
    """As of when the rings are, and the name of that week."""
    with _opened(folder, "rings") as file:
        stated = (file.schema_arrow.metadata or {}).get(AS_OF)
    try:
        at = datetime.fromisoformat((stated or b"").decode())
        name = week_of(at, zone)
    except (ValueError, OverflowError) as error:
        raise _unusable(folder, "rings", "does not say its moment") from error
    if at.tzinfo is None:
        raise _unusable(folder, "rings", "says its moment without a zone")
    return at, name


@contextmanager
def _opened(folder: Path, name: str) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(folder / f"{name}.parquet") as file:
            if (other := _other_columns(file.schema_arrow, SCHEMAS[name])) is not None:
                raise _unusable(
                    folder, name, f"has other columns than this version of Ringfence writes ({other})"
                )
            yield file
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "no parquet"
        raise _unusable(folder, name, f"cannot be read ({why})") from error


def _other_columns(found: pa.Schema, own: pa.Schema) -> str | None:
    """The first difference between the columns of a file and our own."""
    for column in own:
        if (at := found.get_field_index(column.name)) < 0:
            return f"no {column.name}"
        if found.field(at).type != column.type:
            return f"{column.name} holds {found.field(at).type}, not {column.type}"
    more = [name for name in found.names if name not in own.names]
    return more[0] if more else None if found.equals(own) else "in another order"


def _unusable(folder: Path, name: str, why: str) -> SettingError:
    return SettingError(
        f"--previous {folder}: {name}.parquet {why}: name the --out of an earlier review, as it was written"
    )
