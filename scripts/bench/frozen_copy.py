"""A copy of a store's frame as it is now, for benches that read it only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from graph.frame.frame import Frame
from graph.frame.frozen import FrozenFrame, freeze
from graph.frame.layout import NAMES, USED, Arrays
from graph.frame.read import FactReader
from graph.model.moments import moment
from graph.store.evidence import Subject, subject_of
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


def latest_subjects(arrays: Arrays, count: int, frozen: FrozenFrame) -> Iterator[tuple[Subject, int]]:
    """The latest applications, oldest first, each with its moment in microseconds."""
    used = arrays.applications[: arrays.header[USED + NAMES.index("applications")]]
    read = FactReader(arrays)
    for row in np.argsort(used["at"], kind="stable")[-count:].tolist():
        at, name = int(used[row]["at"]), str(read.text(used[row]["id"]))
        application = frozen.view(moment(at + 1), frozen.revision).application(name)
        assert application
        yield subject_of(application), at
