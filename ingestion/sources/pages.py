"""Unpacked sizes of a parquet file's pages, read from page headers because the footer may be wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.sources.thrift import Compact

# bytes of a page's head, which may hold the least and the greatest value
_HEAD, _LONGEST_HEAD = 1 << 12, 1 << 20
_PADDED = 100  # bytes after a chunk that old writers forgot to count, and readers look at
_DATA, _DICTIONARY, _DATA_2 = 0, 2, 3  # kinds of pages
# encodings in which a value may repeat the one before it, or any number of empty ones takes no place
_FRONT_CODED = frozenset((6, 7))
_ENTRIES = 1_000


@dataclass(slots=True)
class Pages:
    """Of one column: bytes of all its pages, what reading one row group holds at once, and how many bytes one
    row may come to.
    """

    whole: int = 0
    held: int = 0
    row: float = 0.0
    dictionary: int = 0
    front_coded: bool = False


@dataclass(frozen=True, slots=True)
class _Page:
    kind: int
    unpacked: int
    packed: int
    values: int
    encoding: int


def measured(
    file: IO[bytes], contents: pq.FileMetaData, columns: frozenset[str], groups: Iterable[int]
) -> dict[str, Pages]:
    """The pages of those columns in those row groups, by name. Raises ArrowInvalid for heads that cannot be
    read.

    A chunk is of the column in whose place it stands, whatever it says itself: so its readers take it.
    """
    results = {name: Pages() for name in columns}
    paths = [contents.schema.column(number).path for number in range(len(contents.schema))]
    for group in groups:
        rows = contents.row_group(group)
        for number, path in enumerate(paths):
            if path in columns:
                _add(results[path], _pages(file, rows.column(number)))
    return results


def _add(result: Pages, pages: Iterator[_Page]) -> None:
    """One row group more: its dictionary is kept beside the largest of its pages, packed and unpacked."""
    largest = dictionary = 0
    for page in pages:
        result.whole += page.unpacked
        if page.kind == _DICTIONARY:
            dictionary += 2 * page.unpacked + 24 * page.values
            result.dictionary = max(result.dictionary, page.unpacked)
            continue
        largest = max(largest, page.unpacked + page.packed)
        if page.encoding in _FRONT_CODED:
            result.front_coded = True
            largest = max(largest, page.unpacked + page.packed + 8 * page.values)
            result.row = max(result.row, float(page.unpacked))
        else:
            result.row = max(result.row, page.unpacked / max(page.values, 1))
    result.held = max(result.held, largest + dictionary)


def _pages(file: IO[bytes], chunk: pq.ColumnChunkMetaData) -> Iterator[_Page]:
    """The pages that a reader of the chunk comes to: it stops at the last of its values."""
    at = chunk.data_page_offset
    if chunk.has_dictionary_page and chunk.dictionary_page_offset and 0 < chunk.dictionary_page_offset < at:
        at = chunk.dictionary_page_offset
    end, left = at + chunk.total_compressed_size, chunk.num_values
    while left > 0 and at < end + _PADDED:
        try:
            page, size = _page_at(file, at)
        except pa.ArrowInvalid:
            if at >= end:
                return
            raise
        if page.kind in (_DATA, _DATA_2):
            left -= max(page.values, 0)
        if page.kind in (_DATA, _DATA_2, _DICTIONARY):
            yield page
        at += size + page.packed


def _page_at(file: IO[bytes], at: int) -> tuple[_Page, int]:
    size = _HEAD
    while True:
        file.seek(at)
        head = file.read(size)
        try:
            return _read(Compact(head, "the head of a page", _ENTRIES))
        except IndexError as error:
            if len(head) < size or size >= _LONGEST_HEAD:
                raise pa.ArrowInvalid("the header of a page cannot be read") from error
            size *= 16


def _read(head: Compact) -> tuple[_Page, int]:
    fields = head.struct()
    about = fields.get(5) or fields.get(7) or fields.get(8) or {}
    kind, unpacked, packed = (fields.get(n) for n in (1, 2, 3))
    encoding = about.get(4 if 8 in fields else 2, 0) if isinstance(about, dict) else 0
    values = about.get(1, 0) if isinstance(about, dict) else 0
    numbers = (kind, unpacked, packed, values, encoding)
    if not all(isinstance(n, int) and 0 <= n < 2**31 for n in numbers):
        raise pa.ArrowInvalid("the header of a page is not valid")
    return _Page(*numbers), head.at  # type: ignore[arg-type]  # they are whole numbers
