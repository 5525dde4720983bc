"""One table of a mapping, checked while it is read: its shape, and every word that our own lists would not know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from graph.model.errors import DeliveryError, RecordError, SettingError
from graph.model.types import IdentifierKind, Role
from ingestion.cells import LONGEST, READ, is_empty, known
from ingestion.contract import TABLES, Cell, Column, Table
from ingestion.digits import whole
from ingestion.door import Door, Naming, time_zone
from ingestion.feed import TESTS, Condition, Feed
from ingestion.hashes import SCHEMES, TOKENS, scheme_of
from ingestion.pseudonymise import Keyring
from ingestion.telling import names, shown

_FEED_KEYS = frozenset(("table", "source", "rows", "where", "columns", "constants", "identifiers", "tokens", "attributes"))
_CELL_KEYS = frozenset(("column", "constant", "values", "prefix", "time", "zone", "plus_days", "hashed", "tokens"))
_EXTRA_KEYS = frozenset(("column", "kind", "role", "hashed", "tokens"))
_EPOCH = re.compile(r"epoch_(?:s|ms|us)(?: from (.+))?")
_AT_THE_END_OF_TIME = Door(Naming(Keyring.parse("no value passes here")), datetime.max.replace(tzinfo=UTC))


def read_feed(entry: Any, place: str, tables: Mapping[str, Table] = TABLES) -> Feed:
    """A table of a mapping, one of `tables`. Raises DeliveryError, naming the place and the words there are."""
    known_keys(entry, _FEED_KEYS, place)
    name = text(entry.get("table", ""), "table", place)
    if name not in tables:
        raise DeliveryError(f"{place}: unknown table {shown(name)}; there are {', '.join(tables)}")
    place = f"{place} ({name})"
    rows = listed(entry.get("rows", []), "rows", place)
    source = text(entry.get("source", ""), "source", place)
    if bool(source) == bool(rows) or ("source" in entry and not source):
        raise DeliveryError(f"{place}: needs either a `source` file or `rows`")
    table = _table(tables[name], entry, place)
    for number, row in enumerate(rows, 1):
        _check_row(row, table, f"{place}, row {number}")
    return Feed(
        table=table,
        source=source,
        where=tuple(_condition(condition, place) for condition in listed(entry.get("where", []), "where", place)),
        rows=tuple(rows),
    )


# -- shapes ---------------------------------------------------------------------------------------------------------------------------


def text(given: Any, name: str, place: str) -> str:
    """A scalar of a mapping. Raises DeliveryError, also for one that is longer than any name or word: it would stand in every row."""
    if not isinstance(given, str):
        raise DeliveryError(f"{place}: `{name}` must be a text, not {shown(given)}")
    if len(given) > LONGEST:
        raise DeliveryError(f"{place}: `{name}` is longer than {LONGEST} characters")
    return given


def listed(given: Any, name: str, place: str) -> list[Any]:
    """A list of a mapping. Raises DeliveryError."""
    if not isinstance(given, list):
        raise DeliveryError(f"{place}: `{name}` must be a list, not {shown(given)}")
    return given


def known_keys(given: Any, known: frozenset[str], place: str) -> None:
    """Raises DeliveryError for what is no mapping of names to values, and for names that are not `known`."""
    if not isinstance(given, dict):
        raise DeliveryError(f"{place}: must be names and values, not {shown(given)}")
    if unknown := [str(key) for key in given if key not in known]:
        raise DeliveryError(f"{place}: unknown {names(unknown)}; there are {', '.join(sorted(known))}")


# -- tables and columns ---------------------------------------------------------------------------------------------------------------


def _table(contract: Table, entry: Mapping[str, Any], place: str) -> Table:
    """The contract's table with its columns fed as the mapping says; without `columns` each is fed by its namesake."""
    constants, given = entry.get("constants", {}), entry.get("columns", {c.name: c.name for c in contract.columns})
    names = frozenset(c.name for c in contract.columns)
    for told in (constants, given):
        known_keys(told, names, place)
    columns = [_column(c, given[c.name], constants.get(c.name), place) for c in contract.columns if c.name in given]
    columns += [_column(c, {"column": ""}, constants[c.name], place) for c in contract.columns if c.name in constants.keys() - given.keys()]
    columns += [_extra(extra, f"{place}, identifiers") for extra in listed(entry.get("identifiers", []), "identifiers", place)]
    columns = _with_tokens(columns, listed(entry.get("tokens", []), "tokens", place), place)
    missing = [c.name for c in contract.columns if c.required and c.name not in {k.name for k in columns}]
    if missing or (contract.one_of and not {c.name for c in columns} & set(contract.one_of)):
        raise DeliveryError(f"{place}: nothing feeds {', '.join(missing or contract.one_of)}")
    return replace(contract, columns=tuple(columns), attributes=_attributes(entry.get("attributes", []), place))


def _attributes(given: Any, place: str) -> tuple[tuple[str, str], ...]:
    pairs = given.items() if isinstance(given, dict) else ((a, a) for a in listed(given, "attributes", place))
    return tuple((text(source, "attributes", place), text(name, "attributes", place)) for name, source in pairs)


def _column(contract: Column, spec: Any, constant: Any, place: str) -> Column:
    place = f"{place}, column {contract.name}"
    spec = {"column": spec} if not isinstance(spec, dict) else spec
    known_keys(spec, _CELL_KEYS, place)
    for name in spec.keys() - {"values"}:
        text(spec[name], name, place)
    if not spec.keys().isdisjoint(("time", "zone", "plus_days")) and contract.cell is not Cell.TIME:
        raise DeliveryError(f"{place}: is no time")
    if not spec.keys().isdisjoint(("hashed", "tokens")) and contract.cell is not Cell.IDENTIFIER:
        raise DeliveryError(f"{place}: is no identifier")
    if "prefix" in spec and contract.cell is not Cell.ID:
        raise DeliveryError(f"{place}: is no id, and only ids take a `prefix`")
    made = replace(
        contract,
        source=spec.get("column", contract.name),
        constant=text(spec.get("constant", constant or ""), "constant", place) or None,
        values=_values(spec.get("values"), place),
        prefix=spec.get("prefix", ""),
        time=_time_form(spec.get("time", ""), place),
        zone=checked_zone(spec.get("zone", ""), place),
        plus_days=_days(spec.get("plus_days", "0"), place),
        hashed=_scheme(spec, place),
    )
    if made.constant is not None:
        _check_cell(made, made.constant, f"{place}, constant")
    for ours in (made.values or {}).values():
        _check_cell(made, ours, f"{place}, values")
    return made


def _values(given: Any, place: str) -> dict[str, str] | None:
    """Their words and ours; `1.0` is the whole number that it was, where nothing else is said of it."""
    if given is None:
        return None
    if not isinstance(given, dict):
        raise DeliveryError(f"{place}: `values` must be their words and ours, not {shown(given)}")
    for ours in given.values():
        text(ours, "values", place)
    return {**{whole(theirs): ours for theirs, ours in given.items()}, **given}


def _check_cell(column: Column, given: str, place: str) -> None:
    """Raises DeliveryError for a word that the column can never hold: it would cost every row that brings it."""
    try:
        if column.cell is Cell.IDENTIFIER:
            return
        seen = known(given, column)
        if seen is not None:
            seen = READ[column.cell](seen, column, _AT_THE_END_OF_TIME)
        if seen is None and column.required:
            raise RecordError(column.name, "missing", "says nothing, and something is required")
    except RecordError as error:
        raise DeliveryError(f"{place}: {shown(given)} {error.message}") from error


def _check_row(row: Any, table: Table, place: str) -> None:
    """Raises DeliveryError for a row of the mapping itself that no load could take."""
    known_keys(row, table.sources, place)
    for column in table.columns:
        cell = text(row.get(column.source, ""), column.source, place)
        if not is_empty(cell):
            _check_cell(column, (column.values or {}).get(cell, cell), f"{place}, {column.name}")
        elif column.required and column.constant is None:
            raise DeliveryError(f"{place}: {column.name} is required")


def _with_tokens(columns: list[Column], declared: list[Any], place: str) -> list[Column]:
    """The columns, those named in `tokens` taken for tokens."""
    identifiers = [c.name for c in columns if c.cell is Cell.IDENTIFIER]
    if unknown := [name for name in declared if name not in identifiers]:
        raise DeliveryError(f"{place}: `tokens` names {names(unknown)}; identifiers are {', '.join(identifiers)}")
    return [replace(c, hashed=_scheme({"hashed": c.hashed, "tokens": "true"}, place)) if c.name in declared else c for c in columns]


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
            f"{place}: unknown hash {shown(hashed)}; there are {', '.join(SCHEMES)}, and `tokens: true` for values that are no hashes"
        )
    return TOKENS if tokens == "true" else known


def _time_form(form: str, place: str) -> str:
    """The form of a column's times, if any time can have it. Raises DeliveryError: else every row would be rejected."""
    try:
        if epoch := _EPOCH.fullmatch(form):
            datetime.fromisoformat(epoch[1] or "1970-01-01")
        elif form:
            datetime.strptime(datetime(2001, 2, 3, tzinfo=UTC).strftime(form), form if "%" in form else "%")  # noqa: DTZ007  only the form counts
    except (ValueError, re.error) as error:
        raise DeliveryError(f"{place}: {shown(form)} is no form of a time ({error}); epoch_s, epoch_ms, epoch_us or %d.%m.%Y are") from error
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


def _extra(spec: Any, place: str) -> Column:
    """One more identifier than the contract has columns for: `{column, kind, role, hashed, tokens}`."""
    known_keys(spec, _EXTRA_KEYS, place)
    for name in spec:
        text(spec[name], name, place)
    if not spec.get("column"):
        raise DeliveryError(f"{place}: needs a `column`")
    for name, words in (("kind", tuple(IdentifierKind)), ("role", tuple(Role))):
        if spec.get(name, "own" if name == "role" else "") not in words:
            raise DeliveryError(f"{place}: the {name} {shown(spec.get(name, ''))} is none of {', '.join(words)}")
    return Column(
        name=f"{spec['column']} ({spec['kind']})",
        cell=Cell.IDENTIFIER,
        source=spec["column"],
        kind=IdentifierKind(spec["kind"]),
        role=Role(spec.get("role", "own")),
        hashed=_scheme(spec, place),
    )


def _condition(spec: Any, place: str) -> Condition:
    tests = [key for key in spec if key != "column"] if isinstance(spec, dict) else []
    if len(tests) != 1 or tests[0] not in TESTS or "column" not in spec:
        raise DeliveryError(f"{place}: a condition is a `column` and one of {', '.join(TESTS)}, not {shown(spec)}")
    test, given = tests[0], spec[tests[0]]
    if test in ("in", "not_in") and not isinstance(given, list):
        raise DeliveryError(f"{place}: `{test}` takes a list")
    values = given if test in ("in", "not_in") else [given]
    return Condition.of(text(spec["column"], "column", place), test, [text(value, test, place) for value in values])
