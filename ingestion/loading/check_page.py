"""What a check found, for people: a line for each thing to know, and the first rows in columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from unicodedata import east_asian_width

from graph.quantities import quantity

_WORDS = 10  # of a list
_WIDTH, _CELL, _WHY = 150, 36, 90  # of a page, of a cell on it, and of what is wrong with a row
_GAP = "  "


def page(result: Mapping[str, Any]) -> Iterator[str]:
    """What `Check.as_json` holds, line by line."""
    yield from _tables(result)
    yield from _doubts(result)
    for table, rows in result["rows"].items():
        if rows:
            yield from ("", f"{table}, as they would be stored:", *grid(rows))
    if result["rejected_rows"]:
        yield from ("", "rejected:", *grid([_rejected(row) for row in result["rejected_rows"]], _WHY))


def grid(rows: Sequence[Mapping[str, str]], widest: int = _CELL) -> Iterator[str]:
    """Rows under their columns; columns that do not fit beside the others follow below."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    while columns:
        shown: list[list[str]] = []
        room = _WIDTH
        for name in columns:
            cells = [_cut(name, widest), *(_cut(row.get(name, ""), widest) for row in rows)]
            wide = max(map(_wide, cells))
            if shown and wide > room:
                break
            shown.append([cell + " " * (wide - _wide(cell)) for cell in cells])
            room -= wide + len(_GAP)
        columns = columns[len(shown) :]
        yield from ((_GAP + _GAP.join(line)).rstrip() for line in zip(*shown, strict=True))


def _tables(result: Mapping[str, Any]) -> Iterator[str]:
    for table, tally in result["tables"].items():
        first, last = result["times"].get(table, ("", ""))
        span = f"; {first[:16]} to {last[:16]} UTC" if first else ""
        twice = result["duplicates"][table]["same"]
        same = f", {twice:,} known or said twice" if twice else ""
        yield (
            f"{table}: {quantity(tally['read'], 'row')}, {tally['accepted']:,} would be taken, "
            f"{tally['rejected']:,} rejected{same}{span}"
        )
        yield from (f"  rejected, {code}: {n:,}" for code, n in result["rejects"].get(table, {}).items())


def _doubts(result: Mapping[str, Any]) -> Iterator[str]:
    if result["nobody_applied"]:
        yield result["nobody_applied"]
    for table, columns in result["dropped_cells"].items():
        yield from (
            f"cells that count as not known, {table}.{column}: {_counted(codes)}"
            for column, codes in columns.items()
        )
    for table, columns in result["unknown_words"].items():
        yield from (
            f"no words of ours, {table}.{column}: {_counted(words)}" for column, words in columns.items()
        )
    if result["kinds_without_meaning"]:
        yield (
            f"kinds of events that mean nothing to a signal: {_counted(result['kinds_without_meaning'])}; "
            "they are counted, their identifiers link"
        )
    if result["placeholders"]:
        yield f"placeholders, which link nobody: {_counted(result['placeholders'])}"
    yield from (f"THIS CANNOT BE RIGHT: {doubt['says']}" for doubt in result["doubtful_columns"])
    yield from (
        f"columns that nothing reads, {table}: {_counted(names)}"
        for table, names in result["unknown_columns"].items()
        if names
    )
    strangers = {
        table: reported["facts"] for table, reported in result["unmatched_facts"].items() if reported["facts"]
    }
    yield from (f"about nobody whom an application names, {table}: {n:,}" for table, n in strangers.items())
    yield from (f"no row meets the conditions of the mapping: {name}" for name in result["filtered_out"])
    if result["files_left_out"]:
        yield f"files that nothing reads: {', '.join(result['files_left_out'])}"


def _counted(words: Mapping[str, int]) -> str:
    often = sorted(words.items(), key=lambda item: -item[1])
    more = f" and {len(often) - _WORDS} more" if len(often) > _WORDS else ""
    return ", ".join(f"{word or '(empty)'} {n:,}" for word, n in islice(often, _WORDS)) + more


def _rejected(row: Mapping[str, Any]) -> dict[str, str]:
    """A line of rejects.jsonl in columns."""
    problems = "; ".join(f"{p['field']} {p['message']}".strip() for p in row["problems"])
    return {
        "table": row["table"],
        "file": row["source"],
        "line": str(row["line"]),
        "code": row["code"],
        "why": problems,
    }


def _cut(text: str, widest: int) -> str:
    return text if len(text) <= widest else text[: widest - 3] + "..."


def _wide(text: str) -> int:
    """How many places a text takes on a terminal, where Chinese characters take two."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)
