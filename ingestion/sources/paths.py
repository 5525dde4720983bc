"""Where a delivery lies: in a folder of this machine or at an address of a storage."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from graph.model.errors import DeliveryError
from ingestion.sources.limits import DeliveryLimits
from ingestion.sources.remote import RemotePath, is_address

AnyPath = Path | RemotePath
State = tuple[int, ...]
"""Of a path on which disk, which file it is, how large, and when it was written, of an address how large, and
its version; empty where nothing is there.
"""
_BUFFER = 1 << 17
_LOCAL = ("file://", "local://")


def path_of(given: Path | str) -> AnyPath:
    """What somebody calls a folder or file. Raises DeliveryError as `RemotePath.of`."""
    if not isinstance(given, str) or not is_address(given):
        return Path(given)
    local = next((scheme for scheme in _LOCAL if given.lower().startswith(scheme)), "")
    return Path(given[len(local) :]) if local else RemotePath.of(given)


def is_there(path: AnyPath) -> bool:
    """Whether something has this name, a link too that leads nowhere."""
    return path.is_there() if isinstance(path, RemotePath) else os.path.lexists(path)


def is_link(path: AnyPath) -> bool:
    """Whether it is a link; no storage has any."""
    return isinstance(path, Path) and path.is_symlink()


def size_of(path: AnyPath) -> int:
    """Bytes."""
    return path.size if isinstance(path, RemotePath) else path.stat().st_size


def looked_at(path: AnyPath) -> AnyPath:
    """The same path; of an address once for all with what is said of it now."""
    return path.looked_at() if isinstance(path, RemotePath) else path


def anew(path: AnyPath) -> AnyPath:
    """The same path, of which nothing is known from before."""
    return path.anew() if isinstance(path, RemotePath) else path


def state_of(path: AnyPath) -> State:
    """What is another once the file is another."""
    if isinstance(path, RemotePath):
        return path.state
    try:
        result = path.lstat()
    except OSError:
        return ()
    return result.st_dev, result.st_ino, result.st_size, result.st_mtime_ns


def elsewhere(state: State) -> State:
    """The same as another machine sees it, which calls the disk otherwise."""
    return state[-3:]


def name_within(path: AnyPath, folder: AnyPath) -> str:
    """The name of a path within a folder of the same kind."""
    if isinstance(path, RemotePath) and isinstance(folder, RemotePath):
        return path.relative_to(folder)
    return str(Path(str(path)).relative_to(str(folder)))


def entries(folder: AnyPath, limits: DeliveryLimits) -> list[AnyPath]:
    """What lies in a folder, in order of the names. Raises DeliveryError when it is more than may be."""
    results: dict[str, AnyPath] = {}
    for path in _there(folder):
        if path.name in results:
            raise DeliveryError(f"{folder}: {path.name} is both a file and a folder: give one another name")
        results[path.name] = path
        limits.check(f"{folder.name}/", "parts", len(results))
    return [results[name] for name in sorted(results)]


def _there(folder: AnyPath) -> Iterator[AnyPath]:
    if isinstance(folder, RemotePath):
        yield from folder.entries()
        return
    with os.scandir(folder) as there:
        for entry in there:
            yield folder / entry.name


@contextmanager
def opened(path: AnyPath) -> Iterator[io.BufferedReader[Any]]:
    """A plain file. Raises DeliveryError for a link and for what is no file, OSError for what cannot be
    read.
    """
    if isinstance(path, RemotePath):
        with path.opened() as remote:
            yield remote
        return
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise DeliveryError(
                f"{path.name} is a link, and links in a delivery are not followed: put the file itself there"
            ) from error
        raise
    with io.BufferedReader(io.FileIO(handle), _BUFFER) as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise DeliveryError(f"{path.name} is neither a file nor a folder that can be read")
        yield file
