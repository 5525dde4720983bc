"""The folder of a store's frame: beside an embedded store's file, in the user's cache, or as configured."""

from __future__ import annotations

import os
from pathlib import Path

from graph import private
from graph.frame.frame import Frame
from graph.full_disk import NO_ROOM
from graph.model.errors import SettingError, StoreUnavailableError
from graph.store.port import GraphStore

SUFFIX = ".frame"


def frame_of(store: GraphStore, kept_in: str | Path = "") -> Frame:
    """The frame of that store, made where there is none yet; `catch_up` brings it to the store's revision. It
    is to be closed before the store.

    `kept_in` names the folder for the frames of all stores (the setting RINGFENCE_FRAME). Raises SettingError
    for a place that cannot be used, StoreUnavailableError where the store does not answer or the disk has no
    room.
    """
    folder = folder_of(store, kept_in)
    try:
        with private.owner_only():
            folder.parent.mkdir(parents=True, exist_ok=True)
        private.tighten([folder])
        return Frame.open(folder, store, store.zone)
    except OSError as error:
        if error.errno in NO_ROOM:  # a place that can be used once there is room
            raise StoreUnavailableError(
                f"there is no room for the frame in {folder}: {error.strerror}"
            ) from error
        raise SettingError(
            f"the frame cannot be kept in {folder} ({error.strerror}): name a folder of your own in "
            "RINGFENCE_FRAME"
        ) from error


def folder_of(store: GraphStore, kept_in: str | Path = "") -> Path:
    """The folder of that store's frame; with its locks, two empty files beside it that have its name and an
    ending, it is all there is of it.
    """
    if kept_in:
        return Path(kept_in).expanduser().absolute() / _named(store)
    if store.file is not None:
        file = store.file.resolve()  # one frame, by whatever link the store is opened
        return file.with_name(file.name + SUFFIX)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ringfence" / _named(store)


def _named(store: GraphStore) -> str:
    return f"{store.identity() & (2**64 - 1):016x}{SUFFIX}"
