"""Tables as files, in the format that a file's name says: Parquet, or CSV for whoever opens it in a
spreadsheet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from graph.beside import beside

CSV = ".csv"
FORMATS = ("", ".parquet", ".pq", CSV)
# A spreadsheet computes a cell that begins with one of these, whoever wrote it: an applicant chooses ids. The
# last one is there so that taking one apostrophe away always gives the id back.
COMPUTED = "=+\\-@\\t\\r\\n\\x00＝＋－＠'"


@contextmanager
def writer_for(file: Path, columns: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Writes tables of `columns` one after another into `file`, in the format that its name ends in. It
    appears at the end, whole or not at all.
    """
    with beside(file) as made:
        with _writer(made, columns, text=file.suffix.lower() == CSV) as write:
            yield write
        made.replace(file)


@contextmanager
def _writer(file: Path, columns: pa.Schema, *, text: bool) -> Iterator[Callable[[pa.Table], None]]:
    if not text:
        with pq.ParquetWriter(file, columns) as parquet:
            yield parquet.write_table
        return
    with pa_csv.CSVWriter(file, flat(columns.empty_table()).schema) as lines:
        yield lambda table: lines.write_table(as_text(flat(table)))


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
