"""Writes the ties of a batch: every dated mention, and for each (applicant, identifier, role) since when the
tie exists.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

import numpy as np
import orjson

from graph.store.tables import Column
from graph.stores.sqlite.schema import FOREVER

# A tie is one number, applicant << 34 | identifier << 2 | role, so that a batch is sorted at once and in the
# order of the table `mention`.
_APPLICANT, _IDENTIFIER = 34, 2
_LOW = (1 << _APPLICANT - _IDENTIFIER) - 1
_STANDING = f"""
    SELECT j.value, (SELECT min(at) FROM mention WHERE applicant = j.value >> {_APPLICANT} AND identifier = j.value >> {_IDENTIFIER} & {_LOW}
                     AND role = j.value & 3) FROM json_each(?) j"""
_MENTION = "INSERT OR IGNORE INTO mention(applicant, identifier, role, at, mark) VALUES (?, ?, ?, ?, ?)"
_SUPERSEDE = "UPDATE tie SET superseded = ? WHERE identifier = ? AND since = ? AND applicant = ? AND role = ? AND superseded = ?"
_TIE = (
    "INSERT INTO tie(identifier, since, applicant, role, mark, kind, superseded) VALUES (?, ?, ?, ?, ?, ?, ?)"
)


@dataclass
class BatchMentions:
    """The mentions of a batch: `packed` are identifier << 2 | role, by whom (a key) and when (microseconds)
    alike.
    """

    applicants: list[int] = field(default_factory=list)
    packed: list[int] = field(default_factory=list)
    at: list[int] = field(default_factory=list)

    def add(self, facts: Sequence[tuple[int, int]], packed: Sequence[Sequence[int]]) -> None:
        """`facts` are (applicant, at), `packed` what each of them mentions."""
        self.applicants.extend(
            chain.from_iterable(repeat(who, len(each)) for (who, _), each in zip(facts, packed, strict=True))
        )
        self.at.extend(
            chain.from_iterable(repeat(at, len(each)) for (_, at), each in zip(facts, packed, strict=True))
        )
        self.packed.extend(chain.from_iterable(packed))


@dataclass(frozen=True)
class TieBatch:
    """A batch as far as ties need it: its revision, identifier key -> kind code, and the first keys that it
    assigned itself.
    """

    revision: int
    kinds: Mapping[int, int]
    new_applicants: int
    new_identifiers: int


def keep_ties(db: sqlite3.Connection, entry: BatchMentions, batch: TieBatch) -> None:
    """Write the mentions, and the ties that are new or begin earlier than known before."""
    if not entry.packed:
        return
    tie = np.array(entry.applicants, np.int64) << _APPLICANT | np.array(entry.packed, np.int64)
    at = np.array(entry.at, np.int64)
    order = np.lexsort((at, tie))
    tie, at = tie[order], at[order]
    opens = np.ones(len(tie), np.bool_)
    np.not_equal(tie[1:], tie[:-1], out=opens[1:])
    first, since = tie[opens], at[opens]
    standing = _standing(db, first, batch)  # to be asked before the batch's own mentions are in
    # of what is said twice the second is ignored
    db.executemany(_MENTION, zip(*_parts(tie), at.tolist(), repeat(batch.revision)))
    fresh = since < standing
    late = fresh & (standing < FOREVER)
    if late.any():
        rows = zip(*_parts(first[late]), standing[late].tolist(), strict=True)
        db.executemany(_SUPERSEDE, [(batch.revision, i, then, a, r, FOREVER) for a, i, r, then in rows])
    if fresh.any():
        _insert(db, first[fresh], since[fresh], batch)


def _standing(db: sqlite3.Connection, tie: Column, batch: TieBatch) -> Column:
    """Since when each tie exists (ties,); FOREVER for a new one."""
    existing = ((tie >> _APPLICANT) < batch.new_applicants) & (
        (tie >> _IDENTIFIER & _LOW) < batch.new_identifiers
    )
    out = np.full(len(tie), FOREVER, np.int64)
    requested = tie[existing].tolist()
    if requested:
        # The answers come in the order of the list that was asked.
        out[existing] = [
            FOREVER if since is None else since
            for _, since in db.execute(_STANDING, (orjson.dumps(requested).decode(),))
        ]
    return out


def _insert(db: sqlite3.Connection, tie: Column, since: Column, batch: TieBatch) -> None:
    """New rows in the order of the table, so that each of its pages is touched once."""
    order = np.lexsort((tie, since, tie >> _IDENTIFIER & _LOW))
    applicant, identifier, role = _parts(tie[order])
    kinds = [batch.kinds[i] for i in identifier]
    db.executemany(
        _TIE,
        zip(
            identifier, since[order].tolist(), applicant, role, repeat(batch.revision), kinds, repeat(FOREVER)
        ),
    )


def _parts(tie: Column) -> tuple[list[int], list[int], list[int]]:
    """Applicants, identifiers and roles of packed ties."""
    return (tie >> _APPLICANT).tolist(), (tie >> _IDENTIFIER & _LOW).tolist(), (tie & 3).tolist()
