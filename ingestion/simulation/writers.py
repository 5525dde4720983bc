"""Tables to files, a piece at a time: parquet or gzipped CSV."""

from __future__ import annotations

import gzip
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, cast

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from graph.full_disk import naming


class TableFiles:
    """Files of one folder, one a table, opened at the first piece; a context manager that closes them all."""

    def __init__(self, folder: Path, form: str) -> None:
        self._folder = folder
        self._form = form
        self._open: dict[str, pa.parquet.ParquetWriter | pa.csv.CSVWriter] = {}
        self._stack = ExitStack()
        self.rows: dict[str, int] = {}

    def __enter__(self) -> TableFiles:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with naming(self._folder):
            self._stack.__exit__(kind, error, trace)

    def write(self, name: str, table: pa.Table) -> None:
        """Appends a piece to the table's file; every piece must have the same columns."""
        with naming(self._folder):
            if name not in self._open:
                self._open[name] = self._writer(name, table.schema)
            self._open[name].write_table(table)
        self.rows[name] = self.rows.get(name, 0) + table.num_rows

    def _writer(self, name: str, schema: pa.Schema) -> pa.parquet.ParquetWriter | pa.csv.CSVWriter:
        if self._form == "parquet":
            path = self._folder / f"{name}.parquet"
            return self._stack.enter_context(pa.parquet.ParquetWriter(path, schema, compression="zstd"))
        if self._form == "csv":
            raw = self._stack.enter_context((self._folder / f"{name}.csv.gz").open("wb"))
            # no name and no time in the header, so that the same world is the same bytes
            packed = gzip.GzipFile(filename="", mode="wb", compresslevel=3, fileobj=raw, mtime=0)
            return self._csv(self._stack.enter_context(packed), schema)
        return self._csv(self._stack.enter_context((self._folder / f"{name}.csv").open("wb")), schema)

    def _csv(self, target: object, schema: pa.Schema) -> pa.csv.CSVWriter:
        options = pa.csv.WriteOptions(quoting_style="needed")
        return self._stack.enter_context(
            pa.csv.CSVWriter(cast("IO[bytes]", target), schema, write_options=options)
        )
