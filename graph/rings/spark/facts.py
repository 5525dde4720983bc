"""The facts that links and features are made of as Parquet files: what the cluster reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import fsspec
import numpy as np
import pyarrow.parquet as pq

from graph.facts.tables import STATUSES, Column, Tables
from graph.model.types import OutcomeStatus
from graph.rings.projection import REFERRAL, TRANSFER
from graph.rings.spark.buckets import table_of

ROWS = 2_000_000  # of a file: a cluster reads several at once
VERSION = 2  # of the stages: raise it when one is computed otherwise, and old ones are not found again
TIES, APPLICATIONS, EVENTS, PLATFORMS, MOMENT = "ties", "applications", "events", "platforms", "moment"
CHECKS = (
    "amount",
    "term_months",
    "face_match",
    "liveness",
    "phone_three_element",
    "birth_year",
    "new_citizen",
)
_ASKED = ("applicant", "at", "platform", "merchant", "agent", *CHECKS)
TRAITS = ("is_emulator", "is_rooted")


def columns_of(tables: Tables) -> Mapping[str, Mapping[str, Column]]:
    """By name of the folder, each column (rows,). Applicants, identifiers, lenders, shops and agents are
    positions, times microseconds, -1 and NaN are none.

    ties          identifier, kind, linking, applicant, role, since, last, is_emulator, is_rooted
    applications  number (the place in the tables), applicant, at, platform, merchant, agent, what CHECKS
                  names, refused (bool)
    events        applicant, at, kind (TRANSFER or REFERRAL of `graph.rings.projection`), counterparty,
                  merchant, amount
    platforms     type
    moment        as_of, zone: one row
    """
    ties, applications, events = tables.ties, tables.applications, tables.events
    of, refused = ties["identifier"], np.zeros(len(applications["at"]), bool)
    status = tables.outcomes["status"]
    refused[tables.outcomes["application"][status == STATUSES.index(OutcomeStatus.REJECTED)]] = True
    return {
        TIES: {
            "identifier": of,
            "kind": tables.identifiers["kind"][of],
            "linking": tables.identifiers["linking"][of],
            **{name: ties[name] for name in ("applicant", "role", "since", "last")},
            **{name: _of_devices(tables, name)[of] for name in TRAITS},
        },
        APPLICATIONS: {
            "number": np.arange(len(refused)),
            **{name: applications[name] for name in _ASKED},
            "refused": refused,
        },
        EVENTS: {
            "kind": np.where(events["kind"] == "referral", REFERRAL, TRANSFER).astype(np.int8),
            **{name: events[name] for name in ("applicant", "at", "counterparty", "merchant", "amount")},
        },
        PLATFORMS: {"type": tables.platforms["type"]},
        MOMENT: {"as_of": np.array([tables.as_of]), "zone": np.array([tables.zone])},
    }


def _of_devices(tables: Tables, trait: str) -> Column:
    """A trait of the devices by identifier (I,), NaN for everything else."""
    out = np.full(len(tables.identifiers["kind"]), np.nan)
    out[tables.devices["identifier"]] = tables.devices[trait]
    return out


def digest_of(columns: Mapping[str, Mapping[str, Column]]) -> str:
    """A name for these facts: the same facts have the same, others another."""
    seal = hashlib.sha256(f"{VERSION}".encode())
    for table, held in columns.items():
        for name, column in held.items():
            seal.update(f"{table}.{name} {column.dtype} {len(column)};".encode())
            seal.update(column.tobytes())
    return seal.hexdigest()[:16]


def write_columns(columns: Mapping[str, Column], folder: str) -> None:
    """The rows as Parquet files in `folder`, an address of fsspec."""
    files, place = fsspec.core.url_to_fs(folder)
    files.makedirs(place, exist_ok=True)
    for number, rows in enumerate(_slices(len(next(iter(columns.values()))))):
        with files.open(f"{place}/{number:05d}.parquet", "wb") as file:
            pq.write_table(table_of({name: column[rows] for name, column in columns.items()}), file)


def _slices(rows: int) -> Iterator[slice]:
    for start in range(0, max(rows, 1), ROWS):
        yield slice(start, start + ROWS)
