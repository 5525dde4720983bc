"""Parquet to rows: only the columns that somebody reads become Python values, and a cell that cannot costs nothing but itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from graph.errors import DeliveryError
from ingestion.digits import Rounded
from ingestion.rows import Inspection, Record, Unreadable

_BATCH = 4_096
_NARROW = {pa.float16(): 2**11, pa.float32(): 2**24}  # from where on such a column has rounded whole numbers
_NO_VALUE = (ValueError, ArithmeticError, TypeError, LookupError, pa.ArrowException)  # what turning a cell into a value may raise


def inspect_parquet(path: Path) -> Inspection:
    """Read the whole file once. Raises DeliveryError for a column that is there twice, and what Arrow raises for a file that it cannot read."""
    with _opened(path) as file:
        rows = sum(batch.num_rows for batch in file.iter_batches(batch_size=1 << 16))
        names = tuple(file.schema_arrow.names)
        leaves = [file.schema.column(n) for n in range(len(file.schema))]
    if len(set(names)) < len(names):
        raise DeliveryError(f"{path.name}: two columns have the same name")
    return Inspection(names, rows, int96=tuple(leaf.path for leaf in leaves if leaf.physical_type == "INT96"))


def read_parquet(path: Path, wanted: Collection[str]) -> Iterator[Record]:
    """The rows; a column that is not `wanted` says only whether it holds anything (True, or None)."""
    line = 0
    with _opened(path) as file:
        names = file.schema_arrow.names
        for batch in file.iter_batches(batch_size=_BATCH):
            broken: set[int] = set()
            columns = [_values(column, broken) if name in wanted else _filled(column) for name, column in zip(names, batch.columns, strict=True)]
            for n, cells in enumerate(zip(*columns)):
                line += 1
                yield Record(line, dict(zip(names, cells)), "not_utf8" if n in broken else "")


def _opened(path: Path) -> pq.ParquetFile:
    return pq.ParquetFile(path, coerce_int96_timestamp_unit="us")  # in nanoseconds the year 9999 would come round again as 1816


def _filled(column: pa.Array) -> list[bool | None]:
    return [filled or None for filled in column.is_valid().to_pylist()]


def _of_a_narrow_float(exact: int, value: float) -> float:
    return value if abs(value) < exact else Rounded(value)


def _text(value: bytes) -> str:
    return value.decode()


def _values(column: pa.Array, broken: set[int]) -> list[Any]:
    """A column as Python values; rows whose text is not UTF-8 go into `broken`, other cells that cannot be turned become Unreadable."""
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
            return list(column.to_numpy(zero_copy_only=False).tolist())  # six times as fast, and a text that is there twice is made once
        values = column.to_pylist()
        return list(values) if turned is None else [None if value is None else turned(value) for value in values]
    except _NO_VALUE:
        return [_value(cell, n, turned, broken) for n, cell in enumerate(column)]


def _value(cell: pa.Scalar, row: int, turned: Callable[[Any], Any] | None, broken: set[int]) -> Any:
    try:
        value = cell.as_py()
        return value if value is None or turned is None else turned(value)
    except UnicodeDecodeError:
        broken.add(row)
        return None
    except _NO_VALUE:
        return Unreadable(f"{getattr(cell, 'value', '?')} ({cell.type})")
