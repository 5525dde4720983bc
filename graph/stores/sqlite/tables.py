"""Reads a whole view as columns: one scan a table by Arrow's driver into arrays, which are sorted and get
positions for keys.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pyarrow as pa

from graph.facts.fraud_labels import by_person
from graph.facts.people_range import PeopleRange
from graph.facts.tables import PLATFORM_TYPES, STATUSES, Column, Tables, as_column
from graph.stores.sqlite.columns import ColumnReader, reading
from graph.stores.sqlite.positions import Positions
from graph.stores.sqlite.table_sources import TableSources

_TYPE_CODE = {kind.value: code for code, kind in enumerate(PLATFORM_TYPES)}
_STATUS = " ".join(f"WHEN '{status.value}' THEN {code}" for code, status in enumerate(STATUSES))
# code of a status -> its place in the alphabet
_BY_NAME = np.argsort(np.argsort([status.value for status in STATUSES]))
# a tie as one number: three columns are read sooner than five
_PACKED = "(applicant << 34) | (identifier << 2) | role"

ColumnQueries = dict[str, tuple[str, str]]  # name of a column -> how it is asked for, and its dtype


def read_tables(
    connection: sqlite3.Connection,
    when: dict[str, int],
    within: PeopleRange | None = None,
    *,
    tokens: bool = False,
) -> Tables:
    """All facts of the view (`when`: as_of, revision), or those of a range of people, inside one read
    transaction of a connection of its own. With the identifiers' `tokens` if they are asked for. Raises
    StoreUnavailableError.
    """
    # beside it a temporary one may stand
    path = next(file for _, name, file in connection.execute("PRAGMA database_list") if name == "main")
    with reading(Path(path)) as columns:
        return _Reader(columns, TableSources(when, within), tokens).read(when["as_of"])


class _Reader:
    def __init__(self, columns: ColumnReader, sources: TableSources, tokens: bool) -> None:
        self._columns, self._from = columns, sources
        self._identifier = _IDENTIFIER | (_TOKEN if tokens else {})

    def read(self, as_of: int) -> Tables:
        ties, identifiers, identifier_place = self._ties()
        created = self._read(self._from.applications(), _APPLICATION)
        events = self._events()
        labels = self._read(self._from.labels(), _LABEL)
        names, place = self._people(
            [ties["applicant"], created["applicant"], events["applicant"], events["counterparty"]],
            labels["applicant"],
        )
        for column in (ties, created, events):
            column["applicant"] = place[column["applicant"]]
        events["counterparty"] = place[events["counterparty"]]
        merchants = self._read(self._from.merchants(), _MERCHANT)
        platforms = self._read(self._from.platforms(), _PLATFORM)
        merchant_ids = _named(merchants["merchant"], created["merchant"], events["merchant"])
        platform_ids, agent_ids = _named(platforms["platform"], created["platform"]), _named(created["agent"])
        merchant_place = _places(merchant_ids)
        order = np.lexsort((ties["role"], ties["identifier"], ties["applicant"], ties["since"]))
        outcomes = self._outcomes(created.pop("key"), created["application_id"])
        return Tables(
            as_of=as_of,
            applicant_ids=names,
            platform_ids=as_column(platform_ids, object),
            merchant_ids=as_column(merchant_ids, object),
            agent_ids=as_column(agent_ids, object),
            identifiers=identifiers,
            ties={name: column[order] for name, column in ties.items()},
            applications=created
            | {
                "platform": _placed(created["platform"], _places(platform_ids)),
                "merchant": _placed(created["merchant"], merchant_place),
                "agent": _placed(created["agent"], _places(agent_ids)),
            },
            outcomes=outcomes,
            labels=_label_columns(
                labels,
                _places(names.tolist()),
                (_places(created["application_id"].tolist()), created["applicant"]),
            ),
            events=events | {"merchant": _placed(events["merchant"], merchant_place)},
            platforms=_platform_columns(platforms, platform_ids),
            merchants=_merchant_columns(merchants, merchant_ids),
            devices=self._devices(identifier_place),
        )

    def _read(self, source: str, entry: ColumnQueries) -> dict[str, Column]:
        """Columns of a query; NULL becomes None among texts, NaN among floats and -1 among integers.

        Nothing may be NULL on the way: the driver takes a column's type from its first rows.
        """
        picked = ", ".join(
            f"coalesce({expression}, {_UNKNOWN[dtype[0]]}) AS {name}"
            for name, (expression, dtype) in entry.items()
        )
        result = self._columns.read(f"SELECT {picked} FROM {source}")
        return {name: _column(result[name], dtype) for name, (_, dtype) in entry.items()}

    def _ties(self) -> tuple[dict[str, Column], dict[str, Column], Positions]:
        """Ties with identifiers as positions and applicants still as keys; the identifiers; the position of
        each identifier's key.
        """
        columns = {"tie": (_PACKED, "i8"), "since": ("min(at)", "i8"), "last": ("max(at)", "i8")}
        result = self._read(self._from.ties(), columns)
        tie = result.pop("tie")
        identifier = tie >> 2 & (1 << 32) - 1
        identifiers, place = self._identifiers(identifier)
        return (
            {
                "applicant": tie >> 34,
                "identifier": place[identifier],
                "role": (tie & 3).astype(np.int8),
                **result,
            },
            identifiers,
            place,
        )

    def _identifiers(self, used: Column) -> tuple[dict[str, Column], Positions]:
        """The identifiers with those keys by (kind, token), and the position of each key."""
        source = self._from.identifiers()
        in_order = self._read(f"{source} ORDER BY kind, token", {"key": ("key", "i8")})["key"]
        place = Positions(in_order[np.isin(in_order, used)])
        # In the order of the table, which is read much sooner than one row after the other in that of the
        # index.
        rows = self._read(source, self._identifier)
        at = place[rows.pop("key")]
        there = np.flatnonzero(at >= 0)
        order = there[np.argsort(at[there])]
        return {name: column[order] for name, column in rows.items()}, place

    def _events(self) -> dict[str, Column]:
        """By (at, event_id), people still as keys, merchants as ids."""
        result = self._read(self._from.events(), _EVENT)
        order = self._by_time(result["at"], result.pop("key"))
        return {name: column[order] for name, column in result.items()}

    def _by_time(self, at: Column, key: Column) -> Column:
        """The order of events by (at, event_id): the id is read only where several share a moment."""
        order = np.argsort(at, kind="stable")
        same = np.diff(at[order]) == 0
        shared = np.flatnonzero(np.r_[same, False] | np.r_[False, same])
        rows = order[shared]
        keys = ",".join(map(str, key[rows].tolist()))
        ids = self._read(
            f"json_each('[{keys}]') j CROSS JOIN event e ON e.key = j.value",
            {"key": ("e.key", "i8"), "id": ("event_id", "O")},
        )
        id_of = dict(zip(ids["key"].tolist(), ids["id"].tolist(), strict=True))
        order[shared] = rows[
            sorted(
                range(len(rows)),
                key=[(t, id_of[k]) for t, k in zip(at[rows].tolist(), key[rows].tolist())].__getitem__,
            )
        ]
        return order

    def _people(self, keys: list[Column], labelled: Column) -> tuple[Column, Positions]:
        """The ids of all people the view knows, sorted, and the position of each key."""
        rows = self._read(self._from.people(), {"key": ("key", "i8"), "name": ("applicant_id", "O")})
        also = {i for i in labelled.tolist() if i}
        kept = np.isin(rows["key"], np.concatenate(keys)) | np.fromiter(
            (name in also for name in rows["name"].tolist()), bool, len(rows["name"])
        )
        return rows["name"][kept], Positions(rows["key"][kept])

    def _outcomes(self, keys: Column, ids: Column) -> dict[str, Column]:
        """Of the applications with those keys and ids, by (at, application_id, status)."""
        columns = {
            "application": ("a.key", "i8"),
            "status": (f"CASE o.status {_STATUS} END", "i1"),
            "at": ("o.at", "i8"),
            "amount": ("o.amount", "f8"),
        }
        result = self._read(self._from.outcomes(), columns)
        result["application"] = Positions(keys)[result["application"]]
        result = {name: column[result["application"] >= 0] for name, column in result.items()}
        by_id = np.zeros(len(ids), np.int64)
        by_id[np.argsort(ids, kind="stable")] = np.arange(len(ids))
        order = np.lexsort((_BY_NAME[result["status"]], by_id[result["application"]], result["at"]))
        return {name: column[order] for name, column in result.items()}

    def _devices(self, place: Positions) -> dict[str, Column]:
        rows = self._read(self._from.devices(), _DEVICE)
        at = rows["identifier"] = place[rows["identifier"]]
        order = np.argsort(at, kind="stable")[int((at < 0).sum()) :]
        return {name: column[order] for name, column in rows.items()}


_NOTHING = "\x1f"  # stands for a text that is NULL; no word of a lender's holds it
_UNKNOWN = {"f": "9e999", "i": "-1", "b": "0", "O": f"'{_NOTHING}'"}
_APPLICATION: ColumnQueries = (
    {"key": ("key", "i8"), "application_id": ("application_id", "O"), "applicant": ("applicant", "i8"),
     "at": ("at", "i8")}
    | {name: (f"{name}_id", "O") for name in ("platform", "merchant", "agent")}
    | {name: (f"CAST({name} AS REAL)", "f8")
       for name in ("amount", "term_months", "face_match", "liveness", "phone_three_element", "birth_year",
                    "new_citizen")}
    | {name: (name, "O") for name in ("product", "channel", "city")}
)  # fmt: skip
_EVENT: ColumnQueries = {
    "key": ("key", "i8"), "applicant": ("applicant", "i8"), "at": ("at", "i8"),
    "counterparty": ("counterparty", "i8"), "amount": ("amount", "f8"), "kind": ("kind", "O"),
    "merchant": ("merchant_id", "O"),
}  # fmt: skip
_LABEL: ColumnQueries = {
    "application": ("application_id", "O"),
    "applicant": ("applicant_id", "O"),
    "fraud": ("label = 'fraud'", "b"),
    "at": ("known_at", "i8"),
    "source": ("source", "O"),
}
_MERCHANT: ColumnQueries = {
    "merchant": ("merchant_id", "O"),
    "category": ("category", "O"),
    "city": ("city", "O"),
    "opened_at": ("opened_at", "i8"),
}
_PLATFORM: ColumnQueries = {
    "platform": ("platform_id", "O"),
    "type": ("type", "O"),
    "is_own": ("is_own", "b"),
}
_IDENTIFIER: ColumnQueries = {
    "key": ("key", "i8"),
    "kind": ("kind", "i1"),
    "linking": ("linking", "b"),
}
_TOKEN: ColumnQueries = {"token": ("token", "O")}
_DEVICE: ColumnQueries = {
    "identifier": ("identifier", "i8"),
    "os": ("os", "O"),
    "model": ("model", "O"),
    **{name: (f"CAST({name} AS REAL)", "f8") for name in ("is_emulator", "is_rooted")},
}


def _column(result: pa.ChunkedArray, dtype: str) -> Column:
    """A column of a query as an array; equal texts are one object."""
    if not len(result):
        return np.empty(0, bool if dtype == "b" else dtype)
    if dtype == "O":
        rows = result.combine_chunks().dictionary_encode()
        words = as_column(
            [None if word == _NOTHING else word for word in rows.dictionary.to_pylist()], object
        )
        return np.asarray(words[rows.indices.to_numpy()])
    column: Column = result.to_numpy().astype(bool if dtype == "b" else dtype)
    if dtype[0] == "f":
        column[np.isinf(column)] = np.nan
    return column


def _named(*columns: Column) -> list[str]:
    """Every id that stands in one of them, sorted."""
    return sorted({name for column in columns for name in column.tolist() if name is not None})


def _places(ids: list[str]) -> dict[str, int]:
    return {i: n for n, i in enumerate(ids)}


def _placed(ids: Column, places: dict[str, int]) -> Column:
    """The position of each id, -1 for none."""
    return np.array([-1 if i is None else places[i] for i in ids.tolist()], dtype=np.int32)


def _label_columns(
    rows: dict[str, Column], people: dict[str, int], of: tuple[dict[str, int], Column]
) -> dict[str, Column]:
    """Labels as columns; one of an application the view does not know yet is left out."""
    application_place, applicant_of = of
    about = rows["application"].tolist()
    persons = {source: by_person(source) for source in set(rows["source"].tolist())}
    kept = [
        n
        for n, application_id in enumerate(about)
        if not application_id or application_id in application_place
    ]
    applications = [application_place.get(about[n]) for n in kept]
    applicants = [
        people[rows["applicant"][n]] if a is None else int(applicant_of[a])
        for n, a in zip(kept, applications, strict=True)
    ]
    return {
        "applicant": as_column(applicants, np.int32),
        "application": as_column(applications, np.int32),
        "fraud": rows["fraud"][kept],
        "known_at": rows["at"][kept],
        "by_person": as_column([persons[source] for source in rows["source"][kept].tolist()], np.bool_),
    }


def _platform_columns(rows: dict[str, Column], ids: list[str]) -> dict[str, Column]:
    existing = {
        i: (_TYPE_CODE[kind], own)
        for i, kind, own in zip(*(column.tolist() for column in rows.values()), strict=True)
    }
    unknown = (_TYPE_CODE["other"], False)
    return {
        "type": as_column([existing.get(i, unknown)[0] for i in ids], np.int8),
        "is_own": as_column([existing.get(i, unknown)[1] for i in ids], np.bool_),
    }


def _merchant_columns(rows: dict[str, Column], ids: list[str]) -> dict[str, Column]:
    existing = {i: rest for i, *rest in zip(*(column.tolist() for column in rows.values()), strict=True)}
    values = [existing.get(i, (None, None, -1)) for i in ids]
    return {
        "category": as_column([t[0] for t in values], object),
        "city": as_column([t[1] for t in values], object),
        "opened_at": as_column([t[2] for t in values], np.int64),
    }
