"""A copy of a store's frame as it is now, for benches that read it only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graph.frame.frame import Frame
from graph.frame.frozen import FrozenFrame, freeze
from graph.stores.sqlite import SqliteStore


@contextmanager
def frozen_copy(store: Path, folder: Path) -> Iterator[FrozenFrame]:
    """The copy in `folder`/frozen, made where there is none, and wholly on the disk."""
    copy = folder / "frozen"
    with SqliteStore(store) as held:
        if not (copy / "whole").exists():
            folder.mkdir(parents=True, exist_ok=True)
            frame = Frame.open(folder / "frame", held)
            freeze(frame, held.revision(), copy.absolute().as_uri())
            frame.close()
            os.sync()
        yield FrozenFrame(copy, held.zone)
