"""What every value in the files of a review has to be: one law for each column that a later week reads."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.facts.tables import Column
from graph.model.types import RingKind
from graph.rings.links.projection import LINK_KINDS
from graph.rings.suspicion.scores import SMALLEST
from graph.rings.weekly.changes import STATES
from investigations.review.flag_words import FLAGS

_FIRST = datetime.min.replace(tzinfo=UTC)
_SHOWN = 60  # characters of a value that a message shows


@dataclass(frozen=True)
class Law:
    """What a value `has_to_be`, in words, and which of a column's values (N,) are: bool (N,), null for an
    empty one.
    """

    has_to_be: str
    holds: Callable[[pa.Array], pa.Array]


class BrokenLaw(NamedTuple):
    """A value that is not what it has to be: the place of its row, its column and what to say of it."""

    row: int
    column: str
    why: str


def laws(as_of: datetime) -> Mapping[str, Mapping[str, Law]]:
    """By file and column, for the files of a review as of that moment."""
    first, last = (pa.scalar(at, pa.timestamp("us", tz="UTC")) for at in (_FIRST, as_of))
    # of whom there is only what others say, the review's own moment is the first
    by_then = _within(first, last, f"a moment up to the review's, {as_of.isoformat()}")
    return {
        "rings": {
            "ring_id": _NAME,
            "kind": _one_of(RingKind),
            "score": _SHARE,
            "size": _within(SMALLEST, 2**31 - 1, f"a count from {SMALLEST} on"),
            "state": _one_of(STATES.values()),
            "first_seen": by_then,
            "last_seen": by_then,
            "confirmed_bad": _COUNT,
            "suspected": _COUNT,
            "bad_rate": _SHARE,
            "exposure": _AMOUNT,
            "shared_by_kind": _COUNTS,
            "crew_id": _NAME,
            "hubs_ignored": _COUNT,
            "density": _SHARE,
            "burst_days": _AMOUNT,
            "platforms": _COUNT,
            "reason_codes": _TEXTS,
        },
        "members": {
            "ring_id": _NAME,
            "applicant_id": _NAME,
            "role": _one_of(("core", "member", "fringe")),
            "joined_at": by_then,
            "distance_to_core": _within(0, 2, "0, 1 or 2"),
            "strength": _SHARE,
        },
        "changes": {
            "ring_id": _NAME,
            "change": _one_of((*STATES, "dissolved")),
            "from_rings": _TEXTS,
            "joined": _COUNT,
            "left": _COUNT,
            "jaccard": _SHARE,
            "flag": _one_of(("", *FLAGS)),
        },
    }


def first_broken(rows: pa.RecordBatch, by_column: Mapping[str, Law]) -> BrokenLaw | None:
    """The first row of these in which a law is broken; None where none is."""
    found = [(row, name) for name, law in by_column.items() if (row := _first(rows[name], law)) is not None]
    if not found:
        return None
    row, name = min(found, key=lambda one: one[0])
    return BrokenLaw(row, name, f"is {shown(rows[name][row])}, and has to be {by_column[name].has_to_be}")


def shown(value: pa.Scalar) -> str:
    """A value, whatever it is, as a message can have it."""
    if not value.is_valid:
        return "empty"
    try:
        found = value.as_py()
        text = found.isoformat() if isinstance(found, datetime) else repr(found)
    except UnicodeDecodeError:
        return "no UTF-8"
    except (ValueError, OverflowError):
        return "in no year"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _first(values: pa.Array, law: Law) -> int | None:
    """The place of the first of the values that is not what it has to be."""
    wrong = ~(_readable(values) & pc.fill_null(law.holds(values), False).to_numpy(zero_copy_only=False))
    return int(wrong.argmax()) if wrong.any() else None


def _readable(values: pa.Array) -> Column:
    """Which of the values (N,) are there and, if they are texts, UTF-8; bool."""
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        return np.fromiter(map(_is_readable, values), bool, len(values))
    return np.asarray(values.is_valid().to_numpy(zero_copy_only=False))


def _is_readable(value: pa.Scalar) -> bool:
    try:
        return value.as_py() is not None
    except ValueError:
        return False


def _within(low: object, high: object, says: str) -> Law:
    return Law(says, lambda values: pc.and_(pc.greater_equal(values, low), pc.less_equal(values, high)))


def _one_of(words: Iterable[str]) -> Law:
    known = pa.array([str(word) for word in words])
    *but_one, last = [word or "empty text" for word in known.to_pylist()]
    return Law(f"{', '.join(but_one)} or {last}", lambda values: pc.is_in(values, value_set=known))


def _all_there(lists: pa.Array) -> pa.Array:
    """Which of the lists (N,) have no empty element."""
    flat, of = pc.list_flatten(lists), pc.list_parent_indices(lists)
    without = np.ones(len(lists), bool)
    without[of.filter(pc.is_null(flat)).to_numpy()] = False
    return pa.array(without)


_NAME = Law("a name", lambda values: pc.not_equal(values, ""))
_SHARE = _within(0, 1, "a number from 0 to 1")
_COUNT = _within(0, 2**31 - 1, "a count from 0 on")
_AMOUNT = _within(0, sys.float_info.max, "a number from 0 on")
_TEXTS = Law("a list of texts", _all_there)
_ONE_COUNT = rf'"(?:{"|".join(LINK_KINDS)})": ?[0-9]{{1,10}}'
_COUNTS = Law(
    f"an object of counts by what is shared ({', '.join(LINK_KINDS)})",
    lambda values: pc.match_substring_regex(values, rf"^\{{(?:{_ONE_COUNT}(?:, ?{_ONE_COUNT})*)?\}}$"),
)
