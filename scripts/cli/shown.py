"""Figures as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from rich import box
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from scripts.cli.printable import printable

_ITEMS = 8  # of a list of single values; how many more there are is said
_RECORDS = 100  # of a list of records or sentences
_WORDS = 4  # blanks from which on a text is a sentence and no name
_WIDEST = 10_000  # columns: as wide as a table would like to be


def show(
    title: str, figures: Mapping[str, object], console: Console | None = None, *, whole: bool = True
) -> None:
    """Print them: single values in one table, what has parts in a table each, rows of equal parts side by
    side, a list of records as a table with a row for each; and whether a line of JSON would say the same or
    (not `whole`, or where a list was cut) more.
    """
    console = console or Console()
    for table in _tables(title, figures, console):
        console.print(table)
    whole = whole and not _is_cut(figures)
    more = "the same as a line of JSON: --json" if whole else "all figures, as a line of JSON: --json"
    console.print(Text(more, style="dim"))


def _tables(title: str, figures: Mapping[str, object], console: Console) -> Iterator[RenderableType]:
    """Single values in one table; parts with the same figures are the rows of one; what has parts of its own,
    and lists of records or sentences, follow in tables of their own.
    """
    single = {
        name: value
        for name, value in figures.items()
        if not isinstance(value, Mapping) and not _records(value) and not _sentences(value)
    }
    if single:
        yield _rows(title, {name: {"": value} for name, value in single.items()})
    alike: dict[tuple[str, ...], dict[str, Mapping[str, object]]] = {}
    for name, value in figures.items():
        if (
            isinstance(value, Mapping)
            and value
            and not any(isinstance(part, Mapping) for part in value.values())
        ):
            alike.setdefault(tuple(value), {})[name] = value
    for rows in alike.values():
        yield _alike(title if not single else "", rows, console)
    for name, value in figures.items():
        if isinstance(value, Mapping) and any(isinstance(part, Mapping) for part in value.values()):
            yield from _tables(_words(name), value, console)
    for name, value in figures.items():
        if records := _records(value):
            yield from _listed(_words(name), records, console)
        elif sentences := _sentences(value):
            yield _lines(_words(name), sentences)


def _alike(title: str, rows: Mapping[str, Mapping[str, object]], console: Console) -> Table:
    """Side by side; a single row that is wider than the terminal stands upright."""
    table = _rows(title, rows)
    if len(rows) > 1 or _fits(table, console):
        return table
    name, row = next(iter(rows.items()))
    return _rows(_words(name), {column: {"": value} for column, value in row.items()})


def _fits(table: Table, console: Console) -> bool:
    wanted = Measurement.get(console, console.options.update(max_width=_WIDEST), table)
    return wanted.maximum <= console.width


def _records(value: object) -> Sequence[Mapping[str, object]]:
    """The value, where it is a list of records; else none."""
    return value if _is_list(value) and value and all(isinstance(one, Mapping) for one in value) else ()


def _sentences(value: object) -> Sequence[str]:
    """The value, where it is a list of sentences and not of names; else none."""
    if _is_list(value) and all(isinstance(one, str) for one in value):
        return value if any(one.count(" ") >= _WORDS for one in value) else ()
    return ()


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_cut(value: object) -> bool:
    """Whether a list in it is longer than what is shown of it."""
    if isinstance(value, Mapping):
        return any(map(_is_cut, value.values()))
    if not _is_list(value):
        return False
    most = _RECORDS if _records(value) or _sentences(value) else _ITEMS
    return len(value) > most or any(map(_is_cut, value))


def _listed(
    title: str, records: Sequence[Mapping[str, object]], console: Console
) -> Iterator[RenderableType]:
    """A row for each record; where these are wider than the terminal, a table for each."""
    shown = records[:_RECORDS]
    columns = list(dict.fromkeys(name for one in shown for name in one))
    table = _table(title, tuple(map(_words, columns)))
    for one in shown:
        table.add_row(*(_cell(one.get(name)) for name in columns))
    if _fits(table, console):
        yield table
    else:
        for number, one in enumerate(shown, 1):
            named = f"{title} {number}" if len(shown) > 1 else title
            yield _rows(named, {name: {"": value} for name, value in one.items()})
    if more := len(records) - len(shown):
        yield Text(f"  and {more} more")


def _lines(title: str, sentences: Sequence[str]) -> Table:
    table = _table(title, ("",))
    for one in sentences[:_RECORDS]:
        table.add_row(Text(f"- {printable(one)}"))
    if (more := len(sentences) - _RECORDS) > 0:
        table.add_row(Text(f"- and {more} more"))
    return table


def _rows(title: str, rows: Mapping[str, Mapping[str, object]]) -> Table:
    columns = list(next(iter(rows.values())))
    table = _table(title, ("", *map(_words, columns)))
    for name, row in rows.items():
        table.add_row(Text(_words(name)), *(_cell(row[column]) for column in columns))
    return table


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(
        title=Text(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD,
        show_header=any(columns),
    )  # fmt: skip
    for number, column in enumerate(columns):
        table.add_column(Text(column), justify="right" if number else "left", overflow="fold")
    return table


def _words(name: object) -> str:
    """A name in words; a code or an id, as its capitals tell, stays as it is searched for."""
    text = printable(str(name))
    return text if any(one.isupper() for one in text) else text.replace("_", " ")


def _cell(value: object) -> Text:
    if value is None:
        return Text("")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if isinstance(value, int):
        return Text(f"{value:,}")
    if isinstance(value, float):
        return Text(
            f"{value:,.3f}".rstrip("0").rstrip(".") if abs(value) >= 0.001 or value == 0 else f"{value:.2g}"
        )
    if isinstance(value, Mapping):
        return Text(", ".join(f"{_words(name)} {_cell(part)}" for name, part in value.items()))
    if _is_list(value):
        more = f" and {len(value) - _ITEMS} more" if len(value) > _ITEMS else ""
        return Text((", ".join(str(_cell(item)) for item in value[:_ITEMS]) or "none") + more)
    return Text(printable(str(value)))
