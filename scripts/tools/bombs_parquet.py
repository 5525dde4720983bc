"""Small parquet files that come to a great deal: long values, large pages, and tables of contents without
end.
"""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

EVENT = {"kind": "login", "at": "2025-06-02T08:00:00+08:00", "applicant_id": "U1"}
_MEGABYTE = "x" * (1 << 20)


def _table(rows: int, **columns: pa.Array) -> pa.Table:
    return pa.table({name: pa.repeat(value, rows) for name, value in EVENT.items()} | columns)


def _parquet(folder: Path, rows: int, **columns: pa.Array) -> None:
    table = _table(rows, **columns)
    pq.write_table(
        table,
        folder / "events.parquet",
        compression="zstd",
        dictionary_pagesize_limit=1 << 24,
        write_statistics=False,
    )


def _plain_parquet(folder: Path, table: pa.Table, **more: object) -> None:
    pq.write_table(
        table,
        folder / "events.parquet",
        compression="zstd",
        use_dictionary=False,
        write_statistics=False,
        **more,
    )


def one_long_text_in_every_row(folder: Path) -> None:
    """A text of a megabyte stands once in a dictionary and in 20,000 rows."""
    _parquet(
        folder,
        20_000,
        event_id=pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), 20_000), [_MEGABYTE]),
    )


def one_too_long_text_in_every_row(folder: Path) -> None:
    """The same in a column that nobody reads, and longer than a cell may be."""
    text = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), 20_000), [3 * _MEGABYTE])
    _parquet(folder, 20_000, event_id=pa.array(map(str, range(20_000))), odd=text)


def a_page_of_200_megabytes(folder: Path) -> None:
    """One page, which a reader unpacks whole."""
    _plain_parquet(
        folder,
        _table(200, event_id=pa.array([_MEGABYTE] * 200)),
        data_page_size=1 << 30,
        write_batch_size=1_000,
    )


def texts_that_continue_each_other(folder: Path) -> None:
    """Front coding: 400 rows that say only *the same megabyte as before*."""
    table = _table(400, event_id=pa.array([_MEGABYTE] * 400))
    _plain_parquet(folder, table, column_encoding=dict.fromkeys(table.column_names, "DELTA_BYTE_ARRAY"))


def rows_of_half_a_megabyte(folder: Path) -> None:
    """600 of them, each unlike the others, in pages of two."""
    texts = pa.array([f"{n:06d}" + _MEGABYTE[: 1 << 19] for n in range(600)])
    _plain_parquet(folder, _table(600, event_id=texts, odd=texts), write_batch_size=2)


def rows_of_half_a_megabyte_as_attributes(folder: Path) -> None:
    """The same in a column that a mapping keeps."""
    rows_of_half_a_megabyte(folder)
    mapping = (
        "tables: [{table: platforms, source: platforms.csv}, {table: events, source: events.parquet, "
        "attributes: [odd]}]"
    )
    (folder / "mapping.yaml").write_text(mapping)


def numbers_of_no_bytes(folder: Path) -> None:
    """Delta encoding: 90,000 numbers that differ by one, in some hundred bytes."""
    rows = 90_000
    table = _table(rows, event_id=pa.array(np.arange(rows)), odd=pa.array(np.arange(rows)))
    encoding = {"event_id": "DELTA_BINARY_PACKED", "odd": "DELTA_BINARY_PACKED"} | dict.fromkeys(
        EVENT, "DELTA_BYTE_ARRAY"
    )
    _plain_parquet(folder, table, column_encoding=encoding, data_page_size=1 << 30, write_batch_size=rows)


def texts_of_no_bytes(folder: Path) -> None:
    """Delta encoding: 90,000 texts in a single page."""
    rows = 90_000
    table = _table(rows, event_id=pa.array(map(str, range(rows))), odd=pa.repeat("x" * 1_000, rows))
    _plain_parquet(
        folder,
        table,
        column_encoding=dict.fromkeys(table.column_names, "DELTA_BYTE_ARRAY"),
        data_page_size=1 << 30,
        write_batch_size=rows,
    )


def a_dictionary_of_millions(folder: Path) -> None:
    """Three million texts in a dictionary, and a hundred thousand rows."""
    texts, rows = pa.array(map(str, range(3_000_000))), 100_000
    table = _table(
        rows, event_id=pa.DictionaryArray.from_arrays(pa.array(np.arange(rows, dtype="int32")), texts)
    )
    pq.write_table(
        table,
        folder / "events.parquet",
        compression="zstd",
        dictionary_pagesize_limit=1 << 28,
        write_statistics=False,
    )


def lists_without_end(folder: Path) -> None:
    """A column of lists, one of which holds thirty million numbers."""
    offsets = pa.array([0, 30_000_000], pa.int32())
    _parquet(
        folder,
        1,
        event_id=pa.array(["E1"]),
        odd=pa.ListArray.from_arrays(offsets, pa.repeat(pa.scalar(7, pa.int64()), 30_000_000)),
    )


def columns_that_take_no_place(folder: Path) -> None:
    """1,900 columns of 6,000 equal cells, which nobody reads."""
    rows = 6_000
    _parquet(folder, rows, **{f"c{n}": pa.repeat(7, rows) for n in range(1_900)})


def attributes_that_take_no_place(folder: Path) -> None:
    """The same, and a mapping that keeps all of them."""
    rows = 1_000
    _parquet(folder, rows, **{f"c{n}": pa.repeat(7 + n, rows) for n in range(1_900)})
    kept = ", ".join(f"c{n}" for n in range(1_900))
    (folder / "mapping.yaml").write_text(
        f"tables: [{{table: platforms, source: platforms.csv}}, {{table: events, source: events.parquet, "
        f"attributes: [{kept}]}}]"
    )


# -- tables of contents that no writer writes


def _number(value: int) -> bytes:
    """A whole number in thrift's compact protocol."""
    value, result = value << 1, bytearray()
    while value > 127:
        result.append(value & 127 | 128)
        value >>= 7
    return bytes([*result, value])


def _list(kind: int, size: int) -> bytes:
    """The head of a list of more than 14."""
    return bytes([0xF0 | kind]) + _plain_number(size)


def _plain_number(value: int) -> bytes:
    """One without a sign."""
    result = bytearray()
    while value > 127:
        result.append(value & 127 | 128)
        value >>= 7
    return bytes([*result, value])


def _text(text: bytes) -> bytes:
    return _plain_number(len(text)) + text


_SCHEMA = b"\x48" + _text(b"schema") + b"\x15" + _number(1) + b"\x00"
_COLUMN = b"\x15" + _number(2) + b"\x25" + _number(1) + b"\x18" + _text(b"c") + b"\x00"


def _with_contents(
    folder: Path, groups: bytes, more: bytes = b"", schema: bytes = b"\x2c" + _SCHEMA + _COLUMN
) -> None:
    """A file of nothing but its table of contents: version, schema, rows, row groups."""
    contents = (
        b"\x15" + _number(1) + b"\x19" + schema + b"\x16" + _number(0) + b"\x19" + groups + more + b"\x00"
    )
    (folder / "events.parquet").write_bytes(
        b"PAR1" + contents + len(contents).to_bytes(4, "little") + b"PAR1"
    )


def a_hundred_thousand_columns(folder: Path) -> None:
    """Each said in ten bytes."""
    _with_contents(
        folder,
        b"\x0c",
        schema=_list(12, 100_001) + _SCHEMA.replace(_number(1), _number(100_000)) + _COLUMN * 100_000,
    )


def row_groups_without_end(folder: Path) -> None:
    """A table of contents of 900,000 row groups without a column."""
    group = b"\x19\x0c" + b"\x16" + _number(0) + b"\x16" + _number(0) + b"\x00"
    _with_contents(folder, _list(12, 900_000) + group * 900_000)


def chunks_without_end(folder: Path) -> None:
    """Four row groups of 900,000 chunks of three bytes each."""
    group = (
        b"\x19"
        + _list(12, 900_000)
        + b"\x26\x00\x00" * 900_000
        + b"\x16"
        + _number(0)
        + b"\x16"
        + _number(0)
        + b"\x00"
    )
    _with_contents(folder, b"\x4c" + group * 4)


def notes_without_end(folder: Path) -> None:
    """900,000 notes beside a table that is fine."""
    _with_contents(folder, b"\x0c", b"\x19" + _list(12, 900_000) + b"\x18\x00\x00" * 900_000)


def a_schema_without_end(folder: Path) -> None:
    """Arrow's own schema beside parquet's: a column of groups within groups, a hundred thousand in all."""
    kind = pa.struct([("x", pa.struct([("x", pa.int8())] * 1_000))] * 100)
    schema = base64.b64encode(pa.schema([("c", kind)]).serialize().to_pybytes())
    _with_contents(
        folder, b"\x0c", b"\x19\x1c\x18" + _text(b"ARROW:schema") + b"\x18" + _text(schema) + b"\x00"
    )
