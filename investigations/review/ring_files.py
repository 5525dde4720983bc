"""The four files of a ring review: three tables as parquet and the page for the risk meeting."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from graph import private
from graph.model.rings_in_turn import AnySnapshot
from graph.model.types import Ring, RingChange
from investigations.review.flag_words import why
from investigations.review.report import render
from investigations.review.result import EarlyWarning, ReviewResult

_MOMENT = pa.timestamp("us", tz="UTC")
_RINGS = pa.schema(
    [
        ("ring_id", pa.string()), ("kind", pa.string()), ("score", pa.float64()), ("size", pa.int32()),
        ("state", pa.string()), ("first_seen", _MOMENT), ("last_seen", _MOMENT),
        ("confirmed_bad", pa.int32()), ("suspected", pa.int32()), ("bad_rate", pa.float64()),
        ("exposure", pa.float64()), ("shared_by_kind", pa.string()), ("crew_id", pa.string()),
        ("hubs_ignored", pa.int32()), ("density", pa.float64()), ("burst_days", pa.float64()),
        ("platforms", pa.int32()), ("reason_codes", pa.list_(pa.string())), ("would_flag_at", _MOMENT),
        ("first_default_at", _MOMENT), ("days_early", pa.float64()), ("loans_after", pa.int32()),
        ("amount_after", pa.float64()),
    ]
)  # fmt: skip
_MEMBERS = pa.schema(
    [
        ("ring_id", pa.string()), ("applicant_id", pa.string()), ("role", pa.string()),
        ("joined_at", _MOMENT), ("distance_to_core", pa.int32()), ("strength", pa.float64()),
    ]
)  # fmt: skip
_CHANGES = pa.schema(
    [
        ("ring_id", pa.string()), ("change", pa.string()), ("from_rings", pa.list_(pa.string())),
        ("joined", pa.int32()), ("left", pa.int32()), ("jaccard", pa.float64()), ("flag", pa.string()),
        ("why", pa.string()),
    ]
)  # fmt: skip
SCHEMAS = {"rings": _RINGS, "members": _MEMBERS, "changes": _CHANGES}
AS_OF, KNOWN_FRAUDS = b"ringfence.as_of", b"ringfence.known_frauds"
REPORT = "report.html"
AT_ONCE = 20_000  # rows that are written at once
FILES = ("rings.parquet", "members.parquet", "changes.parquet", REPORT)


def write_files(result: ReviewResult, folder: Path) -> None:
    """Write all four into `folder`, which must exist."""
    private.tighten(folder / name for name in FILES)  # of an earlier run, before what is new goes into them
    for name, (schema, rows) in _tables(result.snapshot, result.early).items():
        whole = schema.with_metadata(_of_the_moment(result)) if name == "rings" else schema
        with (
            private.fresh(folder / f"{name}.parquet") as file,
            pq.ParquetWriter(file, whole, compression="zstd") as writer,
        ):
            while some := list(islice(rows, AT_ONCE)):
                writer.write_table(pa.Table.from_pylist(some, schema=whole))
    render(result, folder / REPORT)


def table_of(snapshot: AnySnapshot, name: str) -> pa.Table:
    """`rings`, `members` or `changes` of a snapshot; the back-test's columns of the rings are null."""
    schema, rows = _tables(snapshot, ())[name]
    return pa.Table.from_pylist(list(rows), schema=schema)


def _tables(
    snapshot: AnySnapshot, early: Sequence[EarlyWarning]
) -> dict[str, tuple[pa.Schema, Iterator[dict[str, Any]]]]:
    """The tables' columns and rows."""
    warned = {warning.ring_id: warning for warning in early}
    members = (
        {"ring_id": ring.ring_id} | _fields(m, _MEMBERS) for ring in snapshot.rings for m in ring.members
    )
    return {
        "rings": (_RINGS, (_ring(ring, warned.get(ring.ring_id)) for ring in snapshot.rings)),
        "members": (_MEMBERS, members),
        "changes": (_CHANGES, map(_change, snapshot.changes)),
    }


def _of_the_moment(result: ReviewResult) -> dict[bytes, bytes]:
    """File metadata that an evaluation needs: the review's moment, and who was known for fraud by then."""
    return {
        AS_OF: result.snapshot.as_of.isoformat().encode(),
        KNOWN_FRAUDS: json.dumps(sorted(result.known_frauds)).encode(),
    }


def _fields(value: object, schema: pa.Schema) -> dict[str, Any]:
    return {name: getattr(value, name) for name in schema.names if hasattr(value, name)}


def _ring(ring: Ring, early: EarlyWarning | None) -> dict[str, Any]:
    """A row; the back-test's columns (the last five) are null for a group that is not flagged."""
    summary = {
        "kind": ring.kind.value,
        "shared_by_kind": json.dumps(dict(ring.shared_by_kind), sort_keys=True),
        "reason_codes": list(ring.reason_codes),
    }
    if early is None:
        return _fields(ring, _RINGS) | summary
    after = {"days_early": early.days, "loans_after": early.loans, "amount_after": early.amount}
    return (
        _fields(ring, _RINGS)
        | summary
        | {"would_flag_at": early.flagged_at, "first_default_at": early.first_default}
        | after
    )


def _change(change: RingChange) -> dict[str, Any]:
    return _fields(change, _CHANGES) | {"from_rings": list(change.from_rings), "why": why(change.why)[0]}
