"""Files that hold people's data or keys are their owner's alone: made so, tightened where they are looser, refused where a loose one is a key."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from graph.errors import SettingError

log = logging.getLogger("ringfence.private")

OTHERS = 0o077  # what group and others may do: the umask of every command
_TOO_LOOSE = 0o027  # of a key: others may do nothing with it, and its group may read it, as an orchestrator mounts it for a service's group
_MOUNTED = Path("/run/secrets")  # where a container's runtime puts secrets, with modes of its own, for nobody but the container
_DATABASE = ("", "-wal", "-shm", "-journal")


@contextmanager
def owner_only() -> Iterator[None]:
    """Whatever file is made inside is its owner's alone."""
    before = os.umask(OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def database(path: Path) -> None:
    """A SQLite file is its owner's alone, with what lies beside it (SQLite gives the rest the mode of the file); made empty when it is not there."""
    with suppress(OSError):  # whoever opens it says what is wrong
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # never one that is there: closing it would drop SQLite's locks
    real = path.resolve()
    tighten(real.with_name(real.name + part) for part in _DATABASE)


def fresh(path: Path) -> IO[bytes]:
    """A new file of that name, open for writing, in the place of what has the name: a link there is taken away and never written through."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "wb")


def write(path: Path, content: bytes) -> None:
    """Write a file beside and then over it, so that nobody reads half of it and no link is written through."""
    beside = path.with_name(path.name + ".part")
    with fresh(beside) as file:
        file.write(content)
    beside.replace(path)


def tighten(paths: Iterable[Path]) -> None:
    """Take from group and others what they may do with files that are there, and say so; a link, or a file of somebody else's, stays as it is."""
    for path in paths:
        try:
            mode = path.lstat().st_mode
            if mode & OTHERS and not stat.S_ISLNK(mode):
                path.chmod(mode & 0o700)
                log.warning("%s was open to others (mode %03o): it is its owner's alone now", path, mode & 0o777)
        except FileNotFoundError:
            continue
        except OSError as error:
            log.warning("%s may be open to others, and its mode cannot be changed (%s): chmod 600 it", path, error.strerror)


def refuse_loose(path: Path, what: str) -> None:
    """Raise SettingError for a file with a key that others than its owner, and readers of its group, can use: who could read it has the key."""
    try:
        mode = path.resolve().stat().st_mode
    except OSError:
        return  # whoever reads it says what is wrong
    if mode & _TOO_LOOSE and not path.absolute().is_relative_to(_MOUNTED):
        raise SettingError(
            f"{what}: the file {path} is open to others (mode {mode & 0o777:03o}): chmod 600 it, and make a new key if they could have read it"
        )
