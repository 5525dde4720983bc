"""Reads rows from csv, jsonl (both also gzipped), zipped csv and parquet, each with its number and any read
error.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Collection, Iterator
from typing import Any

import pyarrow as pa

from graph.model.errors import DeliveryError
from ingestion import exact_json
from ingestion.characters import visible
from ingestion.excerpts import plain
from ingestion.sources.columnar import inspect_parquet, read_parquet
from ingestion.sources.limits import CELL, COLUMN_NAME, JSON_DEEP, DeliveryLimits
from ingestion.sources.paths import AnyPath
from ingestion.sources.recoding import ENCODINGS, UTF8, Format, in_utf8
from ingestion.sources.rows import GIVEN_TWICE, NESTED, TOO_LONG, Inspection, Record
from ingestion.sources.unpacking import bounded, unpacked

SUFFIXES = (".csv", ".csv.gz", ".jsonl", ".parquet")
PART_SUFFIXES = (*SUFFIXES, ".jsonl.gz", ".json", ".json.gz")  # what other systems call the parts of a table
# of files that a mapping names
FOREIGN_SUFFIXES = (*PART_SUFFIXES, ".tsv", ".tsv.gz", ".txt", ".txt.gz", ".zip")
_LINES = 20  # a cell may hold line breaks; a quote that is still open after so many lines is a mistake


def suffix_of(path: AnyPath) -> str | None:
    """Which of the readable formats a file's name says."""
    return next(
        (s for s in sorted(FOREIGN_SUFFIXES, key=len, reverse=True) if path.name.lower().endswith(s)), None
    )


def inspect(path: AnyPath, limits: DeliveryLimits, form: Format = UTF8) -> Inspection:
    """Read the whole file once, before anything is written. Raises DeliveryError when it cannot be read to
    its end, or is beyond the limits.
    """
    suffix = suffix_of(path)
    try:
        if suffix == ".parquet":
            return inspect_parquet(path, limits)
        if is_json(path):
            return _inspect_jsonl(path, limits, form)
        if suffix is None:
            raise DeliveryError(f"{path.name}: not one of the formats {', '.join(SUFFIXES)}")
        return _inspect_csv(path, limits, form)
    except (OSError, EOFError, zipfile.BadZipFile, pa.ArrowException, zlib.error, MemoryError) as error:
        raise DeliveryError(
            f"{path.name} cannot be read: {plain(str(error)) or type(error).__name__}"
        ) from error


def is_json(path: AnyPath) -> bool:
    """Whether it holds JSON objects, whose cells each row names itself."""
    return ".json" in (suffix_of(path) or "")


def records(
    path: AnyPath, inspection: Inspection, wanted: Collection[str], limits: DeliveryLimits
) -> Iterator[Record]:
    """The rows of a file that was inspected; of a parquet file the columns that are not `wanted` say only
    whether they hold anything.
    """
    if suffix_of(path) == ".parquet":
        return read_parquet(path, inspection.ranges, wanted, limits)
    if is_json(path):
        return _jsonl(path, limits, inspection.form)
    return _csv(path, inspection, limits)


# -- csv


def _inspect_csv(path: AnyPath, limits: DeliveryLimits, form: Format) -> Inspection:
    utf8 = True
    with unpacked(path) as file:
        lines = bounded(in_utf8(file, form.encoding), path.name, limits)
        first = next(lines, b"")
        rows = 0
        for line in lines:
            rows += line is None or not line.isspace()
            if utf8 and line is not None and not line.isascii():
                try:
                    line.decode()
                except UnicodeDecodeError:
                    utf8 = False
    limits.check(path.name, "file_rows", rows)
    if first is None:
        raise DeliveryError(f"{path.name}: the header is longer than {limits.row_bytes:,} bytes")
    delimiter = form.delimiter_of(path.name)
    try:
        header = _cells(first.decode("utf-8-sig").rstrip("\r\n"), delimiter)
    except UnicodeDecodeError as error:
        hint = "a mapping may say its `encoding`" if form == UTF8 else "it has another encoding"
        raise DeliveryError(
            f"{path.name}: the header is not {form.encoding.upper()}: {hint} ({', '.join(ENCODINGS[1:])})"
        ) from error
    if header is None:
        raise DeliveryError(f"{path.name}: the header cannot be read")
    limits.check(path.name, "columns", len(header))
    columns = tuple(visible(name) or f"column_{n}" for n, name in enumerate(header, 1))
    if len(set(columns)) < len(columns):
        raise DeliveryError(f"{path.name}: a column name stands twice in the header")
    limits.check_columns(path.name, columns)
    return Inspection(columns, rows, utf8, form=form)


def _csv(path: AnyPath, inspection: Inspection, limits: DeliveryLimits) -> Iterator[Record]:
    columns, form = inspection.columns, inspection.form
    least, delimiter = CELL * len(columns), form.delimiter_of(path.name)
    with (
        unpacked(path) as file,
        io.TextIOWrapper(
            in_utf8(file, form.encoding), "utf-8-sig", errors="surrogateescape", newline=""
        ) as text,
    ):
        for line, cells, weight in _split(
            bounded(text, path.name, limits), len(columns), limits.row_bytes, delimiter
        ):
            if line == 1:
                continue
            if isinstance(cells, str):
                yield Record(line, {}, cells)
            elif len(cells) != len(columns):
                yield Record(line, {}, "wrong_number_of_cells")
            elif not inspection.utf8 and not _is_utf8(cells):
                replaced = {
                    k: v.encode(errors="surrogateescape").decode(errors="replace")
                    for k, v in zip(columns, cells)
                }
                yield Record(line, replaced, "not_utf8", weight=weight + least)
            else:
                yield Record(line, dict(zip(columns, cells)), weight=weight + least)


def _split(
    lines: Iterator[str | None], width: int, longest: int, delimiter: str
) -> Iterator[tuple[int, list[str] | str, int]]:
    """(line, cells, characters); a code in the place of cells that cannot be told apart. A stray quote costs
    its own line alone.
    """
    ahead: list[str | None] = []
    number = 0
    while True:
        text = ahead.pop(0) if ahead else next(lines, "")
        if text == "":
            return
        number += 1
        if text is None:
            yield number, TOO_LONG, 0
            continue
        if '"' not in text:
            if not text.isspace():
                yield number, text.rstrip("\r\n").split(delimiter), len(text)
            continue
        joined, more = text, 0
        while joined.count('"') % 2 and more < _LINES and len(joined) <= longest:
            if more == len(ahead):
                ahead.append(next(lines, ""))
            following = ahead[more]
            if not following:
                break
            joined += following
            more += 1
        cells = None if joined.count('"') % 2 else _cells(joined.rstrip("\r\n"), delimiter)
        if cells is None or (more and len(cells) != width):
            yield number, "unreadable_row", 0
            continue
        del ahead[:more]
        yield number, cells, len(joined)
        number += more


def _cells(text: str, delimiter: str) -> list[str] | None:
    """The cells of one record; None where it cannot be told apart, or ends before the text does (two stray
    quotes are no quoted cell).
    """
    try:
        lines = [text] if "\n" not in text and "\r" not in text else io.StringIO(text, newline="")
        result = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return result[0] if len(result) == 1 else None if result else []


def _is_utf8(cells: list[str]) -> bool:
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return False
    return True


# -- jsonl


def _inspect_jsonl(path: AnyPath, limits: DeliveryLimits, form: Format) -> Inspection:
    columns: dict[str, None] = {}
    rows = 0
    for record in _jsonl(path, limits, form):
        rows += 1
        columns.update(dict.fromkeys(record.cells))
        limits.check(path.name, "columns", len(columns))
    limits.check(path.name, "file_rows", rows)
    return Inspection(tuple(columns), rows, form=form)


def _jsonl(path: AnyPath, limits: DeliveryLimits, form: Format) -> Iterator[Record]:
    with unpacked(path) as file:
        for number, line in enumerate(bounded(in_utf8(file, form.encoding), path.name, limits), 1):
            if line is None:
                yield Record(number, {}, TOO_LONG)
                continue
            if line.isspace():
                continue
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            cells = _object(line)
            if isinstance(cells, dict):
                twice = tuple(problem.field for problem in exact_json.doubles(cells))
                flat = {
                    name: NESTED if isinstance(held, dict | list) else held for name, held in cells.items()
                }
                yield Record(
                    number,
                    flat,
                    GIVEN_TWICE if twice else "",
                    weight=len(line) + CELL * len(flat),
                    twice=twice,
                )
            else:
                yield Record(number, {}, cells)


def _object(line: bytes) -> dict[str, Any] | str:
    """The JSON object of a line, or the code of what is wrong with it. The NaN that other writers write is
    read.
    """
    try:
        value = exact_json.decoded(line.decode(), nan=True, deepest=JSON_DEEP)
    except UnicodeDecodeError:
        return "not_utf8"
    except ValueError:
        return "unreadable_row"
    return (
        value
        if isinstance(value, dict) and not any(len(name) > COLUMN_NAME for name in value)
        else "unreadable_row"
    )
