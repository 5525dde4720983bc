"""The files in which the processes of a machine share their metrics, on a disk that may be full."""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

from service.mapped_room import alone, with_room

_AT_FIRST = 1 << 16  # bytes, as the library has it
_AROUND_KEY = 32  # bytes that a value takes beside its key, at most


class MetricFile(MmapedDict):
    """One without holes; on a full disk the values are this process's own, and it counts on."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        self._path = Path(filename)
        if read_mode:
            super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]
            return
        self._open(with_room(self._path, _AT_FIRST))

    def _open(self, descriptor: int) -> None:
        try:
            super().__init__(f"/proc/self/fd/{descriptor}")  # type: ignore[no-untyped-call]
        finally:
            os.close(descriptor)

    def _init_value(self, key: str) -> None:
        if self._used + len(key.encode()) + _AROUND_KEY > self._capacity:
            self._grow(2 * self._capacity)
        super()._init_value(key)  # type: ignore[no-untyped-call]

    def _grow(self, size: int) -> None:
        held = self._m[: self._used]
        try:
            os.posix_fallocate(self._f.fileno(), 0, size)
            descriptor = os.dup(self._f.fileno())
        except OSError as error:
            descriptor = alone(self._path, size, error)
            os.pwrite(descriptor, held, 0)
        self.close()  # type: ignore[no-untyped-call]
        self._open(descriptor)


def install() -> None:
    """Every metric of this process that is made from here on is kept in such a file."""
    values.MmapedDict = MetricFile  # type: ignore[attr-defined]
