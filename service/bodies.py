"""A request's JSON, flat or nested as the field's APIs do it, to the flat row that the door parses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from graph.errors import InputError, RecordError
from ingestion.contract import APPLICATIONS, TABLES, Table, hashed_already

Row = dict[str, object]
_DEPTH = 4  # groups within groups that are looked into
_WHOLE = frozenset({"id", "number", "no", "value", "name", "text"})  # what a group calls the thing that it is about: {"employer": {"name": ...}}
_SCHEME = re.compile(r"[a-z][a-z0-9_-]{1,31}")
_RAW = frozenset({"", "raw", "none", "plain"})
_CONTACTS = ("contact_phone_1", "contact_phone_2")


def decoded(body: bytes) -> Any:
    """The JSON of a body. Raises InputError for what is no JSON in UTF-8."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InputError(f"the body is not JSON in UTF-8: {error}") from error


def as_object(value: Any) -> Mapping[str, Any]:
    """`value`, if it is a JSON object. Raises InputError."""
    if not isinstance(value, dict):
        raise InputError("the body must be a JSON object")
    return value


def flat(body: Mapping[str, Any], table: Table = APPLICATIONS) -> Row:
    """The columns of `table` found in the body, at the top or in groups (`{"device": {"id": ...}, "verification": {"liveness": ...}}`).

    What the table does not name is left out. Raises RecordError when one column is given twice with different values.
    """
    row: Row = {}
    names = frozenset(column.name for column in table.columns)
    _collect(body, (), names, row)
    return row


def _collect(group: Mapping[str, Any], path: tuple[str, ...], names: frozenset[str], row: Row) -> None:
    for key, value in group.items():
        if isinstance(value, dict):
            if len(path) < _DEPTH:
                _collect(value, (*path, key), names, row)
            continue
        if isinstance(value, list):
            _put_contacts(key, value, names, row)
            continue
        column = _column(key, path, names)
        if column is not None:
            _put(row, column, value)


def _column(key: str, path: tuple[str, ...], names: frozenset[str]) -> str | None:
    """Which column a leaf is: `device.id` and `device_id` are device_id, `employer.name` is employer, `verification.liveness` is liveness."""
    if path:
        joined = f"{path[-1]}_{key}"
        if joined in names:
            return joined
        if key in _WHOLE:
            return path[-1] if path[-1] in names else None
    return key if key in names else None


def _put(row: Row, column: str, value: object) -> None:
    if value is not None and row.get(column) is not None and row[column] != value:
        raise RecordError(column, "given_twice", "is given twice with different values")
    if value is not None or column not in row:
        row[column] = value


def _put_contacts(key: str, values: list[Any], names: frozenset[str], row: Row) -> None:
    """A list of contacts, as phones or as objects with a phone, fills the columns that the contract has for them."""
    if key not in ("contacts", "contact_phones") or not names.issuperset(_CONTACTS):
        if key in names:
            raise RecordError(key, "unreadable_text", "must be a single value")
        return
    for column, value in zip(_CONTACTS, values):
        _put(row, column, value.get("phone") if isinstance(value, dict) else value)


def table_for(body: Mapping[str, Any], name: str) -> Table:
    """The table `name`, with its identifiers raw or as the body's `hash_scheme` says. Raises RecordError."""
    scheme = body.get("hash_scheme")
    if scheme is None or (isinstance(scheme, str) and scheme.lower() in _RAW):
        return TABLES[name]
    if not isinstance(scheme, str) or not _SCHEME.fullmatch(scheme.lower()):
        raise RecordError("hash_scheme", "unknown_hash_scheme", "must be raw, or the name of the hash, for example sha256")
    return hashed_already(name, scheme.lower())
