"""The rings of an earlier week, read in turn from the files that its review wrote."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from graph.model.errors import SettingError
from graph.model.rings_in_turn import InTurn, RingsInTurn
from graph.model.types import Ring, RingChange, RingKind, RingMember
from investigations.review.ring_files import AS_OF, AT_ONCE, SCHEMAS
from investigations.review.weekly import week_of

_MEMBER = ("applicant_id", "role", "joined_at", "distance_to_core", "strength")
_CHANGE = ("ring_id", "change", "joined", "left", "jaccard", "flag")
_RING = (
    "ring_id", "score", "state", "first_seen", "last_seen", "confirmed_bad", "suspected", "bad_rate",
    "exposure", "hubs_ignored", "density", "burst_days", "platforms", "crew_id",
)  # fmt: skip

_DAMAGED = "is damaged"


def earlier_rings(folder: Path, zone: tzinfo) -> RingsInTurn:
    """The snapshot that `rings.parquet`, `members.parquet` and `changes.parquet` in a folder are, named by
    the week in that zone. Each walk reads the files, and holds some thousand rows.

    Raises SettingError, then and by each walk, where a file is missing or damaged, is none that this version
    writes, or is not of the same review as the others.
    """
    files = _EarlierFiles(folder)
    at = files.as_of()
    files.refuse_others()
    return RingsInTurn(name=week_of(at, zone), as_of=at, rings=InTurn(files.rings), changes=_ChangesOf(files))


@dataclass(frozen=True)
class _EarlierFiles:
    folder: Path

    def as_of(self) -> datetime:
        with self._opened("rings") as file:
            said = (file.schema_arrow.metadata or {}).get(AS_OF)
        try:
            at = datetime.fromisoformat((said or b"").decode())
        except ValueError as error:
            raise self._unusable("rings", "does not say its moment") from error
        if at.tzinfo is None:
            raise self._unusable("rings", "says its moment without a zone")
        return at

    def refuse_others(self) -> None:
        """Rings, members and changes of different reviews say different numbers."""
        members = sum(row["size"] for row in self.rows("rings", ("size",)))
        for name, enough in (("members", members.__eq__), ("changes", self._count("rings").__le__)):
            if not enough(self._count(name)):
                raise self._unusable(name, "is not of the same review as rings.parquet")

    def rings(self) -> Iterator[Ring]:
        """Worst first."""
        members = self.rows("members", ("ring_id", *_MEMBER))
        for row in self.rows("rings", (*_RING, "kind", "size", "shared_by_kind", "reason_codes")):
            own = list(islice(members, row["size"]))
            if len(own) < row["size"] or any(one["ring_id"] != row["ring_id"] for one in own):
                raise self._unusable("members", "is not of the same review as rings.parquet")
            people = sorted(own, key=lambda one: str(one["applicant_id"]))
            try:
                kind, shared = RingKind(row["kind"]), json.loads(row["shared_by_kind"])
            except ValueError as error:
                raise self._unusable("rings", _DAMAGED) from error
            yield Ring(
                kind=kind,
                shared_by_kind=shared,
                reason_codes=tuple(row["reason_codes"]),
                members=tuple(RingMember(**{name: one[name] for name in _MEMBER}) for one in people),
                **{name: row[name] for name in _RING},
            )

    def changes(self) -> Iterator[RingChange]:
        """As the file has them; why a flag stays or goes is there in words for people alone."""
        for row in self.rows("changes", (*_CHANGE, "from_rings")):
            yield RingChange(from_rings=tuple(row["from_rings"]), **{name: row[name] for name in _CHANGE})

    def rows(self, name: str, columns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """Some columns of a table, row by row."""
        with self._opened(name) as file:
            for batch in file.iter_batches(AT_ONCE, columns=list(columns)):
                yield from batch.to_pylist()

    def _count(self, name: str) -> int:
        with self._opened(name) as file:
            return int(file.metadata.num_rows)

    @contextmanager
    def _opened(self, name: str) -> Iterator[pq.ParquetFile]:
        try:
            with pq.ParquetFile(self.folder / f"{name}.parquet") as file:
                if not file.schema_arrow.equals(SCHEMAS[name]):
                    raise self._unusable(name, "has other columns than this version of Ringfence writes")
                yield file
        except (OSError, pa.ArrowException) as error:
            said = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "no parquet"
            raise self._unusable(name, f"cannot be read ({said})") from error
        except (ValueError, OverflowError) as error:  # a moment in no year, a text in no UTF-8
            raise self._unusable(name, _DAMAGED) from error

    def _unusable(self, name: str, why: str) -> SettingError:
        return SettingError(
            f"--previous {self.folder}: {name}.parquet {why}: name the --out of an earlier review, as it was "
            "written"
        )


@dataclass(frozen=True)
class _ChangesOf:
    """Each walk begins anew."""

    files: _EarlierFiles

    def __iter__(self) -> Iterator[RingChange]:
        return self.files.changes()
