"""A request's JSON, flat or nested as the field's APIs do it, to the flat row that the door parses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from graph.errors import InputError, RecordError
from ingestion.contract import APPLICATIONS, TABLES, Table, hashed_already
from service import wanted

Row = dict[str, object]
_DEPTH = 4  # groups within groups that are looked into
_WHOLE = frozenset({"id", "number", "no", "value", "name", "text"})  # what a group calls the thing that it is about: {"employer": {"name": ...}}
_SCHEME = re.compile(r"[a-z][a-z0-9_-]{1,31}")
_RAW = frozenset({"", "raw", "none", "plain"})
_LISTS = frozenset({"contacts", "contact_phones"})
_CONTACTS = ("contact_phone_1", "contact_phone_2")
_OF_THE_REQUEST = frozenset({"stage", "hash_scheme", *wanted.KEYS})  # at the top of a body, and no columns
_NAMED, _LONGEST = 20, 64  # how many of the names that nobody knows are told, and how much of each


class BodyError(InputError):
    """The body is not what JSON was asked for."""

    problem = "unreadable_body"


def decoded(body: bytes) -> Any:
    """The JSON of a body. Raises BodyError for what is no JSON in UTF-8."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BodyError(f"the body is not JSON in UTF-8: {error}") from error


def as_object(value: Any) -> Mapping[str, Any]:
    """`value`, if it is a JSON object. Raises BodyError."""
    if not isinstance(value, dict):
        raise BodyError("the body must be a JSON object")
    return value


class Flat(NamedTuple):
    """The columns found in a body, what is wrong with how they are given, and the names in it that the contract does not know."""

    row: Row
    problems: tuple[RecordError, ...]
    ignored: tuple[str, ...]


def flat(body: Mapping[str, Any], table: Table = APPLICATIONS) -> Flat:
    """The columns of `table` found in the body, at the top or in groups (`{"device": {"id": ...}, "verification": {"liveness": ...}}`).

    What the table does not name is left out, and said (`device.vendor`). One column given twice with different values is a problem, and so is a list.
    """
    reading = _Reading(frozenset(column.name for column in table.columns))
    reading.group(body, ())
    return Flat(reading.row, tuple(reading.problems), tuple(reading.ignored[:_NAMED]))


class _Reading:
    """One body being read."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        self.row: Row = {}
        self.problems: list[RecordError] = []
        self.ignored: list[str] = []

    def group(self, group: Mapping[str, Any], path: tuple[str, ...]) -> None:
        for key, value in group.items():
            if isinstance(value, dict):
                self._inner(key, value, path)
            elif isinstance(value, list) and key in _LISTS:
                self._contacts(value)
            elif (column := self._column(key, path)) is not None:
                self._put(column, value)
            elif path or key not in _OF_THE_REQUEST:
                self.ignored.append(".".join((*path, key))[:_LONGEST])

    def _inner(self, key: str, group: Mapping[str, Any], path: tuple[str, ...]) -> None:
        """A group within; one that is named as a column is and says nothing for any column is a value of the wrong type."""
        found = len(self.row), len(self.problems)
        if len(path) < _DEPTH:
            self.group(group, (*path, key))
        column = self._column(key, path)
        if column is not None and column not in self.row and found == (len(self.row), len(self.problems)):
            self.problems.append(RecordError(column, "unreadable_text", "must be a value, or a group of known columns, and no other object"))

    def _column(self, key: str, path: tuple[str, ...]) -> str | None:
        """Which column a leaf is: `device.id` and `device_id` are device_id, `employer.name` is employer, `verification.liveness` is liveness."""
        if path:
            joined = f"{path[-1]}_{key}"
            if joined in self.names:
                return joined
            if key in _WHOLE:
                return path[-1] if path[-1] in self.names else None
        return key if key in self.names else None

    def _put(self, column: str, value: object) -> None:
        if column not in self.names:
            return
        if value is not None and self.row.get(column) is not None and self.row[column] != value:
            self.problems.append(RecordError(column, "given_twice", "is given twice with different values"))
        elif value is not None or column not in self.row:
            self.row[column] = value

    def _contacts(self, values: list[Any]) -> None:
        """A list of contacts, as phones or as objects with a phone, fills the columns that the contract has for them."""
        for column, value in zip(_CONTACTS, values):
            self._put(column, value.get("phone") if isinstance(value, dict) else value)


def table_for(body: Mapping[str, Any], name: str) -> Table:
    """The table `name`, with its identifiers raw or as the body's `hash_scheme` says. Raises RecordError."""
    scheme = body.get("hash_scheme")
    if scheme is None or (isinstance(scheme, str) and scheme.lower() in _RAW):
        return TABLES[name]
    if not isinstance(scheme, str) or not _SCHEME.fullmatch(scheme.lower()):
        raise RecordError("hash_scheme", "unknown_hash_scheme", "must be raw, or the name of the hash, for example sha256")
    return hashed_already(name, scheme.lower())
