"""The record contract as data: its tables, their columns, and what a cell of each may hold (docs/records.md
for people).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from graph.model.types import IdentifierKind, LabelValue, OutcomeStatus, PlatformType, Role


class Cell(StrEnum):
    """What a cell holds, and so how it is read."""

    ID = "id"
    TEXT = "text"
    WORD = "word"
    TIME = "time"
    AMOUNT = "amount"
    SHARE = "share"
    WHOLE = "whole"
    FLAG = "flag"
    IDENTIFIER = "identifier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `name` is the contract's word; a mapping says which `source` column feeds it and how that
    is to be read.

    `low` and `high` bound numbers (inclusive). `words` are the values there are, when they are few; a
    `lender` must be one that is known. A `key` may be empty and costs its row where it cannot be read,
    because without it the row says something else. The rest is for mappings: `constant` stands in where the
    source has nothing, `values` translates the source's words, `prefix` goes before its ids, `time` is the
    form of its times (ISO-8601 by default; see cells), `zone` the time zone of those without an offset (by
    default the parse context's), `plus_days` is added to them, `hashed` is the scheme of values that are
    hashed already, `joined` are further source columns that belong to the cell, `shape` is how an identifier
    is written (see shapes), numbers count `times` so much, `others` are asked in their order where this one
    says nothing good, and the `kind` of an id or a year is that of the identifier of which it is made. A
    `year` may be written as a date.
    """

    name: str
    cell: Cell
    source: str = ""
    required: bool = False
    key: bool = False
    kind: IdentifierKind | None = None
    role: Role = Role.OWN
    low: float = 0.0
    high: float = 1e12
    words: tuple[str, ...] = ()
    lender: bool = False
    constant: str | None = None
    values: Mapping[str, str] | None = None
    prefix: str = ""
    time: str = ""
    zone: str = ""
    plus_days: float = 0.0
    hashed: str = ""
    joined: tuple[str, ...] = ()
    shape: str = ""
    times: float = 1.0
    others: tuple[Column, ...] = ()
    year: bool = False
    composed: bool = field(init=False)  # whether more than one plain cell must be read

    def __post_init__(self) -> None:
        object.__setattr__(self, "composed", bool(self.joined or self.shape or self.others))

    @property
    def sources(self) -> tuple[str, ...]:
        """Every column of the source that may feed it."""
        own = (self.source, *self.joined) if self.source else ()
        return own + tuple(source for other in self.others for source in other.sources)


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of the contract, or what a mapping makes of it: `attributes` are (source column, name) pairs
    that are kept as texts.

    `per_lender`: ids of applications, people and events are those of the row's lender, which every row names.
    """

    name: str
    columns: tuple[Column, ...]
    one_of: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    per_lender: bool = False

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def sources(self) -> frozenset[str]:
        """Every column of the source that is read."""
        return frozenset(source for c in self.columns for source in c.sources) | {
            source for source, _ in self.attributes
        }


def _column(name: str, cell: Cell, **more: Any) -> Column:
    return Column(name=name, cell=cell, source=name, **more)


def _id(name: str, *, required: bool = False, key: bool = False) -> Column:
    return _column(name, Cell.ID, required=required, key=key)


def _text(*names: str) -> tuple[Column, ...]:
    return tuple(_column(name, Cell.TEXT) for name in names)


def _at(name: str) -> Column:
    return _column(name, Cell.TIME, required=True)


def _word(name: str, *words: str, required: bool = True) -> Column:
    return _column(name, Cell.WORD, required=required, words=words)


_AMOUNT = _column("amount", Cell.AMOUNT)
_K, _R = IdentifierKind, Role
IDENTIFIERS: tuple[Column, ...] = tuple(
    _column(name, Cell.IDENTIFIER, kind=kind, role=role)
    for name, kind, role in (
        ("national_id", _K.NATIONAL_ID, _R.OWN),
        ("phone", _K.PHONE, _R.OWN),
        ("device_id", _K.DEVICE, _R.OWN),
        ("bank_card", _K.BANK_CARD, _R.OWN),
        ("email", _K.EMAIL, _R.OWN),
        ("ip", _K.IP, _R.OWN),
        ("wifi", _K.WIFI, _R.OWN),
        ("address", _K.ADDRESS, _R.OWN),
        ("employer", _K.EMPLOYER, _R.EMPLOYER),
        ("employer_phone", _K.PHONE, _R.EMPLOYER),
        ("contact_phone_1", _K.PHONE, _R.CONTACT),
        ("contact_phone_2", _K.PHONE, _R.CONTACT),
    )
)
RELATIONS = ("self", "spouse", "parent", "relative", "friend", "colleague", "other")

APPLICATIONS = Table(
    name="applications",
    columns=(
        _id("application_id", required=True),
        _at("applied_at"),
        _id("applicant_id", required=True),
        _column("platform_id", Cell.ID, required=True, lender=True),
        *_text("product"),
        _AMOUNT,
        _column("term_months", Cell.WHOLE, high=1_200),
        _id("merchant_id"),
        _id("agent_id"),
        *_text("channel"),
        *IDENTIFIERS,
        _column("face_match", Cell.SHARE, high=1.0),
        _column("liveness", Cell.SHARE, high=1.0),
        _column("phone_three_element", Cell.FLAG),
        _column("birth_year", Cell.WHOLE, low=1_880, high=2_100, year=True),
        *_text("city"),
        _column("new_citizen", Cell.FLAG),
    ),
)
EVENTS = Table(
    name="events",
    columns=(
        _id("event_id", key=True),
        _word("kind"),
        _at("at"),
        _id("applicant_id", required=True),
        *IDENTIFIERS,
        _id("counterparty_id"),
        _id("merchant_id"),
        _AMOUNT,
    ),
)
OUTCOMES = Table(
    name="outcomes",
    columns=(
        _id("application_id", required=True),
        _word("status", *(s.value for s in OutcomeStatus)),
        _at("at"),
        _AMOUNT,
    ),
)
LABELS = Table(
    name="labels",
    columns=(
        _id("application_id", key=True),
        _id("applicant_id", key=True),
        _word("label", *(v.value for v in LabelValue)),
        _at("known_at"),
        *_text("source", "detail"),
    ),
    one_of=("application_id", "applicant_id"),
)
PLATFORMS = Table(
    name="platforms",
    columns=(
        _id("platform_id", required=True),
        _word("type", *(t.value for t in PlatformType)),
        _column("is_own", Cell.FLAG),
    ),
)
MERCHANTS = Table(
    name="merchants",
    columns=(_id("merchant_id", required=True), *_text("category", "city"), _column("opened_at", Cell.TIME)),
)
CONTACTS = Table(
    name="contacts",
    columns=(
        _id("applicant_id", required=True),
        _column("phone", Cell.IDENTIFIER, kind=_K.PHONE, required=True),
        _word("relation", *RELATIONS, required=False),
        _at("at"),
    ),
)
DEVICES = Table(
    name="devices",
    columns=(
        _column("device_id", Cell.IDENTIFIER, kind=_K.DEVICE, required=True),
        *_text("os", "model"),
        _column("is_emulator", Cell.FLAG),
        _column("is_rooted", Cell.FLAG),
    ),
)
# In the order in which they are loaded: what others refer to comes first; devices come behind their holders,
# because of one that the erased alone held nothing is taken.
TABLES: Mapping[str, Table] = MappingProxyType(
    {t.name: t for t in (PLATFORMS, MERCHANTS, APPLICATIONS, CONTACTS, EVENTS, DEVICES, OUTCOMES, LABELS)}
)


@lru_cache(maxsize=64)
def hashed_already(name: str, scheme: str) -> Table:
    """The contract's table `name` whose identifiers all come hashed, by `scheme` (what `hash_scheme` in a
    /risk body says).
    """
    table = TABLES[name]
    return replace(
        table,
        columns=tuple(replace(c, hashed=scheme) if c.cell is Cell.IDENTIFIER else c for c in table.columns),
    )


OWN_IDS = frozenset({"application_id", "applicant_id", "counterparty_id", "event_id"})
"""Columns that name a lender's own things: two lenders may give one id to two people."""


def name_space(*lenders: str) -> str:
    """What stands in the store before ids that mean something to these lenders alone, in any order."""
    return f"@{'+'.join(sorted(lenders))}/"


def per_lender(table: Table) -> Table:
    """The table as a mapping with `ids: per_lender` reads it: each row names its lender, in a column of its
    own where the contract has none.
    """
    if not any(column.name in OWN_IDS for column in table.columns):
        return table
    lender = APPLICATIONS.column("platform_id")
    columns = table.columns if lender in table.columns else (*table.columns, lender)
    return replace(table, columns=columns, per_lender=True)
