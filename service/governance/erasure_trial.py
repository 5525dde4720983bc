"""What an erasure needs, tried before it changes anything: rights, and room on disks."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from graph.model.erasure import Erasure, Renaming
from graph.model.errors import SettingError, StoreUnavailableError
from graph.store.port import GraphStore
from investigations.casebook import Casebook, file_of
from service.opening import sqlite_path
from service.settings import Settings

_TIMES = 2  # a file is written anew into its write-ahead log, from a copy


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
    if file is None:
        return
    needed, free = _TIMES * file.stat().st_size, shutil.disk_usage(file.resolve().parent).free
    if free < needed:
        raise StoreUnavailableError(
            f"{file.resolve().parent} has {free} bytes free, and the file of the {part} is written anew: "
            f"{needed} bytes are needed, twice its size; nothing was changed"
        )
