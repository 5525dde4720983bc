"""File permissions for personal data and keys: files are created private, looser ones are tightened, loose
key files are refused.
"""

from __future__ import annotations

import logging
import os
import secrets
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

from graph.beside import beside
from graph.model.errors import SettingError

log = logging.getLogger("ringfence.private")

OTHERS = 0o077  # what group and others may do: the umask of every command
# of a key: others may do nothing with it, and its group may read it, as an orchestrator mounts it for a
# service's group
_TOO_LOOSE = 0o027
# where a container's runtime puts secrets, with modes of its own, for nobody but the container
_MOUNTED = Path("/run/secrets")
_DATABASE = ("", "-wal", "-shm", "-journal")


@contextmanager
def owner_only() -> Iterator[None]:
    """Files created inside are readable by their owner only."""
    before = os.umask(OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def database(path: Path) -> None:
    """A SQLite file is its owner's alone, with what lies beside it (SQLite gives the rest the mode of the
    file); made empty when it is not there.
    """
    with suppress(OSError):  # whoever opens it says what is wrong
        # never one that is there: closing it would drop SQLite's locks
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    real = path.resolve()
    tighten(real.with_name(real.name + part) for part in _DATABASE)


def fresh(path: Path) -> IO[bytes]:
    """A new file of that name, open for writing, in the place of what has the name: a link there is taken
    away and never written through.
    """
    path.unlink(missing_ok=True)
    return os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "wb"
    )


def write(path: Path, content: bytes) -> None:
    """Write a file beside and then over it, so that nobody reads half of it and no link is written through.
    It is on the disk before this returns.
    """
    with beside(path) as made:
        with fresh(made) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def tighten(paths: Iterable[Path]) -> None:
    """Take from group and others what they may do with files that are there, and say so; a link, or a file of
    somebody else's, stays as it is.
    """
    for path in paths:
        try:
            mode = path.lstat().st_mode
            if mode & OTHERS and not stat.S_ISLNK(mode):
                path.chmod(mode & 0o700)
                log.warning(
                    "%s was open to others (mode %03o): it is its owner's alone now", path, mode & 0o777
                )
        except FileNotFoundError:
            continue
        except OSError as error:
            log.warning(
                "%s may be open to others, and its mode cannot be changed (%s): chmod 600 it",
                path,
                error.strerror,
            )


def refuse_loose(path: Path, what: str) -> None:
    """Raise SettingError for a file with a key that others than its owner, and readers of its group, can use:
    who could read it has the key.
    """
    try:
        mode = path.resolve().stat().st_mode
    except OSError:
        return  # whoever reads it says what is wrong
    if mode & _TOO_LOOSE and not path.absolute().is_relative_to(_MOUNTED):
        raise SettingError(
            f"{what}: the file {path} is open to others (mode {mode & 0o777:03o}): chmod 600 it, and make a "
            "new key if they could have read it"
        )


class Own(NamedTuple):
    """A secret that a file holds, and whether it was made just now."""

    text: str
    created: bool


def own_secret(path: Path, what: str) -> Own:
    """The secret in a file that only its owner can read: 64 random hex digits, made where there is no such
    file yet.

    Of several that make it at once one wins, and all have its secret. Raises SettingError when the file can
    neither be read nor made, or is open to others; `what` names it there.
    """
    try:
        created = False
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            created = _write_once(path, secrets.token_hex(32))
        refuse_loose(path, what)
        return Own(path.read_text(encoding="utf-8").strip(), created)
    except UnicodeDecodeError:
        raise SettingError(f"{what}: the file {path} cannot be used: it is no text") from None
    except OSError as error:
        raise SettingError(f"{what}: the file {path} cannot be used: {error.strerror}") from error


def _write_once(path: Path, text: str) -> bool:
    """Make the file whole or not at all; False where another was there first, whose content stands."""
    descriptor, beside = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # 0600, whatever the umask
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, path)
        return True
    except FileExistsError:
        return False
    finally:
        os.unlink(beside)
