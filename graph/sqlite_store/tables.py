"""Reads a whole view as columns: one ordered scan a table, keys turned into positions."""

from __future__ import annotations

import sqlite3
from typing import Any

import numpy as np

from graph.tables import PLATFORM_TYPES, STATUSES, Column, Tables, as_column

_SEEN = "at < :as_of AND mark <= :mark"
_STATUS_CODE = {status.value: code for code, status in enumerate(STATUSES)}
_TYPE_CODE = {kind.value: code for code, kind in enumerate(PLATFORM_TYPES)}


def read_tables(connection: sqlite3.Connection, when: dict[str, int]) -> Tables:
    """All facts of the view (`when`: as_of, mark) inside one read transaction."""
    connection.execute("BEGIN")
    try:
        return _Reader(connection, when).read()
    finally:
        connection.execute("COMMIT")


class _Reader:
    def __init__(self, connection: sqlite3.Connection, when: dict[str, int]) -> None:
        self._db = connection
        self._when = when

    def read(self) -> Tables:
        ties, identifiers, identifier_place = self._ties()
        applications = self._rows(
            "SELECT application_id, applicant, at, platform_id, merchant_id, agent_id, amount, term_months, face_match, liveness, "
            f"phone_three_element, birth_year, new_citizen, product, channel, city FROM application WHERE {_SEEN} ORDER BY at, application_id"
        )
        events = self._rows(f"SELECT applicant, kind, at, counterparty, merchant_id, amount FROM event WHERE {_SEEN} ORDER BY at, event_id")
        labels = self._labels()
        people = self._people([*ties["applicant"].tolist(), *applications[1], *events[0], *(p for p in events[3] if p is not None)], labels[1])
        names, place = people
        merchants = self._rows("SELECT merchant_id, category, city, opened_at FROM merchant WHERE mark <= :mark ORDER BY merchant_id")
        platforms = self._rows("SELECT platform_id, type, is_own FROM platform WHERE mark <= :mark ORDER BY platform_id")
        merchant_ids = sorted({*merchants[0], *(m for m in (*applications[4], *events[4]) if m is not None)})
        platform_ids = sorted({*platforms[0], *applications[3]})
        agent_ids = sorted({a for a in applications[5] if a is not None})
        merchant_place, platform_place, agent_place = (_places(ids) for ids in (merchant_ids, platform_ids, agent_ids))
        application_place = _places(applications[0])
        applicant_of = as_column([place[a] for a in applications[1]], np.int32)
        ties["applicant"] = np.array([place[a] for a in ties["applicant"].tolist()], dtype=np.int32)
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
                "application_id": as_column(applications[0], object),
                "applicant": applicant_of,
                "at": as_column(applications[2], np.int64),
                "platform": as_column([platform_place[p] for p in applications[3]], np.int32),
                "merchant": as_column([merchant_place.get(m) for m in applications[4]], np.int32),
                "agent": as_column([agent_place.get(a) for a in applications[5]], np.int32),
                **{name: as_column(applications[6 + n], np.float64) for n, name in enumerate(_NUMBERS)},
                **{name: as_column(applications[13 + n], object) for n, name in enumerate(("product", "channel", "city"))},
            },
            outcomes=self._outcomes(application_place),
            labels=_label_columns(labels, _places(names), (application_place, applicant_of)),
            events={
                "applicant": as_column([place[a] for a in events[0]], np.int32),
                "kind": as_column(events[1], object),
                "at": as_column(events[2], np.int64),
                "counterparty": as_column([None if a is None else place[a] for a in events[3]], np.int32),
                "merchant": as_column([merchant_place.get(m) for m in events[4]], np.int32),
                "amount": as_column(events[5], np.float64),
            },
            platforms=_platform_columns(platforms, platform_ids),
            merchants=_merchant_columns(merchants, merchant_ids),
            devices=self._devices(identifier_place),
        )

    def _rows(self, sql: str) -> list[list[Any]]:
        """The columns of a query's answer, as lists."""
        cursor = self._db.execute(sql, self._when)
        rows = cursor.fetchall()
        return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in cursor.description]

    def _ties(self) -> tuple[dict[str, Column], dict[str, Column], dict[int, int]]:
        """Ties with identifiers as positions and applicants still as keys; the identifiers; key -> position."""
        sql = f"SELECT applicant, identifier, role, min(at), max(at) FROM mention WHERE {_SEEN} GROUP BY applicant, identifier, role"
        fields = [("applicant", np.int64), ("identifier", np.int64), ("role", np.int8), ("since", np.int64), ("last", np.int64)]
        found = np.fromiter(self._db.execute(sql, self._when), dtype=fields)
        used = set(np.unique(found["identifier"]).tolist())
        rows = [r for r in self._db.execute("SELECT key, kind, linking, token, masked FROM identifier ORDER BY kind, token") if r[0] in used]
        place = {row[0]: n for n, row in enumerate(rows)}
        identifiers = {
            "kind": as_column([r[1] for r in rows], np.int8),
            "linking": as_column([bool(r[2]) for r in rows], np.bool_),
            "token": as_column([r[3] for r in rows], object),
            "masked": as_column([r[4] for r in rows], object),
        }
        ties: dict[str, Column] = {name: found[name].copy() for name, _ in fields}
        ties["identifier"] = np.array([place[i] for i in found["identifier"].tolist()], dtype=np.int32)
        return ties, identifiers, place

    def _people(self, keys: list[int], labelled: list[str]) -> tuple[list[str], dict[int, int]]:
        """The ids of all people the view knows, sorted, and key -> position."""
        known = set(keys)
        also = {i for i in labelled if i}
        rows = [r for r in self._db.execute("SELECT key, applicant_id FROM applicant ORDER BY applicant_id") if r[0] in known or r[1] in also]
        return [r[1] for r in rows], {r[0]: n for n, r in enumerate(rows)}

    def _labels(self) -> list[list[Any]]:
        seen = "known_at < :as_of AND mark <= :mark"
        return self._rows(f"SELECT application_id, applicant_id, label, known_at FROM label WHERE {seen} ORDER BY known_at, 1, 2, source")

    def _outcomes(self, place: dict[str, int]) -> dict[str, Column]:
        rows = self._rows(f"SELECT application_id, status, at, amount FROM outcome WHERE {_SEEN} ORDER BY at, application_id, status")
        kept = [n for n, application_id in enumerate(rows[0]) if application_id in place]
        return {
            "application": as_column([place[rows[0][n]] for n in kept], np.int32),
            "status": as_column([_STATUS_CODE[rows[1][n]] for n in kept], np.int8),
            "at": as_column([rows[2][n] for n in kept], np.int64),
            "amount": as_column([rows[3][n] for n in kept], np.float64),
        }

    def _devices(self, place: dict[int, int]) -> dict[str, Column]:
        rows = self._rows("SELECT identifier, os, model, is_emulator, is_rooted FROM device WHERE mark <= :mark ORDER BY identifier")
        kept = sorted((n for n, key in enumerate(rows[0]) if key in place), key=lambda n: place[rows[0][n]])
        return {
            "identifier": as_column([place[rows[0][n]] for n in kept], np.int32),
            "os": as_column([rows[1][n] for n in kept], object),
            "model": as_column([rows[2][n] for n in kept], object),
            "is_emulator": as_column([rows[3][n] for n in kept], np.float64),
            "is_rooted": as_column([rows[4][n] for n in kept], np.float64),
        }


_NUMBERS = ("amount", "term_months", "face_match", "liveness", "phone_three_element", "birth_year", "new_citizen")


def _places(ids: list[str]) -> dict[str, int]:
    return {i: n for n, i in enumerate(ids)}


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
