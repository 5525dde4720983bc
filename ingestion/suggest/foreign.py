"""Foreign tables as they are: how a file's text is written, which files are one table, a sample of values."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Protocol

from graph.model.errors import DeliveryError
from ingestion.cells import is_empty
from ingestion.characters import visible
from ingestion.nulls import is_null
from ingestion.sources.databases import open_source, tables_in
from ingestion.sources.limits import DeliveryLimits
from ingestion.sources.readers import inspect, is_json, records, suffix_of
from ingestion.sources.recoding import DELIMITERS, UTF8, Format
from ingestion.sources.rows import Inspection, Record
from ingestion.sources.unpacking import unpacked

_SAMPLE, _OF = 2_000, 200_000  # rows of a table, taken evenly from so many of its first
_LOOKED_AT = 1 << 18  # bytes from which the encoding is told
_DIGITS = re.compile(r"\d+")


class ForeignPart(Protocol):
    """A file, or a table of a database."""

    @property
    def name(self) -> str:
        """The file's, or the table's."""
        ...

    @property
    def rows(self) -> int:
        """How many there are."""
        ...

    def records(self, wanted: Collection[str]) -> Iterator[Record]:
        """The rows with these columns."""
        ...


@dataclass(frozen=True)
class _File:
    path: Path
    inspection: Inspection
    limits: DeliveryLimits

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def rows(self) -> int:
        return self.inspection.rows

    def records(self, wanted: Collection[str]) -> Iterator[Record]:
        return records(self.path, self.inspection, wanted, self.limits)


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """Files, or a table of a database, that are one table. `source` is what a mapping calls it, `samples` its
    values that are not empty, by column, of `sampled` rows.
    """

    source: tuple[str, ...]
    parts: tuple[ForeignPart, ...]
    form: Format
    columns: tuple[str, ...]
    samples: dict[str, list[object]]
    sampled: int

    @property
    def name(self) -> str:
        """The first of its parts' names, which says what they are about."""
        return self.parts[0].name

    def values(self, column: str) -> Iterator[object]:
        """Every value of a column that is not empty."""
        for part in self.parts:
            for row in part.records({column}):
                if not _says_nothing(value := row.cells.get(column)):
                    yield value


def read_foreign(files: Sequence[Path], limits: DeliveryLimits) -> list[Foreign]:
    """The tables that the files are: those of one form and header whose names differ in their numbers alone
    are one. Raises DeliveryError.
    """
    groups: dict[tuple[str, Format, tuple[str, ...]], list[_File]] = {}
    for path in files:
        form = form_of(path)
        inspection = inspect(path, limits, form)
        groups.setdefault((_DIGITS.sub("*", path.name), form, inspection.columns), []).append(
            _File(path, inspection, limits)
        )
    names = [path.name for path in files]
    return [
        _sampled(_source(pattern, [one.path for one in group], names), group, form, columns)
        for (pattern, form, columns), group in groups.items()
    ]


def read_database(url: str, limits: DeliveryLimits) -> list[Foreign]:
    """The tables and views of a database, each by itself. Raises DeliveryError."""
    there = tables_in(url)
    sources = [open_source(url, name, (name,), there, limits) for name in there]
    return [_sampled((source.name,), [source], UTF8, source.columns) for source in sources]


def form_of(path: Path) -> Format:
    """How the text of a file is written. Raises DeliveryError for what cannot be opened."""
    if suffix_of(path) in (".parquet", None):
        return UTF8
    try:
        with unpacked(path) as file:
            start = file.read(_LOOKED_AT)
    except (OSError, EOFError) as error:
        raise DeliveryError(f"{path.name} cannot be read: {error}") from error
    encoding = _encoding(start)
    if is_json(path):
        return Format(encoding)
    text = start.decode(encoding, errors="replace")
    header = text.partition("\n")[0]
    counts = {sign: header.count(sign) for sign in DELIMITERS.values()}
    most = max(counts, key=lambda sign: counts[sign])
    usual = UTF8.delimiter_of(path.name)
    return Format(encoding, "" if most == usual or not counts[most] else most)


def _encoding(start: bytes) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if start[1:40:2].count(0) > 15:
        return "utf-16-le"
    for encoding in ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(start)
        except UnicodeDecodeError:
            continue
        return encoding
    return "gb18030" if b"\xff" not in start[:1_000] else "latin-1"


def _source(pattern: str, group: Sequence[Path], names: Sequence[str]) -> tuple[str, ...]:
    """One file by its name, several by a pattern that means no other file beside them, or else one by one."""
    own = [path.name for path in group]
    if len(own) == 1:
        return (own[0],)
    beside = {path.name for path in group[0].parent.iterdir()} | set(names)
    return (pattern,) if {name for name in beside if fnmatchcase(name, pattern)} == set(own) else tuple(own)


def _sampled(
    source: tuple[str, ...], parts: Sequence[ForeignPart], form: Format, columns: tuple[str, ...]
) -> Foreign:
    step = max(1, min(_OF, sum(part.rows for part in parts)) // _SAMPLE)
    samples: dict[str, list[object]] = {column: [] for column in columns}
    rows = (row for part in parts for row in part.records(frozenset(columns)))
    sampled = 0
    for row in islice(rows, 0, _OF, step):
        sampled += not row.code
        for column, value in row.cells.items() if not row.code else ():
            if not _says_nothing(value):
                samples[column].append(value)
    return Foreign(
        source=source, parts=tuple(parts), form=form, columns=columns, samples=samples, sampled=sampled
    )


def _says_nothing(value: object) -> bool:
    return is_empty(value) or (isinstance(value, str) and is_null(visible(value)))
