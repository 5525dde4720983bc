"""The single compiled entry point for walks and features, for one subject or many; arguments are passed by
address.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from graph.facts.local_time import offsets
from graph.facts.tables import KINDS, Column
from graph.features.extraction import VARIABLE_NAMES, extract, names
from graph.features.lending import multi_lending
from graph.features.lending.multi_lending import CountingPlan, plan
from graph.features.workspace import Precomputed, workspace_for
from graph.frame.columns.layout import Arrays, Int
from graph.frame.neighbourhood import Neighbourhood
from graph.frame.neighbourhood import empty_neighbourhood as neighbourhood_room
from graph.frame.walk.build import walk, walk_application, walk_person
from graph.frame.walk.histories import histories
from graph.frame.walk.query import SubjectQuery
from graph.frame.walk.scratch import Scratch, scratch
from graph.frame.walk.seeds import Seeds, row_of
from graph.kernels.by_address import address_of, by_address, taken
from graph.kernels.compiled import compiled, lean

Floats = npt.NDArray[np.float64]

# What is done: the walk, of a question or of seeds; the features of what is there now, as if nobody had said
# anything of the subject itself; the seeds' applications are looked at again, some time after they were made.
WALK, OF_SEEDS, FEATURES, UNJUDGED, AGAIN = 1, 2, 4, 8, 16
# what stopped it: nothing, too little room, a seed that the frame does not have at its moment
DONE, LACKS, NOBODY = range(3)
_STATUS_BITS = 2  # bits for that


@by_address(rows=("f8", 2), why="i1")
class FeatureRows(NamedTuple):
    """Where features are written: `rows` (N, columns) as `graph.features.extraction.names` has them, and
    `why` (KINDS,) as `extract` writes it.
    """

    rows: Floats
    why: Column


def feature_rows(rows: Floats) -> FeatureRows:
    """Into those rows."""
    return FeatureRows(rows, np.zeros(len(KINDS), np.int8))


@compiled
def compute(
    what: int,
    arrays: int,
    subjects: int,
    first: int,
    done: int,
    revision: int,
    work: int,
    out: int,
    precomputed: int,
    wanted: int,
    written: int,
) -> int:
    """Look at one subject after the other, from the one that is `done` on, for each row of `written`; how far
    it came and why, as `status_of` reads it.

    `arrays`, `work`, `out`, `precomputed`, `wanted`, `written` are addresses of Arrays, Scratch,
    Neighbourhood, Precomputed, CountingPlan and FeatureRows, 0 where `what` does not ask for it; `subjects`
    of a SubjectQuery, or of Seeds, of which those from `first` on are meant, each by that `revision`.
    """
    n, into_rows = taken(out, Neighbourhood), taken(written, FeatureRows)
    for place in range(done, len(into_rows.rows)):
        if what & WALK:
            stopped: int = _walk(
                what, taken(arrays, Arrays), subjects, first + place, revision, taken(work, Scratch), n
            )
            if stopped != DONE:
                return place << _STATUS_BITS | stopped
        if what & FEATURES:
            row = into_rows.rows[place]
            if not extract(
                n,
                taken(precomputed, Precomputed),
                taken(wanted, CountingPlan),
                what & UNJUDGED != 0,
                row,
                into_rows.why,
            ):
                return place << _STATUS_BITS | LACKS
    return len(into_rows.rows) << _STATUS_BITS | DONE


def status_of(answer: int) -> tuple[int, int]:
    """How many rows are done, and what stopped it: DONE, LACKS or NOBODY."""
    return answer >> _STATUS_BITS, answer & ((1 << _STATUS_BITS) - 1)


@lean
def _walk(
    what: Int, arrays: Arrays, subjects: Int, place: Int, revision: Int, work: Scratch, out: Neighbourhood
) -> Int:
    """Write the neighbourhood of whom a question is about, or of one seed, without what anybody has said of
    the subject itself.
    """
    if what & OF_SEEDS == 0:
        return np.int64(DONE if walk(arrays, taken(subjects, SubjectQuery), work, out) else LACKS)
    seeds = taken(subjects, Seeds)
    row = row_of(arrays, seeds, place, what & AGAIN != 0)
    if row < 0:
        return np.int64(NOBODY)
    moment = (seeds.at[place], revision)
    fits = (
        walk_application(arrays, row, moment, work, out)
        if seeds.has_application[place]
        else walk_person(arrays, row, moment, work, out)
    )
    if not fits:
        return np.int64(LACKS)
    out.people[0].labels = 0
    return np.int64(DONE)


_NO_ROWS = feature_rows(np.empty((1, 0)))


class Walker:
    """Makes one neighbourhood after the other, in the same room; of one thread at a time."""

    def __init__(self, zone: str) -> None:
        self._clocks = offsets(zone)
        self._times = 1
        self.room, self.scratch = neighbourhood_room(self._clocks), scratch()

    def of(self, arrays: Arrays, question: SubjectQuery) -> Neighbourhood:
        """The neighbourhood of a subject, with room beyond: `subject` says how many rows are used. It is
        overwritten by the next.
        """
        while self.compute(WALK, arrays, question, 0, 0, 0, _NO_ROWS)[1] == LACKS:
            self.grow()
        return self.room

    def histories(self, arrays: Arrays, question: SubjectQuery, people: Column) -> Neighbourhood:
        """The applications of those people (rows of the frame), as `graph.frame.walk.histories` writes them;
        in the same room.
        """
        read, asked = address_of(arrays), address_of(question)
        while not histories(read, asked, people, *self._addresses()):
            self.grow()
        return self.room

    def _addresses(self) -> tuple[int, int]:
        return address_of(self.scratch), address_of(self.room)

    def of_seed(self, arrays: Arrays, seeds: Seeds, place: int, revision: int) -> int:
        """Write the neighbourhood of a seed into `room`; DONE, LACKS (then `grow`), or NOBODY."""
        return self.compute(WALK | OF_SEEDS, arrays, seeds, place, 0, revision, _NO_ROWS)[1]

    def compute(
        self,
        what: int,
        arrays: Arrays,
        subjects: SubjectQuery | Seeds,
        first: int,
        done: int,
        revision: int,
        written: FeatureRows,
        observer: FeatureExtractor | None = None,
    ) -> tuple[int, int]:
        """`compute` in this room, with the plan and the reading of an `observer`; what `status_of` says of
        it.
        """
        precomputed, wanted = observer.addresses(self.room) if observer else (0, 0)
        read, asked = address_of(arrays), address_of(subjects)
        (work, out), into = self._addresses(), address_of(written)
        status = compute(what, read, asked, first, done, revision, work, out, precomputed, wanted, into)
        return status_of(status)

    def grow(self) -> None:
        """Twice the room."""
        self._times *= 2
        self.room, self.scratch = neighbourhood_room(self._clocks, self._times), scratch(self._times)


class FeatureExtractor:
    """Features of one subject after the other, in room that grows with them. Not for several threads at
    once.
    """

    def __init__(self, variables: Sequence[str] = VARIABLE_NAMES) -> None:
        self.names = names(variables)
        self._plan: CountingPlan = plan(variables)
        self._room: Precomputed | None = None
        self._into = feature_rows(np.empty((1, len(self.names))))

    @property
    def precomputed(self) -> Precomputed:
        """What the last row was worked out from; the next one overwrites it."""
        assert self._room is not None
        return self._room

    def addresses(self, n: Neighbourhood) -> tuple[int, int]:
        """Of a reading, made for `n` where there is none yet, and of the plan."""
        if self._room is None:
            self._room = workspace_for(n)
        return address_of(self._room), address_of(self._plan)

    def forget(self) -> None:
        """The reading has too little room: the next one is made anew."""
        self._room = None

    def row(self, n: Neighbourhood, *, unjudged: bool = False) -> tuple[Floats, dict[str, str]]:
        """The features of one subject (len(names),) float64, NaN is *not known*, and which keys were left
        out, with the reason.
        """
        self._into.why[:] = 0
        what = FEATURES | UNJUDGED if unjudged else FEATURES
        if self._computed(what, n) == LACKS:
            self._room = workspace_for(n)
            assert self._computed(what, n) == DONE
        return self._into.rows[0].copy(), multi_lending.left_out(self._into.why)

    def _computed(self, what: int, n: Neighbourhood) -> int:
        precomputed, wanted = self.addresses(n)
        where, into = address_of(n), address_of(self._into)
        return status_of(compute(what, 0, 0, 0, 0, 0, 0, where, precomputed, wanted, into))[1]
