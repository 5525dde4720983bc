"""What an erasure needs, tried before it changes anything: rights, and room on disks."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from graph.model.erasure import Erasure, Renaming
from graph.model.errors import SettingError, StoreUnavailableError
from graph.store.port import GraphStore
from investigations.casebook import Casebook, file_of
from service.opening import sqlite_path
from service.settings import Settings


def try_out(store: GraphStore, casebook: Casebook, settings: Settings) -> None:
    """Raises StoreUnavailableError where this user or role may not change store or casebook, or where there
    is no room to write their files anew: nothing is changed.
    """
    casebook.erasing.try_rights()
    _try_rights(store)
    _try_room(sqlite_path(settings.store) if settings.store.startswith("sqlite:") else None, "store")
    _try_room(file_of(settings.casebook), "casebook")


def try_folder(out: Path) -> None:
    """Raises SettingError for a folder that takes no certificate."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=out).close()
    except OSError as error:
        raise SettingError(f"no certificate can be written into {out}: {error.strerror}") from error


def _try_rights(store: GraphStore) -> None:
    """A store writes, to have its lock, before it finds that a plan is of another edition."""
    upto, edition = store.state()
    of_another = Erasure(renaming=Renaming(), upto=upto, before=~edition, edition=edition)
    if store.erase(of_another):
        raise AssertionError("a store took an erasure that was planned on another edition")


def _try_room(file: Path | None, part: str) -> None:
    """SQLite copies the file into the folder for temporary files, and from there into the write-ahead log."""
    if file is None:
        return
    size = file.stat().st_size
    places = (file.resolve().parent, _for_temporary_files())
    needed = Counter(place.stat().st_dev for place in places)
    for place in places:
        room, free = needed[place.stat().st_dev] * size, shutil.disk_usage(place).free
        if free < room:
            raise StoreUnavailableError(
                f"{place} has {free} bytes free, and {room} are needed to write the file of the {part} anew: "
                "nothing was changed"
            )


def _for_temporary_files() -> Path:
    """Where SQLite keeps them."""
    named = (os.environ.get(one, "") for one in ("SQLITE_TMPDIR", "TMPDIR"))
    usual = ("/var/tmp", "/usr/tmp", "/tmp")
    return next(path for one in (*named, *usual, ".") if one and (path := Path(one)).is_dir())
