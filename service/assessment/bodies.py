"""Flattens a request's JSON body, flat or nested, to the row that ingestion parses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from graph.model.errors import InputError, RecordError
from graph.model.near_names import near_name
from graph.model.types import Role
from ingestion import exact_json
from ingestion.cells import is_empty
from ingestion.contract import APPLICATIONS, TABLES, Cell, Column, Table, hashed_already
from ingestion.identifiers.hashes import SCHEMES, scheme_of
from ingestion.identifiers.recognise import scrubbed
from ingestion.parse import BadRow
from service.assessment.answers import fields

Row = dict[str, object]
_DEPTH = 4  # groups within groups that are looked into
# what a group calls the thing that it is about: {"employer": {"name": ...}}
_WHOLE = frozenset({"id", "number", "no", "value", "name", "text"})
_RAW = frozenset({"", "raw", "none", "plain"})
_LISTS = frozenset({"contacts", "contact_phones", "emergency_contacts", "emergency_contact"})
# Groups about somebody or something else than the applicant: their phone is not the applicant's.
_OF_OTHERS = re.compile(
    r"emergency|spouse|partner|parent|father|mother|relative|friend|colleague|guarantor|referee|referr|co_?(borrower|applicant)"
    r"|employer|company|merchant|shop|agent|lender|platform",
    re.IGNORECASE,
)
_PROFILE = frozenset({"city", "birth_year", "new_citizen"})
DEEPEST = 32  # groups and lists within one another in a body: everything that reads one can go so deep
_CONTACTS = 100  # of one list; an address book is larger
_OF_THE_REQUEST = frozenset({"stage", "hash_scheme", *fields.KEYS})  # at the top of a body, and no columns
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_COMPARED = 5  # unknown names of a refused body that are compared with the known ones
NAMED, _LONGEST = 20, 64  # how many unknown names are reported, and how many characters of each


class BodyError(InputError):
    """The body is not what JSON was asked for."""

    problem = "unreadable_body"


def decoded(body: bytes) -> Any:
    """The JSON of a body, every number with all its digits. Raises BodyError for what is no JSON in UTF-8, or
    is nested deeper than DEEPEST.
    """
    try:
        return exact_json.decoded(body.decode(), deepest=DEEPEST)
    except ValueError as error:
        raise BodyError(f"the body is not JSON in UTF-8: {error}") from error


def as_object(value: Any) -> Mapping[str, Any]:
    """`value`, if it is a JSON object. Raises BodyError, and BadRow for keys that stand twice in it, at
    whatever depth.
    """
    if not isinstance(value, dict):
        raise BodyError("the body must be a JSON object")
    if twice := exact_json.doubles(value):
        raise BadRow(tuple(twice))
    return value


def without_controls(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """`body`, if no text in it holds a control character other than tabs and line breaks, which PostgreSQL
    would not take. Raises BadRow with every field that does.
    """
    if wrong := [name for name, value in body.items() if _holds_control(value) or _holds_control(name)]:
        raise BadRow(
            tuple(
                RecordError(scrubbed(name)[:_LONGEST], "unreadable_text", "holds a control character")
                for name in wrong[:NAMED]
            )
        )
    return body


def _holds_control(value: Any) -> bool:
    """At any depth: bodies are at most DEEPEST deep."""
    if isinstance(value, str):
        return not value.isprintable() and _CONTROL.search(value) is not None
    if isinstance(value, dict):
        return any(_holds_control(one) for pair in value.items() for one in pair)
    return isinstance(value, list) and any(map(_holds_control, value))


class FlatBody(NamedTuple):
    """The columns found in a body, the table that reads them, what is wrong with how they are given, and the
    names that nobody reads.

    The table is the contract's with a column for each contact of a list.
    """

    row: Row
    table: Table
    problems: tuple[RecordError, ...]
    ignored: tuple[str, ...]


def flat(body: Mapping[str, Any], table: Table = APPLICATIONS) -> FlatBody:
    """The columns of `table` found in the body, at the top or in groups
    (`{"device": {"id": ...}, "verification": {"liveness": ...}}`).

    What the table does not name is left out, and said (`device.vendor`). One column given twice with
    different values is a problem, and so is a list.
    """
    reading = _Reading(table)
    reading.group(body, ())
    ignored = reading.ignored[:NAMED]
    if len(reading.ignored) > NAMED:
        ignored[-1] = f"and {len(reading.ignored) - NAMED + 1} more"
    return FlatBody(
        reading.row,
        replace(table, columns=(*table.columns, *reading.contacts)) if reading.contacts else table,
        tuple(reading.problems),
        tuple(ignored),
    )


def misspelt(read: FlatBody) -> tuple[RecordError, ...]:
    """Of a body that is refused: names in it that nobody reads and that are most like a column which it does
    not give. A body that is taken names them in `ignored` alone.
    """
    missing = [column.name for column in read.table.columns if is_empty(read.row.get(column.name))]
    near = ((name, near_name(name.replace(".", "_"), missing)) for name in read.ignored[:_COMPARED])
    return tuple(
        RecordError(name, "unknown_field", f"is no field; the nearest is {column}")
        for name, column in near
        if column is not None
    )


class _Reading:
    """One body being read."""

    def __init__(self, table: Table) -> None:
        self.names = frozenset(column.name for column in table.columns)
        self.like = next((column for column in table.columns if column.role is Role.CONTACT), None)
        self.own = _PROFILE | {
            c.name for c in table.columns if c.cell is Cell.IDENTIFIER and c.role is Role.OWN
        }
        self.contacts: list[Column] = []
        self.row: Row = {}
        self.problems: list[RecordError] = []
        self.ignored: list[str] = []

    def group(self, group: Mapping[str, Any], path: tuple[str, ...]) -> None:
        for key, value in group.items():
            if key in _LISTS and self.like is not None and isinstance(value, dict | list):
                self._contacts(
                    value if isinstance(value, list) else [value], ".".join((*path, key)), self.like
                )
            elif isinstance(value, dict):
                self._inner(key, value, path)
            elif (column := self._column(key, path)) is not None:
                self._put(column, value)
            elif path or key not in _OF_THE_REQUEST:
                self._ignore(".".join((*path, key)))

    def _inner(self, key: str, group: Mapping[str, Any], path: tuple[str, ...]) -> None:
        """A group within; one that is named as a column is and says nothing for any column is a value of the
        wrong type.
        """
        result = len(self.row), len(self.problems)
        if len(path) < _DEPTH:
            self.group(group, (*path, key))
        else:
            self._ignore(".".join((*path, key)))
        column = self._column(key, path)
        if column is not None and column not in self.row and result == (len(self.row), len(self.problems)):
            self.problems.append(
                RecordError(
                    column,
                    "unreadable_text",
                    "must be a value, or a group of known columns, and no other object",
                )
            )

    def _column(self, key: str, path: tuple[str, ...]) -> str | None:
        """Which column a leaf is: `device.id` and `device_id` are device_id, `employer.name` is employer,
        `verification.liveness` is liveness.
        """
        if path:
            joined = f"{path[-1]}_{key}"
            if joined in self.names:
                return joined
            if key in _WHOLE:
                return path[-1] if path[-1] in self.names else None
            if key in self.own and any(map(_OF_OTHERS.search, path)):
                return None
        return key if key in self.names else None

    def _put(self, column: str, value: object) -> None:
        if column not in self.names:
            return
        says = not is_empty(value)
        if says and not is_empty(self.row.get(column)) and self.row[column] != value:
            self.problems.append(RecordError(column, "given_twice", "is given twice with different values"))
        elif says or column not in self.row:
            self.row[column] = value

    def _contacts(self, values: list[Any], name: str, like: Column) -> None:
        """A list of contacts, as phones or as objects with a phone: each is kept, for a common contact of
        strangers is a strong tie.

        The phone of somebody who is named as their own contact (`relation: self`) is their own; other
        relations have no place in an application.
        """
        for n, value in enumerate(values[:_CONTACTS]):
            place, role = f"{name}[{n}]", Role.CONTACT
            if isinstance(value, dict):
                own = str(value.get("relation")).strip().lower() == "self"
                role = Role.OWN if own else role
                read = {"phone", "relation"} if own else {"phone"}
                self._ignore(*(f"{place}.{key}" for key in value if key not in read))
                value = value.get("phone")
            self.row[place] = value
            self.contacts.append(replace(like, name=place, source=place, role=role))
        if len(values) > _CONTACTS:
            self._ignore(f"{name}[{_CONTACTS}] to [{len(values) - 1}]")

    def _ignore(self, *names: str) -> None:
        self.ignored += printable(names)


def printable(names: Iterable[str]) -> list[str]:
    """Unknown names, safe to report: a caller may have put anything in the place of a name."""
    return [scrubbed(name)[:_LONGEST] for name in names]


def table_for(body: Mapping[str, Any], name: str) -> Table:
    """The table `name`, with its identifiers raw or as the body's `hash_scheme` says. Raises RecordError."""
    scheme = body.get("hash_scheme")
    if scheme is None or (isinstance(scheme, str) and scheme.lower() in _RAW):
        return TABLES[name]
    known = scheme_of(scheme) if isinstance(scheme, str) else None
    if known is None:
        raise RecordError("hash_scheme", "unknown_hash_scheme", f"must be raw or one of {', '.join(SCHEMES)}")
    return hashed_already(name, known)
