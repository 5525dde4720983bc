"""Parquet to rows: only columns that are read become Python values, and an unreadable cell affects only
itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graph.model.errors import DeliveryError
from ingestion.digits import Rounded
from ingestion.sources.footer import contents_of
from ingestion.sources.limits import CELL, DeliveryLimits
from ingestion.sources.pages import Pages, measured
from ingestion.sources.paths import AnyPath, opened
from ingestion.sources.rows import NESTED, TOO_LONG, Inspection, Record, RowRange, Unreadable

_BATCH = 4_096
# bytes that the values of a batch may come to: of files with long values fewer rows are taken at once
_DECODED = 8 << 20
# bytes of a column that are read at once, and of all of them: so nobody holds a whole row group
_AHEAD, _ALL_AHEAD, _LEAST_AHEAD = 1 << 20, 32 << 20, 1 << 14
RANGE_ROWS = 500_000  # that one task parses of a file with as many
_FIXED = 4_096  # bytes of a value of fixed width: decimals have 32
_NARROW = {pa.float16(): 2**11, pa.float32(): 2**24}  # from where on such a column has rounded whole numbers
# what turning a cell into a value may raise
_NO_VALUE = (ValueError, ArithmeticError, TypeError, LookupError, pa.ArrowException)


def inspect_parquet(path: AnyPath, limits: DeliveryLimits) -> Inspection:
    """Read the whole file once. Raises DeliveryError for a column that is there twice and for what is beyond
    the limits, before any of it is unpacked, and what Arrow raises for a file that it cannot read.
    """
    with _opened(path, limits) as table:
        rows = 0
        for batch in table.batches():
            rows += batch.num_rows
            limits.check(path.name, "file_rows", rows)
        leaves = [table.file.schema.column(n) for n in range(len(table.file.schema))]
        return Inspection(
            table.names,
            rows,
            int96=tuple(leaf.path for leaf in leaves if leaf.physical_type == "INT96"),
            ranges=tuple(_ranges(table.file.metadata)),
        )


def _ranges(contents: pq.FileMetaData) -> Iterator[RowRange]:
    """All row groups, some together, of RANGE_ROWS or, the last ones, fewer."""
    first = before = rows = 0
    for group in range(contents.num_row_groups):
        rows += contents.row_group(group).num_rows
        if rows - before >= RANGE_ROWS or group == contents.num_row_groups - 1:
            yield RowRange(first, group + 1, before)
            first, before = group + 1, rows


def read_parquet(
    path: AnyPath, ranges: Sequence[RowRange], wanted: Collection[str], limits: DeliveryLimits
) -> Iterator[Record]:
    """The rows of ranges that follow one another; a column that is not `wanted` says only whether it holds
    anything (True, or None).
    """
    if not ranges:
        return
    line = ranges[0].before
    with _opened(path, limits, range(ranges[0].first, ranges[-1].end)) as table:
        for batch in table.batches():
            turning = _Turning(limits.row_bytes)
            there = dict(zip(batch.schema.names, batch.columns, strict=True))
            columns: list[list[Any]] = []
            for name in table.names:
                if name not in there:
                    columns.append([NESTED if name in wanted else True] * batch.num_rows)
                else:
                    columns.append(turning.values(there[name]) if name in wanted else _filled(there[name]))
            codes, weight = turning.codes, turning.held // max(batch.num_rows, 1) + CELL * len(table.names)
            for n, cells in enumerate(zip(*columns)):
                line += 1
                code = codes.get(n, "")
                yield Record(
                    line, {} if code == TOO_LONG else dict(zip(table.names, cells)), code, weight=weight
                )


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file that may be read: the row groups `groups`; `names` of its columns, of which the `flat` ones are
    read, `batch` rows at once.
    """

    file: pq.ParquetFile
    groups: range
    names: tuple[str, ...]
    flat: list[str]
    batch: int

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Its rows; with no column that can be read, none of them has a cell."""
        columns = self.flat if len(self.flat) < len(self.names) else None
        for batch in self.file.iter_batches(self.batch, list(self.groups), columns):
            yield batch
            if self.batch < _BATCH:
                pa.default_memory_pool().release_unused()  # long values leave much behind that nobody uses


@contextmanager
def _opened(path: AnyPath, limits: DeliveryLimits, some: range | None = None) -> Iterator[_Opened]:
    with opened(path) as file:
        contents = contents_of(file, path.name, limits)
        names = tuple(contents.schema.to_arrow_schema().names)
        leaves = [contents.schema.column(n) for n in range(len(contents.schema))]
        paths = [leaf.path for leaf in leaves]
        if len(set(names)) < len(names) or len(set(paths)) < len(paths):
            raise DeliveryError(f"{path.name}: two columns have the same name")
        limits.check_columns(path.name, names)
        limits.check(path.name, "columns", len(leaves))
        limits.check(path.name, "file_rows", contents.num_rows)
        if any(leaf.physical_type == "FIXED_LEN_BYTE_ARRAY" and leaf.length > _FIXED for leaf in leaves):
            raise DeliveryError(f"{path.name}: a column has values of more than {_FIXED} bytes each")
        simple = {
            leaf.path: leaf
            for leaf in leaves
            if leaf.max_repetition_level == 0 and leaf.max_definition_level <= 1
        }
        flat = [name for name in names if name in simple]
        groups = range(contents.num_row_groups) if some is None else some
        pages = measured(file, contents, frozenset(flat), groups)
        limits.check(path.name, "file_bytes", sum(column.whole for column in pages.values()))
        limits.check(path.name, "page_bytes", sum(column.held for column in pages.values()))
        shared, batch = _plan(
            {name: pages[name] for name in flat}, {n for n in flat if simple[n].physical_type == "BYTE_ARRAY"}
        )
        # In nanoseconds the year 9999 would come round again as 1816.
        with pq.ParquetFile(
            file.raw,  # what is read ahead of one column is no use to the next
            coerce_int96_timestamp_unit="us",
            metadata=contents,
            read_dictionary=shared,
            pre_buffer=False,
            buffer_size=max(_LEAST_AHEAD, min(_AHEAD, _ALL_AHEAD // max(len(flat), 1))),
        ) as table:
            yield _Opened(table, groups, names, flat, batch)


def _plan(pages: dict[str, Pages], texts: Collection[str]) -> tuple[list[str], int]:
    """Which columns keep each of their texts once, as the file does, and how many rows are read at once.

    A text in a dictionary may be long and stand in every row: where that could be more than is held, it is
    not written out for each.
    """
    once = sum(column.dictionary for name, column in pages.items() if name in texts) * _BATCH > _DECODED
    shared = [name for name, column in pages.items() if once and name in texts and column.dictionary]
    row = sum(column.row + CELL for column in pages.values())
    return shared, max(1, min(_BATCH, int(_DECODED / max(row, 1.0))))


def _filled(column: pa.Array) -> list[bool | None]:
    return [filled or None for filled in column.is_valid().to_pylist()]


def _of_a_narrow_float(exact: int, value: float) -> float:
    return value if abs(value) < exact else Rounded(value)


def _text(value: bytes) -> str:
    return value.decode()


@dataclass(slots=True)
class _Turning:
    """The columns of a batch as Python values. `codes`: of rows whose text is not UTF-8 or too long; `held`:
    about how many bytes they are.
    """

    longest: int
    codes: dict[int, str] = field(default_factory=dict)
    held: int = 0

    def values(self, column: pa.Array) -> list[Any]:
        """Cells that cannot be turned become Unreadable, those of rows in `codes` None."""
        if pa.types.is_dictionary(column.type):
            places = column.indices.dictionary_encode()  # only the texts that this batch uses
            inner = _Turning(self.longest)
            known = inner.values(column.dictionary.take(places.dictionary))
            rows = places.indices.to_pylist()
            self.held += inner.held + places.indices.nbytes
            if inner.codes:
                self.codes |= {n: inner.codes[place] for n, place in enumerate(rows) if place in inner.codes}
            return [None if place is None else known[place] for place in rows]
        self.held += column.nbytes
        return self._plain(self._short(column) if _has_length(column.type) else column)

    def _short(self, column: pa.Array) -> pa.Array:
        """A column of texts without those that are too long."""
        if pa.types.is_string_view(column.type) or pa.types.is_binary_view(column.type):
            column = column.cast(
                pa.large_string() if pa.types.is_string_view(column.type) else pa.large_binary()
            )
        lengths = pc.binary_length(column)
        if (pc.max(lengths).as_py() or 0) <= self.longest:
            return column
        long = pc.fill_null(pc.greater(lengths, self.longest), fill_value=False)
        self.codes |= dict.fromkeys((n for n, is_long in enumerate(long.to_pylist()) if is_long), TOO_LONG)
        return pc.if_else(long, pa.scalar(None, column.type), column)

    def _plain(self, column: pa.Array) -> list[Any]:
        turned: Callable[[Any], Any] | None = None
        if pa.types.is_timestamp(column.type):
            # A moment is a moment whatever zone it is shown in, and nanoseconds are more than anybody keeps.
            unit = "us" if column.type.unit == "ns" else column.type.unit
            column = column.cast(pa.timestamp(unit, column.type.tz and "UTC"), safe=False)
        elif column.type in _NARROW:
            turned = partial(_of_a_narrow_float, _NARROW[column.type])
        elif pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            turned = _text  # what some writers make of their texts
        try:
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                # six times as fast, and a text that is there twice is made once
                return list(column.to_numpy(zero_copy_only=False).tolist())
            values = column.to_pylist()
            return (
                list(values)
                if turned is None
                else [None if value is None else turned(value) for value in values]
            )
        except _NO_VALUE:
            return [self._value(cell, n, turned) for n, cell in enumerate(column)]

    def _value(self, cell: pa.Scalar, row: int, turned: Callable[[Any], Any] | None) -> Any:
        try:
            value = cell.as_py()
            return value if value is None or turned is None else turned(value)
        except UnicodeDecodeError:
            self.codes[row] = "not_utf8"
            return None
        except _NO_VALUE:
            return Unreadable(f"{getattr(cell, 'value', '?')} ({cell.type})")


def _has_length(kind: pa.DataType) -> bool:
    words = pa.types
    texts = (
        words.is_string,
        words.is_large_string,
        words.is_binary,
        words.is_large_binary,
        words.is_string_view,
        words.is_binary_view,
    )
    return any(is_one(kind) for is_one in texts)
