"""Writes rejected rows with place, reason and masked content, so that the sender can correct them."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import orjson

from graph import private
from graph.beside import beside
from graph.model.errors import RecordError
from ingestion.cells import is_empty
from ingestion.contract import Cell, Column, Table
from ingestion.excerpts import plain
from ingestion.identifiers.masks import tail
from ingestion.identifiers.normalise import normalise
from ingestion.identifiers.recognise import without_identifiers
from ingestion.shapes import joined
from ingestion.sources.rows import Record

_DIGITS = re.compile(r"\d{7,}")  # a phone or a card in a column that should hold none
_LONGEST = 120
_PROBLEMS = 40  # that are told of a row


class Rejects:
    """Writes `rejects.jsonl` beside the report; it appears under its name when the load is done. Counts by
    table and reason.

    Of more than `most` bytes the rest is only counted, in `left_out` too.
    """

    def __init__(self, path: Path, most: int) -> None:
        self.path = path
        self.counts: Counter[tuple[str, str]] = Counter()
        self.left_out = 0
        self._left = most
        self._file: IO[bytes] | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        made = self._stack.enter_context(beside(self.path))

        @self._stack.push
        def switched(kind: type[BaseException] | None, *_: object) -> None:
            if kind is None:
                os.replace(made, self.path)

        self._file = self._stack.enter_context(private.fresh(made))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def write(self, table: Table, source: str, record: Record, problems: tuple[RecordError, ...]) -> None:
        """One line (`reject_line`)."""
        self.keep(table.name, problems[0].code, lambda: reject_line(table, source, record, problems))

    def keep(self, table: str, code: str, made: Callable[[], bytes]) -> None:
        """A line that `reject_line` made, of a table, with its code."""
        assert self._file is not None, "rejects are written inside `with`"
        self.counts[table, code] += 1
        if self.left_out:
            self.left_out += 1
            return
        line = made()
        self._left -= len(line)
        if self._left < 0:
            self.left_out = 1
        else:
            self._file.write(line)


def reject_line(table: Table, source: str, record: Record, problems: tuple[RecordError, ...]) -> bytes:
    """One line: table, source, line, code (of the first problem), problems, row."""
    entry = {
        "table": table.name,
        "source": plain(record.part or source),
        "line": record.line,
        "code": problems[0].code,
        "problems": [
            {"field": plain(p.field), "code": p.code, "message": p.message} for p in problems[:_PROBLEMS]
        ],
        "row": masked(table, record.cells, frozenset(p.field for p in problems)),
    }
    return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)


def masked(table: Table, cells: Mapping[str, Any], wrong: Collection[str] = ()) -> dict[str, str]:
    """The row by the contract's names; unknown columns are left out.

    Ids are shown as they are, numbers and the cells that are `wrong` but for what is an identifier;
    identifiers are masked, and so is what looks like one elsewhere.
    """
    row: dict[str, str] = {}
    for column in table.columns:
        raw, column = _shown(cells, column)
        if is_empty(raw):
            continue
        text = (raw if isinstance(raw, str) else str(raw))[: 4 * _LONGEST].encode(errors="replace").decode()
        if column.kind is not None:
            row[plain(column.name)] = tail(text) if column.hashed else normalise(column.kind, text).masked
        elif column.cell is Cell.ID:
            row[column.name] = text[:_LONGEST]
        elif column.name in wrong or isinstance(raw, int | float | Decimal):
            row[column.name] = without_identifiers(text)[:_LONGEST]
        else:
            row[column.name] = _DIGITS.sub(lambda found: f"***{found[0][-2:]}", text)[:_LONGEST]
    return row


def _shown(cells: Mapping[str, Any], column: Column) -> tuple[Any, Column]:
    """What a row says in a column or in the first of those that stand in for it, and which of them that
    is.
    """
    for one in (column, *column.others):
        raw = joined(cells, one) if one.joined else cells.get(one.source)
        if not is_empty(raw):
            return raw, one
    return None, column
