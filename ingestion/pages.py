"""What the pages of a parquet file come to when they are unpacked, from the heads of the pages: the file's own table of contents may lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

_HEAD, _LONGEST_HEAD = 1 << 12, 1 << 20  # bytes of a page's head, which may hold the least and the greatest value
_PADDED = 100  # bytes after a chunk that old writers forgot to count, and readers look at
_DATA, _DICTIONARY, _DATA_2 = 0, 2, 3  # kinds of pages
_FRONT_CODED = frozenset((6, 7))  # encodings in which a value may repeat the one before it, or any number of empty ones takes no place
_DEEPEST = 8


@dataclass(slots=True)
class Pages:
    """Of one column: bytes of all its pages, what reading one row group holds at once, and how many bytes one row may come to."""

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


def measured(file: IO[bytes], contents: pq.FileMetaData, columns: frozenset[str]) -> dict[str, Pages]:
    """The pages of those columns, by name. Raises ArrowInvalid for heads that cannot be read."""
    found = {name: Pages() for name in columns}
    for group in range(contents.num_row_groups):
        rows = contents.row_group(group)
        for number in range(rows.num_columns):
            chunk = rows.column(number)
            if chunk.path_in_schema in columns:
                _add(found[chunk.path_in_schema], _pages(file, chunk))
    return found


def _add(found: Pages, pages: Iterator[_Page]) -> None:
    """One row group more: its dictionary is kept beside the largest of its pages, packed and unpacked."""
    largest = dictionary = 0
    for page in pages:
        found.whole += page.unpacked
        if page.kind == _DICTIONARY:
            dictionary += 2 * page.unpacked + 24 * page.values
            found.dictionary = max(found.dictionary, page.unpacked)
            continue
        largest = max(largest, page.unpacked + page.packed)
        if page.encoding in _FRONT_CODED:
            found.front_coded = True
            largest = max(largest, page.unpacked + page.packed + 8 * page.values)
            found.row = max(found.row, float(page.unpacked))
        else:
            found.row = max(found.row, page.unpacked / max(page.values, 1))
    found.held = max(found.held, largest + dictionary)


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
            return _read(_Head(head))
        except IndexError as error:
            if len(head) < size or size >= _LONGEST_HEAD:
                raise pa.ArrowInvalid("the head of a page cannot be read") from error
            size *= 16


def _read(head: _Head) -> tuple[_Page, int]:
    fields = head.struct()
    about = fields.get(5) or fields.get(7) or fields.get(8) or {}
    kind, unpacked, packed = (fields.get(n) for n in (1, 2, 3))
    encoding = about.get(4 if 8 in fields else 2, 0) if isinstance(about, dict) else 0
    values = about.get(1, 0) if isinstance(about, dict) else 0
    numbers = (kind, unpacked, packed, values, encoding)
    if not all(isinstance(n, int) and 0 <= n < 2**31 for n in numbers):
        raise pa.ArrowInvalid("the head of a page says nothing that can be")
    return _Page(*numbers), head.at  # type: ignore[arg-type]  # they are whole numbers


class _Head:
    """Thrift's compact protocol, as far as the heads of pages have it. Raises IndexError at the end of the bytes, ArrowInvalid for other things."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.at = 0

    def struct(self, deep: int = 0) -> dict[int, object]:
        """Fields by their numbers."""
        if deep > _DEEPEST:
            raise pa.ArrowInvalid("the head of a page is nested too deep")
        found: dict[int, object] = {}
        number = 0
        while said := self._byte():
            number = number + (said >> 4) if said >> 4 else self._number()
            found[number] = self._value(said & 15, deep)
        return found

    def _value(self, kind: int, deep: int) -> object:
        if kind in (1, 2):
            return kind == 1
        if kind == 3:
            return self._byte()
        if kind in (4, 5, 6):
            return self._number()
        if kind in (7, 8):
            return self._skip(8 if kind == 7 else self._varint())
        if kind == 12:
            return self.struct(deep + 1)
        raise pa.ArrowInvalid("the head of a page has a field of an unknown kind")

    def _byte(self) -> int:
        self.at += 1
        return self._content[self.at - 1]

    def _varint(self) -> int:
        found = shift = 0
        while True:
            byte = self._byte()
            found |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return found
            if shift > 63:
                raise pa.ArrowInvalid("the head of a page has a number that is too long")

    def _number(self) -> int:
        found = self._varint()
        return (found >> 1) ^ -(found & 1)

    def _skip(self, size: int) -> bytes:
        self.at += size
        if self.at > len(self._content):
            raise IndexError
        return self._content[self.at - size : self.at]
