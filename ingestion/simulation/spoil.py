"""Rows that no careful reader can accept, for worlds that are asked to be dirty."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

SHARE = 0.003
"""Spoiled rows to a sound one, in each table that can be spoiled; a table has at least one of each kind of
fault.
"""

_TIME = {
    "applications": "applied_at",
    "events": "at",
    "outcomes": "at",
    "labels": "known_at",
    "contacts": "at",
}


def spoil(name: str, piece: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Rows to add to a piece of a table: copies of some of its rows, each with one fault; none for other
    tables.
    """
    if name not in _TIME or not piece.num_rows:
        return piece.slice(0, 0)
    faults = _faults(name)
    each = max(1, int(piece.num_rows * SHARE / len(faults)))
    return pa.concat_tables(
        fault(piece.take(pa.array(rng.integers(0, piece.num_rows, each)))) for fault in faults
    )


def _faults(name: str) -> list[Callable[[pa.Table], pa.Table]]:
    time = _TIME[name]
    owner = "application_id" if name == "outcomes" else "applicant_id"
    faults = [
        _with(time, "the day before yesterday"),
        _with(time, "2999-12-31T00:00:00+08:00"),
        _with(time, None),
    ]
    if name != "labels":
        faults.append(_with(owner, None))
    if name == "applications":
        # a new id, so that the fault is the only thing wrong; the last is the same id with another content
        faults = [_anew(fault) for fault in [*faults, _with("platform_id", "L99"), _with("amount", -5_000)]]
        faults.append(_with("amount", 1))
    elif name == "events":
        faults = [_anew(fault) for fault in [*faults, _with("amount", -5_000)]]
    return faults


def _with(column: str, value: str | int | None) -> Callable[[pa.Table], pa.Table]:
    def fault(rows: pa.Table) -> pa.Table:
        at = rows.schema.get_field_index(column)
        field = rows.schema.field(at)
        return rows.set_column(at, field, pa.array([value] * rows.num_rows, type=field.type))

    return fault


def _anew(fault: Callable[[pa.Table], pa.Table]) -> Callable[[pa.Table], pa.Table]:
    """The fault, on a row whose own id nobody has had."""

    def renamed(rows: pa.Table) -> pa.Table:
        spoiled = fault(rows)
        ids = pa.array([value[::-1] + "x" for value in rows.column(0).to_pylist()], type=pa.string())
        return spoiled.set_column(0, rows.schema.field(0), ids)

    return renamed
