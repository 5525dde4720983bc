"""The facts that links and features are made of as Parquet files: what the cluster reads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from graph.facts.tables import Column, Tables
from graph.rings.links.projection import REFERRAL, TRANSFER
from graph.rings.spark.buckets import table_of

ROWS = 250_000  # of a file: a cluster reads several at once, and this process holds one of them
TIES, APPLICATIONS, EVENTS, PLATFORMS, MOMENT = "ties", "applications", "events", "platforms", "moment"
OUTCOMES, LABELS, NAMES = "outcomes", "labels", "names"
CHECKS = (
    "amount",
    "term_months",
    "face_match",
    "liveness",
    "phone_three_element",
    "birth_year",
    "new_citizen",
)
_ASKED = ("application_id", "applicant", "at", "platform", "merchant", "agent", *CHECKS, "city")
_LABEL = ("applicant", "application", "fraud", "known_at", "by_person")
TRAITS = ("is_emulator", "is_rooted")


@dataclass(frozen=True)
class FactTable:
    """Some facts by rows: `of` gives the columns of a slice, each (rows,), and nothing more is held."""

    name: str
    rows: int
    of: Callable[[slice], Mapping[str, Column]]

    def slices(self) -> Iterator[Mapping[str, Column]]:
        """ROWS rows after the other; one slice without rows where there are none."""
        for start in range(0, max(self.rows, 1), ROWS):
            yield self.of(slice(start, min(start + ROWS, self.rows)))


def fact_tables(tables: Tables) -> tuple[FactTable, ...]:
    """What the cluster reads. Applicants, identifiers, lenders, shops and agents are positions, times
    microseconds, -1 and NaN are none.

    ties          identifier, kind, linking, applicant, role, since, last, is_emulator, is_rooted
    applications  number (the place in the tables), application_id, applicant, at, platform, merchant,
                  agent, what CHECKS names, city
    outcomes      applicant, application (a number), status, at, amount
    labels        applicant, application (a number), fraud, known_at, by_person
    events        applicant, at, kind (TRANSFER or REFERRAL of `graph.rings.links.projection`), counterparty,
                  merchant, amount
    platforms     type
    names         who, applicant_id
    moment        as_of, zone: one row
    """
    moment = {"as_of": np.array([tables.as_of]), "zone": np.array([tables.zone])}
    ids = tables.applicant_ids
    return (
        FactTable(TIES, len(tables.ties["since"]), partial(_ties, tables, _devices(tables))),
        FactTable(APPLICATIONS, len(tables.applications["at"]), partial(_asked, tables)),
        FactTable(EVENTS, len(tables.events["at"]), partial(_events, tables)),
        FactTable(OUTCOMES, len(tables.outcomes["at"]), partial(_outcomes, tables)),
        FactTable(LABELS, len(tables.labels["known_at"]), lambda rows: _columns(tables.labels, _LABEL, rows)),
        FactTable(NAMES, len(ids), lambda rows: {"who": _numbers(rows), "applicant_id": ids[rows]}),
        FactTable(
            PLATFORMS, len(tables.platforms["type"]), lambda rows: {"type": tables.platforms["type"][rows]}
        ),
        FactTable(MOMENT, 1, lambda _: moment),
    )


def _ties(tables: Tables, devices: Mapping[str, Column], rows: slice) -> Mapping[str, Column]:
    of = tables.ties["identifier"][rows]
    at = np.minimum(np.searchsorted(devices["identifier"], of), len(devices["identifier"]) - 1)
    device = devices["identifier"][at] == of
    return {
        "identifier": of,
        "kind": tables.identifiers["kind"][of],
        "linking": tables.identifiers["linking"][of],
        **{name: tables.ties[name][rows] for name in ("applicant", "role", "since", "last")},
        **{name: np.where(device, devices[name][at], np.nan) for name in TRAITS},
    }


def _devices(tables: Tables) -> Mapping[str, Column]:
    """Devices by identifier, and after them one of no identifier."""
    order = np.argsort(tables.devices["identifier"])
    none = np.iinfo(np.int64).max
    return {"identifier": np.r_[tables.devices["identifier"][order].astype(np.int64), none]} | {
        name: np.r_[tables.devices[name][order], np.nan] for name in TRAITS
    }


def _asked(tables: Tables, rows: slice) -> Mapping[str, Column]:
    number = np.arange(rows.start, rows.stop)
    return {"number": number, **_columns(tables.applications, _ASKED, rows)}


def _outcomes(tables: Tables, rows: slice) -> Mapping[str, Column]:
    columns = _columns(tables.outcomes, ("application", "status", "at", "amount"), rows)
    return {"applicant": tables.applications["applicant"][columns["application"]], **columns}


def _columns(table: Mapping[str, Column], names: tuple[str, ...], rows: slice) -> dict[str, Column]:
    return {name: table[name][rows] for name in names}


def _numbers(rows: slice) -> Column:
    return np.arange(rows.start, rows.stop, dtype=np.int32)


def _events(tables: Tables, rows: slice) -> Mapping[str, Column]:
    columns = ("applicant", "at", "counterparty", "merchant", "amount")
    kind = np.where(tables.events["kind"][rows] == "referral", REFERRAL, TRANSFER)
    return {"kind": kind.astype(np.int8), **{name: tables.events[name][rows] for name in columns}}


def digest_of(facts: Iterable[FactTable]) -> str:
    """A name for these facts: the same facts have the same, others another."""
    seal = hashlib.sha256()
    for table in facts:
        for held in table.slices():
            for name, column in held.items():
                seal.update(f"{table.name}.{name} {column.dtype} {len(column)};".encode())
                seal.update(_bytes(column))
    return seal.hexdigest()[:16]


def _bytes(column: Column) -> bytes:
    """The same for the same values."""
    if column.dtype != object:
        return column.tobytes()
    return b"".join(buffer.to_pybytes() for buffer in pa.array(column, pa.string()).buffers() if buffer)


def write_facts(table: FactTable, folder: str) -> None:
    """The rows as Parquet files in `folder`, an address of fsspec."""
    files, place = fsspec.core.url_to_fs(folder)
    files.makedirs(place, exist_ok=True)
    for number, held in enumerate(table.slices()):
        with files.open(f"{place}/{number:05d}.parquet", "wb") as file:
            pq.write_table(table_of(held), file)
