"""Reads a whole view as columns: one scan a table, numbers straight into arrays, sorted there; keys turned into positions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

import numpy as np

from graph.tables import PLATFORM_TYPES, STATUSES, Column, Tables, as_column

_SEEN = "at < :as_of AND mark <= :mark"
_TYPE_CODE = {kind.value: code for code, kind in enumerate(PLATFORM_TYPES)}
_STATUS = " ".join(f"WHEN '{status.value}' THEN {code}" for code, status in enumerate(STATUSES))
_BY_NAME = np.argsort(np.argsort([status.value for status in STATUSES]))  # code of a status -> its place in the alphabet
_PACKED = "(applicant << 34) | (identifier << 2) | role"  # a tie as one number: three columns are read sooner than five


def read_tables(connection: sqlite3.Connection, when: dict[str, int]) -> Tables:
    """All facts of the view (`when`: as_of, mark) inside one read transaction."""
    mapped = connection.execute("PRAGMA mmap_size").fetchone()[0]
    connection.execute("PRAGMA mmap_size = 0")  # looked at through its map, the whole file would become this process's memory
    connection.execute("BEGIN")
    try:
        return _Reader(connection, when).read()
    finally:
        connection.execute("COMMIT")
        connection.execute(f"PRAGMA mmap_size = {mapped}")


class _Reader:
    def __init__(self, connection: sqlite3.Connection, when: dict[str, int]) -> None:
        self._db = connection
        self._when = when

    def read(self) -> Tables:
        ties, identifiers, identifier_place = self._ties()
        made, texts = self._applications()
        events = self._events()
        labels = self._labels()
        names, place = self._people([ties["applicant"], made["applicant"], events["applicant"], events["counterparty"]], labels[1])
        for column in (ties, made, events):
            column["applicant"] = place[column["applicant"]]
        events["counterparty"] = np.where(events["counterparty"] < 0, np.int32(-1), place[events["counterparty"]])
        merchants = self._rows("SELECT merchant_id, category, city, opened_at FROM merchant WHERE mark <= :mark ORDER BY merchant_id")
        platforms = self._rows("SELECT platform_id, type, is_own FROM platform WHERE mark <= :mark ORDER BY platform_id")
        merchant_ids = _named(merchants[0], texts["merchant"], events["merchant"])
        platform_ids, agent_ids = _named(platforms[0], texts["platform"]), _named(texts["agent"])
        merchant_place = _places(merchant_ids)
        order = np.lexsort((ties["role"], ties["identifier"], ties["applicant"], ties["since"]))
        return Tables(
            as_of=self._when["as_of"],
            applicant_ids=as_column(names, object),
            platform_ids=as_column(platform_ids, object),
            merchant_ids=as_column(merchant_ids, object),
            agent_ids=as_column(agent_ids, object),
            identifiers=identifiers,
            ties={name: column[order] for name, column in ties.items()},
            applications={
                "application_id": as_column(texts["application_id"], object),
                "applicant": made["applicant"],
                "at": made["at"],
                "platform": _placed(texts["platform"], _places(platform_ids)),
                "merchant": _placed(texts["merchant"], merchant_place),
                "agent": _placed(texts["agent"], _places(agent_ids)),
                **{name: made[name] for name in _NUMBERS},
                **{name: as_column(texts[name], object) for name in ("product", "channel", "city")},
            },
            outcomes=self._outcomes(made["key"], texts["application_id"]),
            labels=_label_columns(labels, _places(names), (_places(texts["application_id"]), made["applicant"])),
            events=events | {"merchant": _placed(events["merchant"].tolist(), merchant_place)},
            platforms=_platform_columns(platforms, platform_ids),
            merchants=_merchant_columns(merchants, merchant_ids),
            devices=self._devices(identifier_place),
        )

    def _rows(self, sql: str) -> list[list[Any]]:
        """The columns of a query's answer, as lists."""
        cursor = self._db.execute(sql, self._when)
        rows = cursor.fetchall()
        return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in cursor.description]

    def _numbers(self, source: str, columns: dict[str, tuple[str, str]]) -> dict[str, Column]:
        """Columns (name -> expression, dtype) straight into arrays; NULL becomes NaN among floats and -1 among integers."""
        picked = ", ".join(f"coalesce({expression}, {_UNKNOWN[dtype[0]]})" for expression, dtype in columns.values())
        dtypes = [(name, dtype) for name, (_, dtype) in columns.items()]
        found = np.fromiter(self._db.execute(f"SELECT {picked} FROM {source}", self._when), dtype=dtypes)
        out = {name: found[name].copy() for name in columns}
        for column in out.values():
            if column.dtype.kind == "f":
                column[np.isinf(column)] = np.nan
        return out

    def _ties(self) -> tuple[dict[str, Column], dict[str, Column], Column]:
        """Ties with identifiers as positions and applicants still as keys; the identifiers; the position of each identifier's key, or -1."""
        told = {"tie": (_PACKED, "i8"), "since": ("min(at)", "i8"), "last": ("max(at)", "i8")}
        found = self._numbers(f"mention WHERE {_SEEN} GROUP BY applicant, identifier, role", told)
        tie = found.pop("tie")
        identifier = tie >> 2 & (1 << 32) - 1
        identifiers, place = self._identifiers(identifier)
        return {"applicant": tie >> 34, "identifier": place[identifier], "role": (tie & 3).astype(np.int8), **found}, identifiers, place

    def _identifiers(self, used: Column) -> tuple[dict[str, Column], Column]:
        """The identifiers with those keys by (kind, token), and the position of each key, or -1."""
        in_order = np.fromiter((row[0] for row in self._db.execute("SELECT key FROM identifier ORDER BY kind, token")), np.int64)
        known = np.zeros(int(in_order.max(initial=0)) + 1, bool)
        known[used] = True
        keys = in_order[known[in_order]]
        place = np.full(len(known), -1, np.int32)
        place[keys] = np.arange(len(keys), dtype=np.int32)
        kind, linking = np.zeros(len(keys), np.int8), np.zeros(len(keys), bool)
        token, masked = np.empty(len(keys), object), np.empty(len(keys), object)
        # In the order of the table, which is read much sooner than one row after the other in that of the index.
        cursor = self._db.execute("SELECT key, kind, linking, token, masked FROM identifier")
        while rows := cursor.fetchmany(_AT_ONCE):
            said = [list(column) for column in zip(*rows, strict=True)]
            at = place[said[0]]
            seen = at >= 0
            for column, told in zip((kind, linking, token, masked), said[1:], strict=True):
                column[at[seen]] = as_column(told, column.dtype)[seen]
        return {"kind": kind, "linking": linking, "token": token, "masked": masked}, place

    def _applications(self) -> tuple[dict[str, Column], dict[str, list[Any]]]:
        """Numbers, with the rows' keys and applicants as keys, and texts, by (at, application_id)."""
        names = ("key", "applicant", "at", *_NUMBERS, "application_id", *_TEXTS)
        columns = ", ".join(f"{name}_id" if name in ("platform", "merchant", "agent") else name for name in names)
        rows = dict(zip(names, self._rows(f"SELECT {columns} FROM application WHERE {_SEEN} ORDER BY at, application_id"), strict=True))
        numbers = {name: as_column(rows.pop(name), np.int64) for name in ("key", "applicant", "at")}
        numbers |= {name: as_column(rows.pop(name), np.float64) for name in _NUMBERS}
        words: dict[str, str] = {}  # the same few words stand in all rows: each is kept once
        return numbers, rows | {name: [None if v is None else words.setdefault(v, v) for v in rows[name]] for name in _TEXTS}

    def _events(self) -> dict[str, Column]:
        """By (at, event_id), people still as keys, merchants as ids."""
        told = {"key": ("key", "i8"), "applicant": ("applicant", "i8"), "at": ("at", "i8"), "counterparty": ("counterparty", "i8")}
        found = self._numbers(f"event WHERE {_SEEN} ORDER BY key", told | {"amount": ("amount", "f8")})
        codes: dict[str, int] = {}  # a kind is anybody's word
        said = self._db.execute(f"SELECT kind FROM event WHERE {_SEEN} ORDER BY key", self._when)
        found["kind"] = np.fromiter((codes.setdefault(kind, len(codes)) for (kind,) in said), np.int32)
        order = self._by_time(found["at"], found["key"])
        found = {name: column[order] for name, column in found.items()}
        found["kind"] = as_column(list(codes), object)[found["kind"]] if codes else np.empty(0, object)
        merchant = dict(self._db.execute("SELECT key, merchant_id FROM event WHERE merchant_id IS NOT NULL"))
        return found | {"merchant": as_column([merchant.get(key) for key in found.pop("key").tolist()], object)}

    def _by_time(self, at: Column, key: Column) -> Column:
        """The order of events by (at, event_id): only of those that share their moment with another one is the id looked at."""
        order = np.argsort(at, kind="stable")
        same = np.diff(at[order]) == 0
        shared = np.flatnonzero(np.r_[same, False] | np.r_[False, same])
        rows = order[shared]
        sql = "SELECT j.key, e.event_id FROM json_each(?) j CROSS JOIN event e ON e.key = j.value"
        ids = dict(self._db.execute(sql, (json.dumps(key[rows].tolist()),)))
        moments = at[rows].tolist()
        order[shared] = rows[sorted(range(len(rows)), key=lambda n: (moments[n], ids[n]))] if len(rows) else rows
        return order

    def _people(self, keys: list[Column], labelled: list[str]) -> tuple[list[str], Column]:
        """The ids of all people the view knows, sorted, and the position of each key, or -1."""
        most = max((int(column.max(initial=0)) for column in keys), default=0)
        known = np.zeros(most + 1, bool)
        for column in keys:
            known[column[column >= 0]] = True
        also = {i for i in labelled if i}
        rows = self._db.execute("SELECT key, applicant_id FROM applicant ORDER BY applicant_id")
        found = [(key, name) for key, name in rows if (key <= most and known[key]) or name in also]
        place = np.full(most + 1, -1, np.int32)
        within = [(n, key) for n, (key, _) in enumerate(found) if key <= most]
        place[[key for _, key in within]] = [n for n, _ in within]
        return [name for _, name in found], place

    def _labels(self) -> list[list[Any]]:
        seen = "known_at < :as_of AND mark <= :mark"
        return self._rows(f"SELECT application_id, applicant_id, label, known_at FROM label WHERE {seen} ORDER BY known_at, 1, 2, source")

    def _outcomes(self, keys: Column, ids: list[str]) -> dict[str, Column]:
        """Of the applications with those keys and ids, by (at, application_id, status)."""
        told = {"application": ("a.key", "i8"), "status": (f"CASE o.status {_STATUS} END", "i1"), "at": ("o.at", "i8"), "amount": ("o.amount", "f8")}
        found = self._numbers(
            "outcome o CROSS JOIN application a ON a.application_id = o.application_id WHERE o.at < :as_of AND o.mark <= :mark", told
        )
        place = np.full(int(max(keys.max(initial=0), found["application"].max(initial=0))) + 1, -1, np.int32)
        place[keys] = np.arange(len(keys), dtype=np.int32)
        found["application"] = place[found["application"]]
        found = {name: column[found["application"] >= 0] for name, column in found.items()}
        by_id = np.zeros(len(ids), np.int64)
        by_id[np.argsort(as_column(ids, object), kind="stable")] = np.arange(len(ids))
        order = np.lexsort((_BY_NAME[found["status"]], by_id[found["application"]], found["at"]))
        return {name: column[order] for name, column in found.items()}

    def _devices(self, place: Column) -> dict[str, Column]:
        rows = self._rows("SELECT identifier, os, model, is_emulator, is_rooted FROM device WHERE mark <= :mark ORDER BY identifier")
        at = place[as_column(rows[0], np.int64)]
        order = np.argsort(at, kind="stable")[int((at < 0).sum()) :]
        texts, flags = ((name, as_column(rows[n], object)) for n, name in ((1, "os"), (2, "model"))), ((3, "is_emulator"), (4, "is_rooted"))
        columns = dict(texts) | {name: as_column(rows[n], np.float64) for n, name in flags}
        return {"identifier": at[order], **{name: column[order] for name, column in columns.items()}}


_NUMBERS = ("amount", "term_months", "face_match", "liveness", "phone_three_element", "birth_year", "new_citizen")
_TEXTS = ("platform", "merchant", "agent", "product", "channel", "city")
_AT_ONCE = 50_000  # rows of identifiers
_UNKNOWN = {"f": "9e999", "i": "-1"}


def _named(*columns: Iterable[str | None]) -> list[str]:
    """Every id that stands in one of them, sorted."""
    return sorted({name for column in columns for name in column if name is not None})


def _places(ids: list[str]) -> dict[str, int]:
    return {i: n for n, i in enumerate(ids)}


def _placed(ids: Iterable[str | None], places: dict[str, int]) -> Column:
    """The position of each id, -1 for none."""
    return np.array([-1 if i is None else places[i] for i in ids], dtype=np.int32)


def _label_columns(rows: list[list[Any]], people: dict[str, int], of: tuple[dict[str, int], Column]) -> dict[str, Column]:
    """Labels as columns; one of an application the view does not know yet is left out."""
    application_place, applicant_of = of
    kept = [n for n, application_id in enumerate(rows[0]) if not application_id or application_id in application_place]
    applications = [application_place.get(rows[0][n]) for n in kept]
    applicants = [people[rows[1][n]] if a is None else int(applicant_of[a]) for n, a in zip(kept, applications, strict=True)]
    return {
        "applicant": as_column(applicants, np.int32),
        "application": as_column(applications, np.int32),
        "fraud": as_column([rows[2][n] == "fraud" for n in kept], np.bool_),
        "known_at": as_column([rows[3][n] for n in kept], np.int64),
    }


def _platform_columns(rows: list[list[Any]], ids: list[str]) -> dict[str, Column]:
    known = {i: (_TYPE_CODE[kind], bool(own)) for i, kind, own in zip(*rows, strict=True)}
    unknown = (_TYPE_CODE["other"], False)
    return {
        "type": as_column([known.get(i, unknown)[0] for i in ids], np.int8),
        "is_own": as_column([known.get(i, unknown)[1] for i in ids], np.bool_),
    }


def _merchant_columns(rows: list[list[Any]], ids: list[str]) -> dict[str, Column]:
    known = {i: rest for i, *rest in zip(*rows, strict=True)}
    told = [known.get(i, (None, None, None)) for i in ids]
    return {
        "category": as_column([t[0] for t in told], object),
        "city": as_column([t[1] for t in told], object),
        "opened_at": as_column([t[2] for t in told], np.int64),
    }
