"""Figures as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from scripts.cli.printable import printable

_ITEMS = 8  # of a list; how many more there are is said


def show(
    title: str, figures: Mapping[str, object], console: Console | None = None, *, whole: bool = True
) -> None:
    """Print them: single values in one table, what has parts in a table each, rows of equal parts side by
    side; and whether a line of JSON would say the same or (not `whole`) more.
    """
    console = console or Console()
    console.print(Group(*_tables(title, figures)))
    more = "the same as a line of JSON: --json" if whole else "all figures, as a line of JSON: --json"
    console.print(Text(more, style="dim"))


def _tables(title: str, figures: Mapping[str, object]) -> Iterator[RenderableType]:
    """Single values in one table; parts with the same figures are the rows of one; what has parts of its own
    follows in tables of its own.
    """
    single = {name: value for name, value in figures.items() if not isinstance(value, Mapping)}
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
        yield _rows(title if not single else "", rows)
    for name, value in figures.items():
        if isinstance(value, Mapping) and any(isinstance(part, Mapping) for part in value.values()):
            yield from _tables(_words(name), value)


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
    return printable(str(name)).replace("_", " ")


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
    if isinstance(value, Sequence) and not isinstance(value, str):
        more = f" and {len(value) - _ITEMS} more" if len(value) > _ITEMS else ""
        return Text(", ".join(str(_cell(item)) for item in value[:_ITEMS]) + more)
    return Text(printable(str(value)))
