"""Mappings: how anyone's files become the contract's tables, read from YAML (docs/records.md shows how to write one)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from graph.errors import DeliveryError, RecordError, SettingError
from graph.model import IdentifierKind, Role
from ingestion.cells import any_text, is_empty
from ingestion.contract import TABLES, Cell, Column, Table
from ingestion.digits import whole
from ingestion.door import time_zone
from ingestion.hashes import SCHEMES, scheme_of

FILE_NAME = "mapping.yaml"
_FEED_KEYS = frozenset(("table", "source", "rows", "where", "columns", "constants", "identifiers", "attributes"))
_CELL_KEYS = frozenset(("column", "constant", "values", "prefix", "time", "zone", "plus_days", "hashed"))
_EPOCH = re.compile(r"epoch_(?:s|ms|us)(?: from (.+))?")
_TESTS: Mapping[str, Callable[[str, Any], bool]] = {
    "is": lambda cell, given: cell == given,
    "is_not": lambda cell, given: cell != given,
    "in": lambda cell, given: cell in given,
    "not_in": lambda cell, given: cell not in given,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A row is taken when its `column`, as text, passes the test; an empty cell is the empty text, and `1.0` is `1` on both sides."""

    column: str
    test: str
    given: Any

    def holds(self, cells: Mapping[str, Any]) -> bool:
        """Whether the row passes; what is no text passes as it is written, so that it is reported where it matters."""
        raw = cells.get(self.column)
        try:
            text = "" if is_empty(raw) else whole(any_text(raw, self.column))
        except RecordError:
            text = str(raw)
        return _TESTS[self.test](text, self.given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One table's rows from one source: a file of the delivery, or rows that the mapping gives itself."""

    table: Table
    source: str
    where: tuple[Condition, ...] = ()
    rows: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A mapping, read and checked: its feeds in the order of loading, and the time zone of times without an offset (empty: the setting's)."""

    name: str
    timezone: str = ""
    feeds: tuple[Feed, ...] = field(default=())


def shipped() -> tuple[str, ...]:
    """The names of the mappings that come with the product."""
    folder = resources.files("ingestion.mappings")
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def read_mapping(where: str | Path) -> Mapped:
    """The mapping in a file, or the shipped one of that name. Raises DeliveryError, naming the place, for what cannot be used."""
    path = Path(where)
    try:
        if not path.suffix and not path.exists() and str(where) in shipped():
            text = (resources.files("ingestion.mappings") / f"{where}.yaml").read_text(encoding="utf-8")
        else:
            text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DeliveryError(f"mapping {where} cannot be read: {error}; shipped with the product: {', '.join(shipped())}") from error
    try:
        content = yaml.load(text, Loader=yaml.BaseLoader)  # every scalar is a text, as every cell is: `no` and `010` mean themselves
    except yaml.YAMLError as error:
        raise DeliveryError(f"mapping {where} is not YAML: {' '.join(str(error).split())}") from error
    return _mapped(content, path.stem)


def _mapped(content: Any, name: str) -> Mapped:
    _known_keys(content, frozenset(("name", "about", "timezone", "tables")), f"mapping {name}")
    _zone(content.get("timezone", ""), f"mapping {name}")
    tables = content.get("tables")
    if not isinstance(tables, list) or not tables:
        raise DeliveryError(f"mapping {name}: `tables` must list at least one table")
    feeds = [_feed(entry, f"mapping {name}, table {n}") for n, entry in enumerate(tables, 1)]
    order = list(TABLES)
    return Mapped(
        name=content.get("name", name),
        timezone=content.get("timezone", ""),
        feeds=tuple(sorted(feeds, key=lambda feed: order.index(feed.table.name))),
    )


def _feed(entry: Any, place: str) -> Feed:
    _known_keys(entry, _FEED_KEYS, place)
    name = entry.get("table")
    if name not in TABLES:
        raise DeliveryError(f"{place}: unknown table {name!r}; there are {', '.join(TABLES)}")
    place = f"{place} ({name})"
    rows = entry.get("rows", [])
    if ("source" in entry) == bool(rows):
        raise DeliveryError(f"{place}: needs either a `source` file or `rows`")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DeliveryError(f"{place}: `rows` must be a list of rows")
    return Feed(
        table=_table(TABLES[name], entry, place),
        source=entry.get("source", ""),
        where=tuple(_condition(condition, place) for condition in entry.get("where", ())),
        rows=tuple(rows),
    )


def _table(contract: Table, entry: Mapping[str, Any], place: str) -> Table:
    """The contract's table with its columns fed as the mapping says; without `columns` each is fed by its namesake."""
    constants, given = entry.get("constants", {}), entry.get("columns", {c.name: c.name for c in contract.columns})
    for names in (constants, given):
        _known_keys(names, frozenset(c.name for c in contract.columns), place)
    constants = {c.name: _constant(c, constants[c.name], place) for c in contract.columns if c.name in constants}
    columns = [_column(c, given[c.name], constants.get(c.name), place) for c in contract.columns if c.name in given]
    columns += [replace(c, source="", constant=constants[c.name]) for c in contract.columns if c.name in constants.keys() - given.keys()]
    columns += [_extra(extra, place) for extra in entry.get("identifiers", ())]
    missing = [c.name for c in contract.columns if c.required and c.name not in {k.name for k in columns}]
    if missing or (contract.one_of and not {c.name for c in columns} & set(contract.one_of)):
        raise DeliveryError(f"{place}: nothing feeds {', '.join(missing or contract.one_of)}")
    attributes = entry.get("attributes", {})
    pairs = attributes.items() if isinstance(attributes, dict) else ((a, a) for a in attributes)
    return replace(contract, columns=tuple(columns), attributes=tuple((source, name) for name, source in pairs))


def _column(contract: Column, spec: Any, constant: Any, place: str) -> Column:
    place = f"{place}, column {contract.name}"
    spec = {"column": spec} if not isinstance(spec, dict) else spec
    _known_keys(spec, _CELL_KEYS, place)
    for name, value in spec.items():
        if not isinstance(value, dict if name == "values" else str):
            raise DeliveryError(f"{place}: `{name}` must be {'their words and ours' if name == 'values' else 'a text'}, not {value!r}")
    if (spec.get("time") or spec.get("zone") or spec.get("plus_days")) and contract.cell is not Cell.TIME:
        raise DeliveryError(f"{place}: is no time")
    if spec.get("hashed") and contract.cell is not Cell.IDENTIFIER:
        raise DeliveryError(f"{place}: is no identifier")
    return replace(
        contract,
        source=spec.get("column", contract.name),
        constant=spec.get("constant", constant),
        values=None if "values" not in spec else {**{whole(theirs): ours for theirs, ours in spec["values"].items()}, **spec["values"]},
        prefix=spec.get("prefix", ""),
        time=_time_form(spec.get("time", ""), place),
        zone=_zone(spec.get("zone", ""), place),
        plus_days=_days(spec.get("plus_days", "0"), place),
        hashed=_scheme(spec.get("hashed", ""), place),
    )


def _scheme(name: str, place: str) -> str:
    """The scheme of hashed values, empty for raw ones. Raises DeliveryError for one that there is not."""
    known = scheme_of(name) if name else ""
    if known is None:
        raise DeliveryError(f"{place}: unknown hash {name!r}; there are {', '.join(SCHEMES)}, the last with a name of your own for tokens")
    return known


def _time_form(form: str, place: str) -> str:
    """The form of a column's times, if any time can have it. Raises DeliveryError: else every row would be rejected."""
    try:
        if epoch := _EPOCH.fullmatch(form):
            datetime.fromisoformat(epoch[1] or "1970-01-01")
        elif form:
            datetime.strptime(datetime(2001, 2, 3, tzinfo=UTC).strftime(form), form if "%" in form else "%")  # noqa: DTZ007  only the form counts
    except ValueError as error:
        raise DeliveryError(f"{place}: {form!r} is no form of a time ({error}); epoch_s, epoch_ms, epoch_us or %d.%m.%Y are") from error
    return form


def _zone(name: str, place: str) -> str:
    try:
        if name:
            time_zone(name)
    except SettingError as error:
        raise DeliveryError(f"{place}: {error}") from error
    return name


def _days(text: str, place: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise DeliveryError(f"{place}: {text!r} is no number of days") from error


def _constant(contract: Column, given: Any, place: str) -> str:
    """A constant that the column can hold, as far as that shows at once. Raises DeliveryError."""
    if not isinstance(given, str) or (contract.words and given.strip().lower() not in contract.words):
        raise DeliveryError(f"{place}, constant {contract.name}: {given!r} is none of {', '.join(contract.words) or 'the texts'}")
    return given


def _extra(spec: Any, place: str) -> Column:
    """One more identifier than the contract has columns for: `{column, kind, role, hashed}`."""
    _known_keys(spec, frozenset(("column", "kind", "role", "hashed")), f"{place}, identifiers")
    try:
        return Column(
            name=f"{spec['column']} ({spec['kind']})",
            cell=Cell.IDENTIFIER,
            source=spec["column"],
            kind=IdentifierKind(spec["kind"]),
            role=Role(spec.get("role", "own")),
            hashed=_scheme(spec.get("hashed", ""), place),
        )
    except (KeyError, ValueError) as error:
        raise DeliveryError(f"{place}, identifiers: needs `column` and a `kind` of {', '.join(IdentifierKind)}: {error}") from error


def _condition(spec: Any, place: str) -> Condition:
    tests = [key for key in spec if key != "column"] if isinstance(spec, dict) else []
    if len(tests) != 1 or tests[0] not in _TESTS or "column" not in spec:
        raise DeliveryError(f"{place}: a condition is a `column` and one of {', '.join(_TESTS)}, not {spec!r}")
    if tests[0] in ("in", "not_in") and not isinstance(spec[tests[0]], list):
        raise DeliveryError(f"{place}: `{tests[0]}` takes a list")
    given = spec[tests[0]]
    return Condition(spec["column"], tests[0], whole(given) if isinstance(given, str) else [whole(one) for one in given])


def _known_keys(given: Any, known: frozenset[str], place: str) -> None:
    if not isinstance(given, dict):
        raise DeliveryError(f"{place}: must be names and values, not {given!r}")
    if unknown := [str(key) for key in given if key not in known]:
        raise DeliveryError(f"{place}: unknown {', '.join(unknown)}; there are {', '.join(sorted(known))}")


def sources(feeds: Sequence[Feed]) -> frozenset[str]:
    """The files that the feeds read."""
    return frozenset(feed.source for feed in feeds if feed.source)
