"""Features and graphs of many subjects, each as of its own moment, read from the frame in compiled code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gnn.graphs import packed
from gnn.graphs.column_blocks import ColumnBlocks
from gnn.graphs.encode import encode
from gnn.graphs.packed import PackedGraphs
from gnn.scoring.forward import Forward
from gnn.scoring.weights import NetworkWeights
from graph.facts.tables import Column
from graph.features import extraction as features
from graph.features.compute import (
    DONE,
    FEATURES,
    LACKS,
    NOBODY,
    OF_SEEDS,
    UNJUDGED,
    WALK,
    FeatureExtractor,
    Walker,
    feature_rows,
)
from graph.frame.columns.layout import Arrays
from graph.frame.frame import Frame
from graph.frame.frozen import FrozenFrame
from graph.frame.walk.seeds import Seeds
from graph.model.errors import NotFoundError, StoreUnavailableError
from graph.progress import bar

Floats = npt.NDArray[np.float64]

AT_ONCE = 32  # subjects between which a writer of the frame may take its turn: some milliseconds
_NODES, _LINKS = 16_384, 65_536  # of AT_ONCE subjects, at first
_FULL = 3  # beside what `graph.features.compute.status_of` tells: there is no room for the graph
_NAMED = len(features.SIGNAL_NAMES) + len(features.VARIABLE_NAMES)


@dataclass(frozen=True, eq=False)
class NeighbourhoodBatch:
    """The neighbourhoods of N seeds, each strictly before its own moment and up to a revision; labels of the
    subject itself are left out.

    Nothing is cached: each call reads the frame again, which gives the same bits as long as the frame is
    open.
    """

    frame: Frame | FrozenFrame
    revision: int
    seeds: Seeds

    def __len__(self) -> int:
        return len(self.seeds.at)

    def take(self, rows: Column) -> NeighbourhoodBatch:
        """Those of some of the seeds (a mask or positions)."""
        return replace(self, seeds=self.seeds.take(rows))

    def features(self) -> Floats:
        """(N, columns of `graph.features.extraction.names`) float64, NaN is *not known*."""
        out, done = np.empty((len(self), len(features.names()))), 0
        with bar("observing", len(self), "sample") as progress:
            for rows in self.feature_rows():
                out[done : done + len(rows)] = rows
                done += len(rows)
                progress.update(len(rows))
        return out

    def feature_rows(self) -> Iterator[Floats]:
        """The same, a few after the other."""
        looking, columns = _Extraction(self), len(features.names())
        for start in range(0, len(self), AT_ONCE):
            rows = np.empty((min(AT_ONCE, len(self) - start), columns))
            looking.features(start, rows)
            yield rows

    def embedded(self, network: NetworkWeights) -> Floats:
        """(N, 1 + embedding): logit and embedding of each."""
        return Forward(network).of_parts(self.parts())

    def graphs(self) -> PackedGraphs:
        """The graphs around the seeds, side by side."""
        return packed.joined(list(self.parts()))

    def parts(self) -> Iterator[PackedGraphs]:
        """The same, a few after the other."""
        looking, start = _Extraction(self), 0
        while start < len(self):
            part = looking.graphs(start)
            start += part.size
            yield part


@dataclass(frozen=True)
class SubjectInputs:
    """N subjects' inputs: `rows` (N, columns of `graph.features.extraction.names`) float64, and what is
    `neighbourhoods` them, which gives their graphs.
    """

    rows: Floats
    neighbourhoods: NeighbourhoodBatch

    @property
    def named(self) -> Floats:
        """(N, signals + variables)."""
        return self.rows[:, :_NAMED]

    @property
    def counts(self) -> Floats:
        """(N, columns of the baseline of reference counts)."""
        return self.rows[:, _NAMED:]

    def columns(self, embedded: Floats) -> dict[str, ColumnBlocks]:
        """The inputs of each ensemble, with what the network says of the subjects (N, 1 + embedding)."""
        return {
            "trees": ColumnBlocks((self.named,)),
            "blend": ColumnBlocks((self.named, self.counts, embedded)),
            "reference": ColumnBlocks((self.counts,)),
        }

    def take(self, rows: Column) -> SubjectInputs:
        """Those rows (a mask or positions)."""
        return SubjectInputs(self.rows[rows], self.neighbourhoods.take(rows))


LookAround = Callable[[Frame, int, Seeds], NeighbourhoodBatch]
"""Gives what is around seeds by a revision: computed in this process, or elsewhere by the same functions."""


def extract_all(
    frame: Frame, revision: int, seeds: Seeds, look: LookAround = NeighbourhoodBatch
) -> SubjectInputs:
    """All inputs of all seeds, in their order, each strictly before its own moment and up to a revision.

    Raises NotFoundError for a seed that the frame does not have, StoreUnavailableError where the frame cannot
    be brought to that mark.
    """
    around = look(frame, revision, seeds)
    return SubjectInputs(around.features(), around)


class _Extraction:
    """The buffers of one run; they grow when a subject needs more."""

    def __init__(self, around: NeighbourhoodBatch) -> None:
        self._around = around
        self._walker, self._observer = Walker(around.frame.zone), FeatureExtractor()
        self._packed = packed.empty_pack(AT_ONCE, _NODES, _LINKS)

    def features(self, start: int, rows: Floats) -> None:
        """Write the features of the seeds from `start` on into `rows`."""
        done, seeds, revision, written = 0, self._around.seeds, self._around.revision, feature_rows(rows)
        what = WALK | OF_SEEDS | FEATURES | UNJUDGED
        while done < len(rows):
            with self._reading() as arrays:
                done, stopped = self._walker.compute(
                    what, arrays, seeds, start, done, revision, written, self._observer
                )
            self._go_on(stopped, start + done)

    def graphs(self, start: int) -> PackedGraphs:
        """The graphs of the seeds from `start` on, as many as there is room for."""
        done, seeds, revision = 0, self._around.seeds, self._around.revision
        stop = min(start + AT_ONCE, len(self._around))
        while start + done < stop:
            stopped = DONE
            with self._reading() as arrays:
                while start + done < stop and stopped == DONE:
                    stopped = self._walker.of_seed(arrays, seeds, start + done, revision)
                    if stopped == DONE and not packed.put(encode(self._walker.room), self._packed, done):
                        stopped = _FULL
                    done += stopped == DONE
            if stopped == _FULL and done:
                break
            self._go_on(stopped, start + done)
        return packed.used(self._packed, done)

    @contextmanager
    def _reading(self) -> Iterator[Arrays]:
        frame, revision = self._around.frame, self._around.revision
        if not frame.catch_up(revision):
            raise StoreUnavailableError(
                "another process has been filling the frame for too long: try again later"
            )
        with frame.reading(revision) as arrays:
            yield arrays

    def _go_on(self, stopped: int, place: int) -> None:
        """Make the room that was lacking. Raises NotFoundError where that was the subject."""
        if stopped == NOBODY:
            raise NotFoundError(f"no application or applicant {self._around.seeds.name(place)} at its moment")
        if stopped == LACKS:
            self._walker.grow()
            self._observer.forget()
        if stopped == _FULL:
            self._packed = packed.empty_pack(AT_ONCE, 2 * len(self._packed.rows), 2 * len(self._packed.ends))
