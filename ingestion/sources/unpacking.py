"""Unpacks a delivery's files in pieces and holds no line beyond the limit."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, AnyStr, cast

from graph.model.errors import DeliveryError
from ingestion.sources.limits import DeliveryLimits
from ingestion.sources.paths import AnyPath, opened

_BUFFER = 1 << 17
_DIRECTORY = 4 << 20  # bytes of a zip's table of contents
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others unpack any amount at once
_ENCRYPTED = 0x1


@contextmanager
def unpacked(path: AnyPath) -> Iterator[IO[bytes]]:
    """The bytes of a file, of a gzipped one, or of the one csv file in a zip; at no time more than a buffer
    of them is unpacked.
    """
    with opened(path) as file:
        name = path.name.lower()
        if name.endswith(".gz"):
            with gzip.GzipFile(fileobj=file) as packed, io.BufferedReader(packed, _BUFFER) as whole:
                yield cast(IO[bytes], whole)
        elif name.endswith(".zip"):
            with (
                zipfile.ZipFile(_Careful(file)) as archive,
                archive.open(_the_csv(archive, path.name)) as inside,
            ):
                yield cast(IO[bytes], io.BufferedReader(inside, _BUFFER))
        else:
            yield file


def bounded(file: IO[AnyStr], name: str, limits: DeliveryLimits) -> Iterator[AnyStr | None]:
    """The lines; None for one that is longer than it may be. Raises DeliveryError when the file is larger
    than it may be.
    """
    most, left, read = limits.row_bytes, limits.file_bytes, file.readline
    while piece := read(most):
        left -= len(piece)
        if len(piece) < most or _ends(piece):
            yield piece
        else:
            while piece and not _ends(piece):
                piece = read(most)
                left -= len(piece)
                if left < 0:
                    break
            yield None
        if left < 0:
            limits.check(name, "file_bytes", limits.file_bytes - left)


def _ends(piece: AnyStr) -> bool:
    return piece.endswith(("\n", "\r") if isinstance(piece, str) else b"\n")


def _the_csv(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    inside = [
        one
        for one in archive.infolist()
        if one.filename.lower().endswith(".csv") and not one.filename.startswith("__MACOSX/")
    ]
    if len(inside) != 1:
        raise DeliveryError(f"{name}: must hold exactly one csv file, holds {len(inside)}")
    if inside[0].flag_bits & _ENCRYPTED or inside[0].compress_type not in _PACKED:
        raise DeliveryError(f"{name}: the csv file in it must be deflated or stored, and not encrypted")
    return inside[0]


class _Careful(io.RawIOBase):
    """A zip's file, of which nothing large is read at once: a table of contents of millions of files would
    be.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if size > _DIRECTORY:
            raise zipfile.BadZipFile("its table of contents is larger than any delivery's")
        result = self._file.read(_DIRECTORY + 1 if size < 0 else size)
        if len(result) > _DIRECTORY:
            raise zipfile.BadZipFile("its table of contents is larger than any delivery's")
        return result

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True
