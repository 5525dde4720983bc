"""Writes the ties of a batch: every dated mention, and for each (applicant, identifier, role) since when the
tie exists.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

import orjson

from graph.stores.sqlite.schema import FOREVER

# A tie is one number, applicant << 34 | identifier << 2 | role, so that a batch is sorted at once and in the
# order of the table `mention`.
_APPLICANT, _IDENTIFIER = 34, 2
_LOW = (1 << _APPLICANT - _IDENTIFIER) - 1
_STANDING = f"""
    SELECT j.value, (SELECT min(at) FROM mention
        WHERE applicant = j.value >> {_APPLICANT} AND identifier = j.value >> {_IDENTIFIER} & {_LOW}
                     AND role = j.value & 3) FROM json_each(?) j"""
_MENTION = "INSERT OR IGNORE INTO mention(applicant, identifier, role, at, mark) VALUES (?, ?, ?, ?, ?)"
_SUPERSEDE = (
    "UPDATE tie SET superseded = ? WHERE identifier = ? AND since = ? AND applicant = ? AND role = ? "
    "AND superseded = ?"
)
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
    mentions = sorted(
        [
            (who << _APPLICANT | packed, at)
            for who, packed, at in zip(entry.applicants, entry.packed, entry.at, strict=True)
        ]
    )
    first = dict(reversed(mentions))  # each tie's earliest, which stands first
    standing = _standing(db, first, batch)  # to be asked before the batch's own mentions are in
    # of what is said twice the second is ignored
    revision, kinds = batch.revision, batch.kinds
    db.executemany(
        _MENTION,
        [(tie >> _APPLICANT, tie >> _IDENTIFIER & _LOW, tie & 3, at, revision) for tie, at in mentions],
    )
    fresh = [(tie, since) for tie, since in first.items() if since < standing.get(tie, FOREVER)]
    late = [
        (revision, tie >> _IDENTIFIER & _LOW, standing[tie], tie >> _APPLICANT, tie & 3, FOREVER)
        for tie, _ in fresh
        if tie in standing
    ]
    if late:
        db.executemany(_SUPERSEDE, late)
    # in the order of the table, so that each of its pages is touched once
    fresh.sort(key=lambda one: (one[0] >> _IDENTIFIER & _LOW, one[1], one[0]))
    db.executemany(
        _TIE,
        [
            (i := tie >> _IDENTIFIER & _LOW, since, tie >> _APPLICANT, tie & 3, revision, kinds[i], FOREVER)
            for tie, since in fresh
        ],
    )


def _standing(db: sqlite3.Connection, ties: Iterable[int], batch: TieBatch) -> dict[int, int]:
    """Since when each tie exists that does."""
    requested = [
        tie
        for tie in ties
        if tie >> _APPLICANT < batch.new_applicants and tie >> _IDENTIFIER & _LOW < batch.new_identifiers
    ]
    if not requested:
        return {}
    found = db.execute(_STANDING, (orjson.dumps(requested).decode(),))
    return {tie: since for tie, since in found if since is not None}
