"""Features and graphs of many subjects, each as of its own moment, read from the frame in compiled code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gnn import packed
from gnn.inputs import draw
from gnn.packed import Packed
from gnn.seeds import Seeds, row_of
from graph.compiled import compiled, inner
from graph.facts.local_time import offsets
from graph.features import observe as features
from graph.features.multi_lending import Plan, plan
from graph.features.room import Reading, room_for
from graph.frame.frame import Frame
from graph.frame.layout import Arrays, Int
from graph.frame.neighbourhood import Neighbourhood
from graph.frame.neighbourhood import room as neighbourhood_room
from graph.frame.scratch import Scratch, scratch
from graph.frame.walk import walk_application, walk_person
from graph.model.errors import NotFoundError, StoreUnavailableError
from graph.progress import bar
from graph.store.tables import KINDS, Column

Floats = npt.NDArray[np.float64]

AT_ONCE = 32  # subjects between which somebody who writes to the frame may come in: some milliseconds
_NODES, _LINKS = 16_384, 65_536  # of AT_ONCE subjects, at first
_DONE, _LACKS, _FULL, _NOBODY = range(4)
_NAMED = len(features.SIGNAL_NAMES) + len(features.VARIABLE_NAMES)


class _Tools(NamedTuple):
    """Buffers that are reused for one subject after the other."""

    out: Neighbourhood
    work: Scratch
    reading: Reading
    plan: Plan
    why: Column


def _tools(zone: str, times: int) -> _Tools:
    out = neighbourhood_room(offsets(zone), times)
    return _Tools(out, scratch(times), room_for(out), plan(), np.zeros(len(KINDS), np.int8))


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The neighbourhoods of N seeds, each strictly before its own moment and up to a revision; labels of the subject itself are left out.

    Nothing is cached: each call reads the frame again, which gives the same bits as long as the frame is open.
    """

    frame: Frame
    mark: int
    seeds: Seeds

    def __len__(self) -> int:
        return len(self.seeds.at)

    def take(self, rows: Column) -> Surroundings:
        """Those of some of the seeds (a mask or positions)."""
        return replace(self, seeds=self.seeds.take(rows))

    def features(self) -> Floats:
        """(N, columns of `graph.features.observe.names`) float64, NaN is *not known*."""
        out = np.empty((len(self), len(features.names())))
        looking = _Looking(self)
        with bar("observing", len(self), "sample") as progress:
            for start in range(0, len(self), AT_ONCE):
                size = looking.features(start, out[start : start + AT_ONCE])
                progress.update(size)
        return out

    def graphs(self) -> Packed:
        """The graphs around the seeds, side by side."""
        return packed.joined(list(self.parts()))

    def parts(self) -> Iterator[Packed]:
        """The same, a few after the other."""
        looking, start = _Looking(self), 0
        while start < len(self):
            part = looking.graphs(start)
            start += part.size
            yield part


@dataclass(frozen=True)
class Observed:
    """N subjects' inputs: `rows` (N, columns of `graph.features.observe.names`) float64, and what is `around` them, which gives their graphs."""

    rows: Floats
    around: Surroundings

    @property
    def named(self) -> Floats:
        """(N, signals + variables)."""
        return self.rows[:, :_NAMED]

    @property
    def counts(self) -> Floats:
        """(N, columns of the baseline of reference counts)."""
        return self.rows[:, _NAMED:]

    def take(self, rows: Column) -> Observed:
        """Those rows (a mask or positions)."""
        return Observed(self.rows[rows], self.around.take(rows))


def observe_all(frame: Frame, mark: int, seeds: Seeds) -> Observed:
    """All inputs of all seeds, in their order, each strictly before its own moment and up to a revision.

    Raises NotFoundError for a seed that the frame does not have, StoreUnavailableError where the frame cannot be brought to that mark.
    """
    around = Surroundings(frame, mark, seeds)
    return Observed(around.features(), around)


class _Looking:
    """The buffers of one run; they grow when a subject needs more."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._times = 1
        self._tools = _tools(around.frame.zone, 1)
        self._packed = packed.room(AT_ONCE, _NODES, _LINKS)

    def features(self, start: int, rows: Floats) -> int:
        """Write the features of the seeds from `start` on into `rows`; how many there are."""
        done, seeds, mark = 0, self._around.seeds, np.int64(self._around.mark)
        while done < len(rows):
            with self._reading() as arrays:
                done, said = _observe(arrays, seeds, start, done, mark, self._tools, rows)
            self._go_on(said, start + done)
        return done

    def graphs(self, start: int) -> Packed:
        """The graphs of the seeds from `start` on, as many as there is room for."""
        done, seeds, mark = 0, self._around.seeds, np.int64(self._around.mark)
        stop = min(start + AT_ONCE, len(self._around))
        while start + done < stop:
            with self._reading() as arrays:
                done, said = _draw(arrays, seeds, start, stop, done, mark, self._tools, self._packed)
            if said == _FULL and done:
                break
            self._go_on(said, start + done)
        return packed.used(self._packed, done)

    @contextmanager
    def _reading(self) -> Iterator[Arrays]:
        frame, mark = self._around.frame, self._around.mark
        if not frame.catch_up(mark):
            raise StoreUnavailableError("somebody else has been filling the frame for too long: try again later")
        with frame.reading(mark) as arrays:
            yield arrays

    def _go_on(self, said: int, place: int) -> None:
        """Make the room that was lacking. Raises NotFoundError where that was the subject."""
        if said == _NOBODY:
            raise NotFoundError(f"no application or applicant {self._around.seeds.name(place)} at its moment")
        if said == _LACKS:
            self._times *= 2
            self._tools = _tools(self._around.frame.zone, self._times)
        if said == _FULL:
            self._packed = packed.room(AT_ONCE, 2 * len(self._packed.rows), 2 * len(self._packed.ends))


@compiled
def _observe(arrays: Arrays, seeds: Seeds, start: int, done: int, mark: Int, tools: _Tools, rows: Floats) -> tuple[int, int]:
    """Write features of the seeds from `start` on into `rows`, of which `done` are written; returns how many are now, and why it stopped."""
    for n in range(done, len(rows)):
        said = _look(arrays, seeds, start + n, mark, tools)
        if said != _DONE:
            return n, said
        features.observe(tools.out, tools.reading, tools.plan, True, rows[n], tools.why)
    return len(rows), _DONE


@compiled
def _draw(arrays: Arrays, seeds: Seeds, start: int, stop: int, done: int, mark: Int, tools: _Tools, out: Packed) -> tuple[int, int]:
    """Write graphs of the seeds from `start` to `stop` into `out`, of which `done` are written; returns how many are now, and why it stopped."""
    for n in range(done, stop - start):
        said = _look(arrays, seeds, start + n, mark, tools)
        if said != _DONE:
            return n, said
        if not packed.put_in(draw(tools.out), out, n):
            return n, _FULL
    return stop - start, _DONE


@inner
def _look(arrays: Arrays, seeds: Seeds, place: int, mark: Int, tools: _Tools) -> int:
    """Write the neighbourhood of one seed, without labels of the subject itself; returns what is lacking."""
    row = row_of(arrays, seeds, place)
    if row < 0:
        return _NOBODY
    moment = (seeds.at[place], mark)
    if seeds.asked[place]:
        fits = walk_application(arrays, row, moment, tools.work, tools.out)
    else:
        fits = walk_person(arrays, row, moment, tools.work, tools.out)
    if not fits:
        return _LACKS
    tools.out.people[0].labels = 0
    return _DONE
