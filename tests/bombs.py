"""Small files that come to a great deal: each is made in a moment, and none of them may be held whole."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_MEGABYTE = b"x" * (1 << 20)
_HEADER = b"event_id,kind,at,applicant_id\n"
_LOGIN = {"kind": "login", "at": "2025-06-02T08:00:00+08:00"}


def _gzipped(path: Path, head: bytes, megabytes: int, end: bytes) -> None:
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(head)
        for _ in range(megabytes):
            file.write(_MEGABYTE)
        file.write(end)


def a_csv_of_one_line(folder: Path) -> None:
    """300 MB of one line, and a good line after it."""
    _gzipped(folder / "events.csv.gz", _HEADER, 300, b"\nE1,login,2025-06-02T08:00:00+08:00,U1\n")


def a_csv_of_one_header(folder: Path) -> None:
    """300 MB of header."""
    _gzipped(folder / "events.csv.gz", b"", 300, b"\n")


def json_of_one_line(folder: Path) -> None:
    """300 MB of one text, and a good line after it."""
    (folder / "events").mkdir()
    good = json.dumps({"event_id": "E1", "applicant_id": "U1", **_LOGIN}).encode()
    _gzipped(folder / "events" / "part-0.jsonl.gz", b'{"event_id": "', 300, b'"}\n' + good + b"\n")


def json_of_many_keys(folder: Path) -> None:
    """Every line has keys of its own, 200,000 in all."""
    lines = (json.dumps({f"k{n}_{k}": 1 for k in range(200)}) for n in range(1_000))
    (folder / "events.jsonl").write_text("\n".join(lines))


def long_rows(folder: Path) -> None:
    """600 rows of half a megabyte each, in a column that nobody reads."""
    with gzip.open(folder / "events.csv.gz", "wb", compresslevel=1) as file:
        file.write(b"odd," + _HEADER)
        for n in range(600):
            file.write(b"x" * (1 << 19) + b",E%d,login,2025-06-02T08:00:00+08:00,U1\n" % n)


def a_zip(folder: Path) -> None:
    """A mapping's csv in a zip, 300 MB of one line."""
    with zipfile.ZipFile(folder / "events.zip", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("events.csv", "w") as file:
        file.write(_HEADER)
        for _ in range(300):
            file.write(_MEGABYTE)
        file.write(b"\nE1,login,2025-06-02T08:00:00+08:00,U1\n")
    (folder / "mapping.yaml").write_text("tables: [{table: platforms, source: platforms.csv}, {table: events, source: events.zip}]")


def _parquet(path: Path, **columns: pa.Array) -> None:
    rows = len(next(iter(columns.values())))
    said = {"kind": pa.repeat("login", rows), "at": pa.repeat("2025-06-02T08:00:00+08:00", rows), "applicant_id": pa.repeat("U1", rows)}
    pq.write_table(pa.table(said | columns), path, compression="zstd", dictionary_pagesize_limit=1 << 24, write_statistics=False)


def one_long_text_in_every_row(folder: Path) -> None:
    """A text of a megabyte stands once in a dictionary and in 20,000 rows."""
    text = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), 20_000), ["x" * (1 << 20)])
    _parquet(folder / "events.parquet", event_id=text)


def one_too_long_text_in_every_row(folder: Path) -> None:
    """The same in a column that nobody reads, and longer than a cell may be."""
    text = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), 20_000), ["x" * (3 << 20)])
    _parquet(folder / "events.parquet", event_id=pa.array(map(str, range(20_000))), odd=text)


def a_page_of_200_megabytes(folder: Path) -> None:
    """One page, which a reader unpacks whole."""
    texts = pa.array(["x" * (1 << 20)] * 200)
    said = {"kind": pa.repeat("login", 200), "at": pa.repeat("2025-06-02T08:00:00+08:00", 200), "applicant_id": pa.repeat("U1", 200)}
    pq.write_table(
        pa.table({"event_id": texts, **said}), folder / "events.parquet", compression="zstd", use_dictionary=False, write_statistics=False,
        data_page_size=1 << 30, write_batch_size=1_000,
    )  # fmt: skip


def texts_that_continue_each_other(folder: Path) -> None:
    """Front coding: 400 rows that say only *the same megabyte as before*."""
    texts = pa.array(["x" * (1 << 20)] * 400)
    said = {"kind": pa.repeat("login", 400), "at": pa.repeat("2025-06-02T08:00:00+08:00", 400), "applicant_id": pa.repeat("U1", 400)}
    encoding = dict.fromkeys(("event_id", *said), "DELTA_BYTE_ARRAY")
    table = pa.table({"event_id": texts, **said})
    pq.write_table(table, folder / "events.parquet", use_dictionary=False, column_encoding=encoding, write_statistics=False)


def lists_without_end(folder: Path) -> None:
    """A column of lists, one of which holds thirty million numbers."""
    offsets = pa.array([0, 30_000_000], pa.int32())
    numbers = pa.ListArray.from_arrays(offsets, pa.repeat(pa.scalar(7, pa.int64()), 30_000_000))
    _parquet(folder / "events.parquet", event_id=pa.array(["E1"]), odd=numbers)


def aliases(folder: Path) -> None:
    """Nine lines of YAML, each nine times the one before."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    (folder / "mapping.yaml").write_text("\n".join(lines))


def yaml_without_end(folder: Path) -> None:
    """Lists within lists."""
    (folder / "mapping.yaml").write_text("tables: " + "[" * 20_000)


def a_large_mapping(folder: Path) -> None:
    """40 MB of words."""
    (folder / "mapping.yaml").write_text("tables: [" + "x, " * 13_000_000 + "]")


LOADED, REFUSED = 0, 2
BOMBS: dict[Callable[[Path], None], tuple[int, str]] = {
    a_csv_of_one_line: (LOADED, "row_too_long"),
    a_csv_of_one_header: (REFUSED, "events.csv.gz: the header is longer than 1,048,576 bytes"),
    json_of_one_line: (LOADED, "row_too_long"),
    json_of_many_keys: (REFUSED, "events.jsonl has more than 2,000 columns: RINGFENCE_DELIVERY_COLUMNS"),
    long_rows: (LOADED, ""),
    a_zip: (LOADED, "row_too_long"),
    one_long_text_in_every_row: (LOADED, "too_long"),
    one_too_long_text_in_every_row: (LOADED, ""),
    a_page_of_200_megabytes: (REFUSED, "events.parquet has more than 134,217,728 bytes of pages that must be held at once"),
    texts_that_continue_each_other: (LOADED, "too_long"),
    lists_without_end: (LOADED, ""),
    aliases: (REFUSED, "anchors and aliases"),
    yaml_without_end: (REFUSED, "it is nested more than 32 deep"),
    a_large_mapping: (REFUSED, "more than 524,288 bytes: RINGFENCE_DELIVERY_MAPPING_BYTES"),
}
