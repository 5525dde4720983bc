"""Tables as files, in the format that a file's name says: Parquet, or CSV for whoever opens it in a
spreadsheet.
"""

from __future__ import annotations

import glob
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

CSV = ".csv"
FORMATS = ("", ".parquet", ".pq", CSV)
# A spreadsheet computes a cell that begins with one of these, whoever wrote it: an applicant chooses ids. The
# last one is there so that taking one apostrophe away always gives the id back.
COMPUTED = "=+\\-@\\t\\r\\n\\x00＝＋－＠'"


@contextmanager
def writer_for(file: Path, columns: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Writes tables of `columns` one after another into `file`, in the format that its name ends in. It
    appears at the end, whole or not at all; what earlier runs left beside it that were killed goes.
    """
    _sweep(file)
    beside = file.with_name(f"{_beside(file)}{os.getpid()}")
    try:
        with _writer(beside, columns, text=file.suffix.lower() == CSV) as write:
            yield write
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def _writer(beside: Path, columns: pa.Schema, *, text: bool) -> Iterator[Callable[[pa.Table], None]]:
    if not text:
        with pq.ParquetWriter(beside, columns) as parquet:
            yield parquet.write_table
        return
    with pa_csv.CSVWriter(beside, flat(columns.empty_table()).schema) as lines:
        yield lambda table: lines.write_table(as_text(flat(table)))


def _beside(file: Path) -> str:
    """How what this machine writes for the file is called, before the number of the process."""
    return f".{file.name}.{socket.gethostname()}."


def _sweep(file: Path) -> None:
    for left in file.absolute().parent.glob(f"{glob.escape(_beside(file))}*"):
        process = left.name.removeprefix(_beside(file))
        if process.isdecimal() and not Path(f"/proc/{process}").exists() and Path("/proc/self").exists():
            left.unlink(missing_ok=True)


def as_text(table: pa.Table) -> pa.Table:
    """The table for a spreadsheet: a text that it would compute has an apostrophe before it."""
    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            safe = pc.replace_substring_regex(table[field.name], f"^([{COMPUTED}])", "'\\1")
            table = table.set_column(place, field, safe)
    return table


def flat(table: pa.Table) -> pa.Table:
    """The table without lists, which CSV does not have: their items are joined by blanks."""
    for place, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            table = table.set_column(place, field.name, pc.binary_join(table[field.name], " "))
    return table
