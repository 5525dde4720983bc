"""The texts in any file: tables and archives are opened, other bytes read as words."""

from __future__ import annotations

import codecs
import io
import re
import shutil
import sqlite3
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graph.journal.entry import decode
from graph.model.errors import DeliveryError, RingfenceError

_PIECE = 1 << 20  # bytes that are read at once
_DEEP = 4  # archives within archives
_WORD = re.compile(r"[^\s,;\"'`()\[\]{}<>|\x00-\x1f\x7f]+")
_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2", b"\x04\x22\x4d\x18": "lz4"}
_CLOSED = {
    b"%PDF": "it is a PDF: look at it",
    b"\x89PNG": "it is a picture: look at it",
    b"\xff\xd8\xff": "it is a picture: look at it",
    b"PGDMP": "it is a dump of PostgreSQL: overwrite it by a later one",
    b"DZV1": "it is a dump of Neo4j: overwrite it by a later one",
    b"DGV1": "it is a dump of Neo4j: overwrite it by a later one",
}
_FRAME = "it has the texts of a frame: one that a service does not fill anew is to be deleted"
_WIDE = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
Texts = Iterator[str]


class ClosedFileError(DeliveryError):
    """A file in which nobody can search; the message says why."""


def texts_in(path: Path) -> Texts:
    """Every value and word of a file, in any order, some of them again and again. Raises ClosedFileError for
    one that cannot be searched, in part or as a whole.
    """
    if path.name.partition(".")[0] == "texts" and (path.parent / "header").exists():
        raise ClosedFileError(_FRAME)
    try:
        with path.open("rb") as file:
            yield from _texts(file, path, _DEEP)
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, tarfile.TarError, zlib.error,
            sqlite3.Error, pa.ArrowException) as error:  # fmt: skip
        raise ClosedFileError(f"it cannot be read to its end: {error}") from error


def _texts(file: IO[bytes], path: Path | None, deep: int) -> Texts:
    """`path` where it is a file of its own."""
    if deep == 0:
        raise ClosedFileError("it is packed too many times")
    head = file.read(16)
    file.seek(0)
    if (closed := next((what for mark, what in _CLOSED.items() if head.startswith(mark)), None)) is not None:
        raise ClosedFileError(closed)
    opener = _opener(head, file)
    if opener is not None:
        yield from opener(file, path, deep)
    else:
        yield from _words(file, head)


def _opener(head: bytes, file: IO[bytes]) -> Callable[[IO[bytes], Path | None, int], Texts] | None:
    if head.startswith(b"PAR1"):
        return _of_parquet
    if head.startswith(b"SQLite format 3\x00"):
        return _of_sqlite
    if head.startswith(b"PK"):
        return _of_zip
    if any(head.startswith(mark) for mark in _PACKED):
        return _of_packed
    is_tar = tarfile.is_tarfile(file)
    file.seek(0)
    return _of_tar if is_tar else None


def _of_packed(file: IO[bytes], path: Path | None, deep: int) -> Texts:
    head = file.read(4)
    file.seek(0)
    how = next(name for mark, name in _PACKED.items() if head.startswith(mark))
    yield from _aside(pa.CompressedInputStream(pa.PythonFile(file, mode="r"), how), deep)


def _of_zip(file: IO[bytes], path: Path | None, deep: int) -> Texts:
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            yield from _WORD.findall(member.filename)
            with archive.open(member) as inside:
                yield from _aside(inside, deep)


def _of_tar(file: IO[bytes], path: Path | None, deep: int) -> Texts:
    with tarfile.open(fileobj=file) as archive:
        for member in archive:
            yield from _WORD.findall(member.name)
            inside = archive.extractfile(member) if member.isfile() else None
            if inside is not None:
                yield from _aside(inside, deep)


def _aside(inside: IO[bytes], deep: int) -> Texts:
    """What was unpacked, in a file that is gone at once."""
    with tempfile.TemporaryFile() as whole:
        shutil.copyfileobj(inside, whole, _PIECE)
        whole.seek(0)
        yield from _texts(whole, None, deep - 1)


def _of_parquet(file: IO[bytes], path: Path | None, deep: int) -> Texts:
    for batch in pq.ParquetFile(file).iter_batches():
        for column in batch.columns:
            yield from _of_column(column)


def _of_column(column: pa.Array) -> Texts:
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary
    kind = column.type
    if pa.types.is_struct(kind):
        for part in column.flatten():
            yield from _of_column(part)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        yield from _of_column(column.values if not pa.types.is_map(kind) else column.keys)
        if pa.types.is_map(kind):
            yield from _of_column(column.items)
    elif pa.types.is_integer(kind):
        yield from (str(one) for one in pc.unique(column).to_pylist() if one is not None)
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        for value in pc.unique(column).to_pylist():
            if value is not None:
                yield value
                yield from _WORD.findall(value)
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        for value in pc.unique(column).to_pylist():
            yield from _of_value(value)


def _of_sqlite(file: IO[bytes], path: Path | None, deep: int) -> Texts:
    """Of a copy, with the write-ahead log that lies beside it: who looks changes nothing."""
    with tempfile.TemporaryDirectory(prefix="ringfence-search-") as folder:
        copy = Path(folder) / "copy.db"
        with copy.open("wb") as to:
            shutil.copyfileobj(file, to, _PIECE)
        beside = path.with_name(path.name + "-wal") if path is not None else None
        if beside is not None and beside.exists():
            shutil.copyfile(beside, f"{copy}-wal")
        with closing(sqlite3.connect(copy)) as database:
            tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in tables:
                quoted = table.replace('"', '""')
                for row in database.execute(f'SELECT * FROM "{quoted}"'):
                    for value in row:
                        yield from _of_value(value)


def _of_value(value: object) -> Texts:
    """Of a cell of a database: our journal's entries and compressed values are opened."""
    if isinstance(value, str):
        yield value
        yield from _WORD.findall(value)
    elif isinstance(value, int):
        yield str(value)
    elif isinstance(value, bytes):
        yield from _of_entry(value) or _words(io.BytesIO(_inflated(value)), value[:2])


def _of_entry(value: bytes) -> list[str]:
    try:
        entry = decode(value)
    except (RingfenceError, ValueError, IndexError):
        return []
    heap, ends = entry.heap.tobytes(), entry.ends.tolist()
    texts = [heap[begin:end].decode("utf-8", "replace") for begin, end in zip([0, *ends], ends, strict=False)]
    for rings in (entry.rings, entry.head):
        texts += _WORD.findall(rings.tobytes().decode("utf-8", "replace"))
    return texts


def _inflated(value: bytes) -> bytes:
    try:
        return zlib.decompress(value)
    except zlib.error:
        return value


def _words(file: IO[bytes], head: bytes) -> Texts:
    """Words of bytes that are taken for text; one that is cut by the end of a piece goes on in the next."""
    reader = codecs.getreader(_WIDE.get(head[:2], "utf-8"))(file, "replace")
    left = ""
    while piece := reader.read(_PIECE):
        found = [*_WORD.finditer(left + piece)]
        whole = left + piece
        left = whole[found.pop().start() :] if found and found[-1].end() == len(whole) else ""
        left = left if len(left) < _PIECE else ""
        yield from (one[0] for one in found)
    if left:
        yield left
