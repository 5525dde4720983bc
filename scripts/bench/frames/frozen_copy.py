"""A copy of a store's frame as it is now, for benches that read it only."""

from __future__ import annotations

import mmap
import os
import resource
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graph.facts.tables import Column
from graph.features.compute import FeatureExtractor, Walker
from graph.frame.columns.layout import NAMES, USED, Arrays
from graph.frame.columns.pages import advise
from graph.frame.frame import Frame
from graph.frame.frozen import FrozenFrame, freeze
from graph.frame.views.read import FactReader
from graph.frame.walk.query import query_for
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


def latest_subjects(arrays: Arrays, count: int, frozen: Frame | FrozenFrame) -> Iterator[tuple[Subject, int]]:
    """The latest applications, oldest first, each with its moment in microseconds."""
    used = arrays.applications[: arrays.header[USED + NAMES.index("applications")]]
    read = FactReader(arrays)
    for row in np.argsort(used["at"], kind="stable")[-count:].tolist():
        at, name = int(used[row]["at"]), str(read.text(used[row]["id"]))
        application = frozen.view(moment(at + 1), frozen.revision).application(name)
        assert application
        yield subject_of(application), at


def forget(arrays: Arrays, copy: Path) -> None:
    """No page of the copy in that folder, to which the arrays belong, is in memory."""
    advise(arrays, mmap.MADV_DONTNEED)
    forget_files(copy)


def forget_files(folder: Path) -> None:
    """No page of the files there is in memory, where no process has mapped them."""
    for path in folder.iterdir():
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


@dataclass(frozen=True)
class AnswerTimer:
    """Times answers, each the neighbourhood of a subject and its features."""

    walker: Walker
    observer: FeatureExtractor
    arrays: Arrays
    revision: int

    def answer(self, subject: Subject, as_of: int) -> float:
        """Seconds by the clock."""
        began = time.perf_counter()
        question = query_for(self.arrays, subject, np.int64(as_of), np.int64(self.revision))
        self.observer.row(self.walker.of(self.arrays, question))
        return time.perf_counter() - began

    def answer_with_reads(self, subject: Subject, as_of: int) -> tuple[float, int]:
        """The same, and how often it waited for the disk."""
        before = resource.getrusage(resource.RUSAGE_SELF).ru_majflt
        seconds = self.answer(subject, as_of)
        return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_majflt - before


def quantiles(values: Column | Sequence[float], digits: int = 1) -> dict[str, float]:
    """Median and tail."""
    return {f"p{q}": round(float(np.percentile(values, q)), digits) for q in (50, 90, 99)}
