"""Reads one table of a mapping: its files, their format, its row filter and the sources of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from graph.model.errors import DeliveryError
from ingestion.contract import Table
from ingestion.excerpts import shown
from ingestion.mappings.column_reading import check_row, read_column, read_extra, with_tokens
from ingestion.mappings.conditions import read_conditions
from ingestion.mappings.feed import Feed
from ingestion.mappings.mapping_words import known_keys, listed, text
from ingestion.sources.recoding import DELIMITERS, ENCODINGS, UTF8, Format

_FEED_KEYS = frozenset(
    (
        "table",
        "source",
        "rows",
        "where",
        "columns",
        "constants",
        "identifiers",
        "tokens",
        "attributes",
        "encoding",
        "delimiter",
    )
)


def read_feed(entry: Any, place: str, tables: Mapping[str, Table], form: Format) -> Feed:
    """A table of a mapping, one of `tables`; `form` is how its file is written where it does not say so
    itself.

    Raises DeliveryError, naming the place and the words there are.
    """
    known_keys(entry, _FEED_KEYS, place)
    name = text(entry.get("table", ""), "table", place)
    if name not in tables:
        raise DeliveryError(f"{place}: unknown table {shown(name)}; there are {', '.join(tables)}")
    place = f"{place} ({name})"
    rows = listed(entry.get("rows", []), "rows", place)
    source, files = _files(entry.get("source", ""), place)
    if bool(source) == bool(rows) or ("source" in entry and not source):
        raise DeliveryError(f"{place}: needs either a `source` file or `rows`")
    table = _table(tables[name], entry, place)
    for number, row in enumerate(rows, 1):
        check_row(row, table, f"{place}, row {number}")
    where = (
        read_conditions(spec, f"{place}, where {n}")
        for n, spec in enumerate(listed(entry.get("where", []), "where", place), 1)
    )
    return Feed(
        table=table,
        source=source,
        files=files,
        form=form_of(entry, place, form),
        where=tuple(condition for conditions in where for condition in conditions),
        rows=tuple(rows),
    )


def form_of(entry: Mapping[str, Any], place: str, beside: Format = UTF8) -> Format:
    """The `encoding` and the `delimiter` of an entry, those of `beside` where it does not say them. Raises
    DeliveryError.
    """
    encoding = (
        text(entry.get("encoding", beside.encoding), "encoding", place)
        .lower()
        .replace("_", "-")
        .replace("utf8", "utf-8")
    )
    if encoding not in ENCODINGS:
        raise DeliveryError(
            f"{place}: unknown `encoding` {shown(encoding)}; there are {', '.join(ENCODINGS)}"
        )
    delimiter = text(entry.get("delimiter", beside.delimiter), "delimiter", place)
    delimiter = DELIMITERS.get(delimiter, delimiter)
    if delimiter and (len(delimiter) != 1 or delimiter in '"\r\n' or delimiter.isalnum()):
        raise DeliveryError(
            f"{place}: a `delimiter` is one sign ({', '.join(DELIMITERS)}), not {shown(delimiter)}"
        )
    return Format(encoding, delimiter)


def _files(given: Any, place: str) -> tuple[str, tuple[str, ...]]:
    """What a source is called, and the files of it where they are several."""
    if not isinstance(given, list):
        return text(given, "source", place), ()
    files = tuple(text(name, "source", place) for name in given)
    if not files or not all(files):
        raise DeliveryError(f"{place}: `source` lists no file")
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"{files[0]}{more}", files


def _table(contract: Table, entry: Mapping[str, Any], place: str) -> Table:
    """The contract's table with its columns fed as the mapping says; without `columns` each is fed by its
    namesake.
    """
    constants, given = (
        entry.get("constants", {}),
        entry.get("columns", {c.name: c.name for c in contract.columns}),
    )
    names = frozenset(c.name for c in contract.columns)
    for words in (constants, given):
        known_keys(words, names, place)
    columns = [
        read_column(c, given[c.name], constants.get(c.name), place)
        for c in contract.columns
        if c.name in given
    ]
    columns += [
        read_column(c, {"column": ""}, constants[c.name], place)
        for c in contract.columns
        if c.name in constants.keys() - given.keys()
    ]
    columns += [
        read_extra(extra, f"{place}, identifiers")
        for extra in listed(entry.get("identifiers", []), "identifiers", place)
    ]
    columns = with_tokens(columns, listed(entry.get("tokens", []), "tokens", place), place)
    missing = [c.name for c in contract.columns if c.required and c.name not in {k.name for k in columns}]
    if missing or (contract.one_of and not {c.name for c in columns} & set(contract.one_of)):
        raise DeliveryError(f"{place}: nothing feeds {', '.join(missing or contract.one_of)}")
    return replace(
        contract, columns=tuple(columns), attributes=_attributes(entry.get("attributes", []), place)
    )


def _attributes(given: Any, place: str) -> tuple[tuple[str, str], ...]:
    pairs = given.items() if isinstance(given, dict) else ((a, a) for a in listed(given, "attributes", place))
    return tuple(
        (text(source, "attributes", place), text(name, "attributes", place)) for name, source in pairs
    )
