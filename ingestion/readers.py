"""Files to rows: csv, jsonl, either of them gzipped, csv in a zip and parquet, each row with its number and what makes it unreadable."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa

from graph.errors import DeliveryError
from ingestion import exact_json
from ingestion.characters import visible
from ingestion.columnar import inspect_parquet, read_parquet
from ingestion.rows import Inspection, Record

SUFFIXES = (".csv", ".csv.gz", ".jsonl", ".parquet")
PART_SUFFIXES = (*SUFFIXES, ".jsonl.gz", ".json", ".json.gz")  # what other systems call the parts of a table
_READ = (*PART_SUFFIXES, ".zip")  # a zip is for mappings
_LINES = 20  # a cell may hold line breaks; a quote that is still open after so many lines is a mistake


def suffix_of(path: Path) -> str | None:
    """Which of the readable formats a file's name says."""
    return next((s for s in sorted(_READ, key=len, reverse=True) if path.name.lower().endswith(s)), None)


def inspect(path: Path) -> Inspection:
    """Read the whole file once, before anything is written. Raises DeliveryError when it cannot be read to its end."""
    suffix = suffix_of(path)
    try:
        if suffix == ".parquet":
            return inspect_parquet(path)
        if is_json(path):
            return _inspect_jsonl(path)
        if suffix is None:
            raise DeliveryError(f"{path.name}: not one of the formats {', '.join(SUFFIXES)}")
        return _inspect_csv(path)
    except (OSError, EOFError, zipfile.BadZipFile, pa.ArrowException, zlib.error) as error:
        raise DeliveryError(f"{path.name} cannot be read: {error}") from error


def is_json(path: Path) -> bool:
    """Whether it holds JSON objects, whose cells each row names itself."""
    return ".json" in (suffix_of(path) or "")


def records(path: Path, inspection: Inspection, wanted: Collection[str]) -> Iterator[Record]:
    """The rows of a file that was inspected; of a parquet file the columns that are not `wanted` say only whether they hold anything."""
    if suffix_of(path) == ".parquet":
        return read_parquet(path, wanted)
    if is_json(path):
        return _jsonl(path)
    return _csv(path, inspection)


# -- csv ------------------------------------------------------------------------------------------------------------------------------


def _open_bytes(path: Path) -> IO[bytes]:
    suffix = suffix_of(path) or ""
    if suffix.endswith(".gz"):
        return cast(IO[bytes], gzip.open(path, "rb"))
    if suffix == ".zip":
        archive = zipfile.ZipFile(path)
        inside = [name for name in archive.namelist() if name.lower().endswith(".csv") and not name.startswith("__MACOSX/")]
        if len(inside) != 1:
            raise DeliveryError(f"{path.name}: must hold exactly one csv file, holds {len(inside)}")
        return archive.open(inside[0])
    return path.open("rb")


def _inspect_csv(path: Path) -> Inspection:
    utf8 = True
    with _open_bytes(path) as file:
        first = file.readline(1 << 20)
        rows = 0
        for line in file:
            rows += not line.isspace()
            if utf8 and not line.isascii():
                try:
                    line.decode()
                except UnicodeDecodeError:
                    utf8 = False
    try:
        header = _cells(first.decode("utf-8-sig").rstrip("\r\n"))
    except UnicodeDecodeError as error:
        raise DeliveryError(f"{path.name}: the header is not UTF-8") from error
    if header is None:
        raise DeliveryError(f"{path.name}: the header cannot be read")
    columns = tuple(visible(name) or f"column_{n}" for n, name in enumerate(header, 1))
    if len(set(columns)) < len(columns):
        raise DeliveryError(f"{path.name}: a column name stands twice in the header")
    return Inspection(columns, rows, utf8)


def _csv(path: Path, inspection: Inspection) -> Iterator[Record]:
    columns = inspection.columns
    with io.TextIOWrapper(_open_bytes(path), encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        for line, cells in _split(file, len(columns)):
            if line == 1:
                continue
            if cells is None:
                yield Record(line, {}, "unreadable_row")
            elif len(cells) != len(columns):
                yield Record(line, {}, "wrong_number_of_cells")
            elif not inspection.utf8 and not _is_utf8(cells):
                yield Record(line, {k: v.encode(errors="surrogateescape").decode(errors="replace") for k, v in zip(columns, cells)}, "not_utf8")
            else:
                yield Record(line, dict(zip(columns, cells)))


def _split(lines: Iterator[str], width: int) -> Iterator[tuple[int, list[str] | None]]:
    """(line, cells), None for cells that cannot be told apart. A stray quote costs its own line and never the lines after it."""
    ahead: list[str] = []
    number = 0
    while True:
        text = ahead.pop(0) if ahead else next(lines, "")
        if not text:
            return
        number += 1
        if '"' not in text:
            if not text.isspace():
                yield number, text.rstrip("\r\n").split(",")
            continue
        joined, more = text, 0
        while joined.count('"') % 2 and more < _LINES:
            if more == len(ahead):
                ahead.append(next(lines, ""))
            joined += ahead[more]
            more += 1
        cells = None if joined.count('"') % 2 else _cells(joined.rstrip("\r\n"))
        if more and (cells is None or len(cells) != width):
            yield number, None
            continue
        del ahead[:more]
        yield number, cells
        number += more


def _cells(text: str) -> list[str] | None:
    """The cells of one record; None where it cannot be told apart, or ends before the text does (two stray quotes are no quoted cell)."""
    try:
        found = list(csv.reader([text] if "\n" not in text and "\r" not in text else io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        return None
    return found[0] if len(found) == 1 else None if found else []


def _is_utf8(cells: list[str]) -> bool:
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return False
    return True


# -- jsonl ----------------------------------------------------------------------------------------------------------------------------


def _inspect_jsonl(path: Path) -> Inspection:
    columns: dict[str, None] = {}
    rows = 0
    for record in _jsonl(path):
        rows += 1
        columns.update(dict.fromkeys(record.cells))
    return Inspection(tuple(columns), rows)


def _jsonl(path: Path) -> Iterator[Record]:
    with _open_bytes(path) as file:
        for number, line in enumerate(file, 1):
            if line.isspace():
                continue
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            cells = _object(line)
            if isinstance(cells, dict):
                yield Record(number, cells, "given_twice" if exact_json.doubles(cells) else "")
            else:
                yield Record(number, {}, cells)


def _object(line: bytes) -> dict[str, Any] | str:
    """The JSON object of a line, or the code of what is wrong with it. The NaN that other writers write is read."""
    try:
        value = exact_json.decoded(line.decode(), nan=True)
    except UnicodeDecodeError:
        return "not_utf8"
    except ValueError:
        return "unreadable_row"
    return value if isinstance(value, dict) else "unreadable_row"
