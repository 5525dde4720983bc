"""The facts that links are made of as Parquet files: what the cluster reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from graph.facts.tables import Column, Tables
from graph.rings.projection import REFERRAL, TRANSFER

ROWS = 2_000_000  # of a file: a cluster reads several at once
VERSION = 1  # of the stages: raise it when one is computed otherwise, and old ones are not found again
TIES, APPLICATIONS, EVENTS = "ties", "applications", "events"


def columns_of(tables: Tables) -> Mapping[str, Mapping[str, Column]]:
    """By name of the folder, each column (rows,). Applicants, identifiers, shops and agents are positions,
    times microseconds, -1 is none.

    ties          identifier, kind, linking, applicant, role, since, last
    applications  applicant, at, merchant, agent
    events        applicant, at, kind (TRANSFER or REFERRAL of `graph.rings.projection`), counterparty,
                  merchant, amount
    """
    ties, applications, events = tables.ties, tables.applications, tables.events
    of = ties["identifier"]
    return {
        TIES: {
            "identifier": of,
            "kind": tables.identifiers["kind"][of],
            "linking": tables.identifiers["linking"][of],
            **{name: ties[name] for name in ("applicant", "role", "since", "last")},
        },
        APPLICATIONS: {name: applications[name] for name in ("applicant", "at", "merchant", "agent")},
        EVENTS: {
            "kind": np.where(events["kind"] == "referral", REFERRAL, TRANSFER).astype(np.int8),
            **{name: events[name] for name in ("applicant", "at", "counterparty", "merchant", "amount")},
        },
    }


def digest_of(columns: Mapping[str, Mapping[str, Column]]) -> str:
    """A name for these facts: the same facts have the same, others another."""
    seal = hashlib.sha256(f"{VERSION}".encode())
    for table, held in columns.items():
        for name, column in held.items():
            seal.update(f"{table}.{name} {column.dtype} {len(column)};".encode())
            seal.update(np.ascontiguousarray(column).data)
    return seal.hexdigest()[:16]


def write_columns(columns: Mapping[str, Column], folder: str) -> None:
    """The rows as Parquet files in `folder`, an address of fsspec."""
    files, place = fsspec.core.url_to_fs(folder)
    files.makedirs(place, exist_ok=True)
    for number, rows in enumerate(_slices(len(next(iter(columns.values()))))):
        with files.open(f"{place}/{number:05d}.parquet", "wb") as file:
            pq.write_table(pa.table({name: column[rows] for name, column in columns.items()}), file)


def _slices(rows: int) -> Iterator[slice]:
    for start in range(0, max(rows, 1), ROWS):
        yield slice(start, start + ROWS)
