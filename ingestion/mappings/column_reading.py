"""Reads and checks one column of a mapping: its shape and every word in it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from graph.model.errors import DeliveryError, RecordError, SettingError
from graph.model.types import IdentifierKind, Role
from ingestion.cells import EPOCH_UNITS, READ, is_empty, known
from ingestion.contract import Cell, Column, Table
from ingestion.digits import whole
from ingestion.excerpts import names, shown
from ingestion.identifiers.hashes import SCHEMES, TOKENS, scheme_of
from ingestion.identifiers.pseudonymise import Keyring
from ingestion.mappings.mapping_words import known_keys, listed, text
from ingestion.parse_context import ParseContext, Pseudonymiser, time_zone
from ingestion.shapes import COUNTRIES, COUNTRY, INTEGER, JOINED_BY

_FIRST_OF = frozenset(("first_of", "constant"))
_CELL_KEYS = frozenset(
    (
        "column",
        "columns",
        "constant",
        "values",
        "prefix",
        "time",
        "zone",
        "plus_days",
        "hashed",
        "tokens",
        "kind",
        "country",
        "as",
        "times",
    )
)
_EXTRA_KEYS = frozenset(("column", "kind", "role", "hashed", "tokens", "country", "as"))
_EPOCH = re.compile(rf"epoch_({'|'.join(EPOCH_UNITS)})(?: from (.+))?")
_AT_THE_END_OF_TIME = ParseContext(
    Pseudonymiser(Keyring.parse("no value passes here")), datetime.max.replace(tzinfo=UTC)
)
_NUMBERS = frozenset((Cell.AMOUNT, Cell.SHARE, Cell.WHOLE))


def read_column(contract: Column, spec: Any, constant: Any, place: str) -> Column:
    """The contract's column fed as a mapping says. Raises DeliveryError."""
    place = f"{place}, column {contract.name}"
    if not isinstance(spec, dict) or "first_of" not in spec:
        return _column(contract, spec, constant, place)
    known_keys(spec, _FIRST_OF, place)
    specs = listed(spec["first_of"], "first_of", place)
    if len(specs) < 2:
        raise DeliveryError(f"{place}: `first_of` lists two columns or more")
    first, *others = (
        _column(contract, one, None, f"{place}, number {n} of first_of") for n, one in enumerate(specs, 1)
    )
    created = replace(
        first,
        others=tuple(others),
        constant=text(spec.get("constant", constant or ""), "constant", place) or None,
    )
    if first.constant or any(other.constant for other in others):
        raise DeliveryError(f"{place}: a `constant` stands beside `first_of`, not in it")
    return _checked(created, place)


def _column(contract: Column, spec: Any, constant: Any, place: str) -> Column:
    spec = {"column": spec} if not isinstance(spec, dict) else spec
    known_keys(spec, _CELL_KEYS, place)
    for name in spec.keys() - {"values", "columns"}:
        text(spec[name], name, place)
    kind = _kind(contract, spec, place)
    _check_keys(replace(contract, kind=kind), spec, place)
    source, joined = _sources(contract, spec, place)
    created = replace(
        contract,
        source=source,
        joined=joined,
        kind=kind,
        constant=text(spec.get("constant", constant or ""), "constant", place) or None,
        values=_values(spec.get("values"), place),
        prefix=spec.get("prefix", ""),
        time=_time_form(spec.get("time", ""), place),
        zone=checked_zone(spec.get("zone", ""), place),
        plus_days=_days(spec.get("plus_days", "0"), place),
        hashed=_scheme(spec, place),
        shape=_shape(spec, place),
        times=_times(spec, constant, place),
    )
    return _checked(created, place)


def _checked(created: Column, place: str) -> Column:
    if created.constant is not None:
        check_cell(created, created.constant, f"{place}, constant")
    for ours in (created.values or {}).values():
        check_cell(created, ours, f"{place}, values")
    return created


def _kind(contract: Column, spec: Mapping[str, str], place: str) -> IdentifierKind | None:
    """The kind of identifier that a column holds: the contract's, or of what an id or a year of birth is
    made.
    """
    if "kind" not in spec:
        return contract.kind
    if contract.cell is not Cell.ID and not contract.year:
        raise DeliveryError(
            f"{place}: only an id and a year of birth are made of an identifier, by its `kind`"
        )
    kinds = (IdentifierKind.NATIONAL_ID,) if contract.year else tuple(IdentifierKind)
    if spec["kind"] not in kinds:
        raise DeliveryError(f"{place}: the kind {shown(spec['kind'])} is none of {', '.join(kinds)}")
    return IdentifierKind(spec["kind"])


def _check_keys(column: Column, spec: Mapping[str, Any], place: str) -> None:
    """Raises DeliveryError for what is said of a column that cannot mean it."""
    rules = (
        (("time",), column.cell is Cell.TIME or column.year, "is no time"),
        (("zone", "plus_days"), column.cell is Cell.TIME, "is no time"),
        (
            ("hashed", "tokens"),
            column.cell is Cell.IDENTIFIER or (column.cell is Cell.ID and column.kind is not None),
            "is no identifier",
        ),
        (("prefix",), column.cell is Cell.ID, "is no id, and only ids take a `prefix`"),
        (("country",), column.kind is IdentifierKind.PHONE, "is no phone, and only phones have a `country`"),
        (("as",), column.kind is IdentifierKind.IP, "is no IP address, and only those come `as` integers"),
        (("times",), column.cell in _NUMBERS and not column.year, "is no number that counts `times` so much"),
        (
            ("columns",),
            column.cell in JOINED_BY and column.kind in (None, IdentifierKind.ADDRESS),
            "is not put together from several `columns`",
        ),
    )
    for keys, fits, says in rules:
        if not fits and not spec.keys().isdisjoint(keys):
            raise DeliveryError(f"{place}: {says}")


def _sources(contract: Column, spec: Mapping[str, Any], place: str) -> tuple[str, tuple[str, ...]]:
    if "columns" not in spec:
        return spec.get("column", contract.name), ()
    given = [text(name, "columns", place) for name in listed(spec["columns"], "columns", place)]
    if "column" in spec or len(given) < 2:
        raise DeliveryError(f"{place}: give one `column`, or two or more `columns`")
    return given[0], tuple(given[1:])


def _values(given: Any, place: str) -> dict[str, str] | None:
    """Their words and ours; `1.0` is the whole number that it was, where nothing else is said of it."""
    if given is None:
        return None
    if not isinstance(given, dict):
        raise DeliveryError(f"{place}: `values` must be their words and ours, not {shown(given)}")
    for ours in given.values():
        text(ours, "values", place)
    return {**{whole(theirs): ours for theirs, ours in given.items()}, **given}


def check_cell(column: Column, given: str, place: str) -> None:
    """Raises DeliveryError for a word that the column can never hold: it would cost every row that brings
    it.
    """
    try:
        if column.cell is Cell.IDENTIFIER:
            return
        value = known(given, column)
        if value is not None:
            value = READ[column.cell](value, column, _AT_THE_END_OF_TIME)
        if value is None and column.required:
            raise RecordError(column.name, "missing", "says nothing, and something is required")
    except RecordError as error:
        raise DeliveryError(f"{place}: {shown(given)} {error.message}") from error


def check_row(row: Any, table: Table, place: str) -> None:
    """Raises DeliveryError for a row of the mapping itself that no load could take."""
    known_keys(row, table.sources, place)
    for column in table.columns:
        cell = text(row.get(column.source, ""), column.source, place)
        if not is_empty(cell):
            check_cell(column, (column.values or {}).get(cell, cell), f"{place}, {column.name}")
        elif column.required and column.constant is None:
            raise DeliveryError(f"{place}: {column.name} is required")


def with_tokens(columns: list[Column], declared: list[Any], place: str) -> list[Column]:
    """The columns, those named in `tokens` taken for tokens."""
    identifiers = [c.name for c in columns if c.cell is Cell.IDENTIFIER]
    if unknown := [name for name in declared if name not in identifiers]:
        raise DeliveryError(
            f"{place}: `tokens` names {names(unknown)}; identifiers are {', '.join(identifiers)}"
        )
    return [
        replace(c, hashed=_scheme({"hashed": c.hashed, "tokens": "true"}, place)) if c.name in declared else c
        for c in columns
    ]


def _scheme(spec: Mapping[str, str], place: str) -> str:
    """How the values of a column of identifiers come: by the scheme of a hash, as tokens, or raw (empty)."""
    tokens, hashed = spec.get("tokens", "false"), spec.get("hashed", "")
    if tokens not in ("true", "false"):
        raise DeliveryError(f"{place}: `tokens` is true or false, not {shown(tokens)}")
    if tokens == "true" and hashed not in ("", TOKENS):
        raise DeliveryError(f"{place}: values are either `hashed` or `tokens`")
    known = scheme_of(hashed) if hashed not in ("", TOKENS) else hashed
    if known is None:
        raise DeliveryError(
            f"{place}: unknown hash {shown(hashed)}; there are {', '.join(SCHEMES)}, and `tokens: true` for "
            "values that are no hashes"
        )
    return TOKENS if tokens == "true" else known


def _shape(spec: Mapping[str, str], place: str) -> str:
    """How the values of an identifier are written, where that is unusual."""
    if "as" in spec and spec["as"] != INTEGER:
        raise DeliveryError(f"{place}: `as` is {INTEGER}, not {shown(spec['as'])}")
    if "country" in spec and spec["country"].upper() not in COUNTRIES:
        raise DeliveryError(
            f"{place}: {shown(spec['country'])} is no country; two letters are, such as CN, HK, VN"
        )
    if ("as" in spec or "country" in spec) and (spec.get("hashed") or spec.get("tokens") == "true"):
        raise DeliveryError(f"{place}: what is hashed, or a token, is not rewritten")
    return spec["as"] if "as" in spec else f"{COUNTRY}{spec['country'].upper()}" if "country" in spec else ""


def _times(spec: Mapping[str, Any], constant: Any, place: str) -> float:
    if "times" not in spec:
        return 1.0
    if "values" in spec or "constant" in spec or constant:
        raise DeliveryError(
            f"{place}: `times` cannot stand beside `values` or a constant: it says what their numbers count"
        )
    try:
        factor = float(spec["times"])
    except ValueError:
        factor = math.nan
    if not (math.isfinite(factor) and factor > 0):
        raise DeliveryError(
            f"{place}: `times` is a number above nought (0.01 for amounts in fen), not {shown(spec['times'])}"
        )
    return factor


def _time_form(form: str, place: str) -> str:
    """The form of a column's times, if any time can have it. Raises DeliveryError: else every row would be
    rejected.
    """
    try:
        if epoch := _EPOCH.fullmatch(form):
            datetime.fromisoformat(epoch[2] or "1970-01-01")
        elif form:
            datetime.strptime(datetime(2001, 2, 3, tzinfo=UTC).strftime(form), form if "%" in form else "%")  # noqa: DTZ007  only the form counts
    except (ValueError, re.error) as error:
        units = ", ".join(f"epoch_{unit}" for unit in EPOCH_UNITS)
        raise DeliveryError(
            f"{place}: {shown(form)} is no form of a time ({error}); {units} or %d.%m.%Y are"
        ) from error
    return form


def checked_zone(name: str, place: str) -> str:
    """The name of a time zone, or nothing. Raises DeliveryError."""
    try:
        if name:
            time_zone(name)
    except SettingError as error:
        raise DeliveryError(f"{place}: {error}") from error
    return name


def _days(given: str, place: str) -> float:
    try:
        return timedelta(days=float(given)) / timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise DeliveryError(f"{place}: {shown(given)} is no number of days") from error


def read_extra(spec: Any, place: str) -> Column:
    """One more identifier than the contract has columns for:
    `{column, kind, role, hashed, tokens, country, as}`. Raises DeliveryError.
    """
    known_keys(spec, _EXTRA_KEYS, place)
    for name in spec:
        text(spec[name], name, place)
    if not spec.get("column"):
        raise DeliveryError(f"{place}: needs a `column`")
    for name, words in (("kind", tuple(IdentifierKind)), ("role", tuple(Role))):
        if spec.get(name, "own" if name == "role" else "") not in words:
            raise DeliveryError(
                f"{place}: the {name} {shown(spec.get(name, ''))} is none of {', '.join(words)}"
            )
    created = Column(
        name=f"{spec['column']} ({spec['kind']})",
        cell=Cell.IDENTIFIER,
        source=spec["column"],
        kind=IdentifierKind(spec["kind"]),
        role=Role(spec.get("role", "own")),
        hashed=_scheme(spec, place),
        shape=_shape(spec, place),
    )
    _check_keys(created, spec, place)
    return created
