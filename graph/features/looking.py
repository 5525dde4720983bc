"""The one way from Python into the walk and the features, for one who asks and for many subjects alike: compiled once, and taken by addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from graph.facts.local_time import offsets
from graph.features import multi_lending
from graph.features.multi_lending import Plan, plan
from graph.features.observe import VARIABLE_NAMES, names, observe
from graph.features.room import Reading, room_for
from graph.frame.layout import Arrays, Int
from graph.frame.neighbourhood import Neighbourhood
from graph.frame.neighbourhood import room as neighbourhood_room
from graph.frame.question import Question
from graph.frame.scratch import Scratch, scratch
from graph.frame.seeds import Seeds, row_of
from graph.frame.walk import walk, walk_application, walk_person
from graph.kernels.by_address import by_address, taken
from graph.kernels.compiled import compiled, lean
from graph.store.tables import KINDS, Column

Floats = npt.NDArray[np.float64]

# What is done: the walk, of a question or of seeds; the features of what is there now, as if nobody had said anything of the subject itself.
WALK, OF_SEEDS, FEATURES, UNJUDGED = 1, 2, 4, 8
DONE, LACKS, NOBODY = range(3)  # what stopped it: nothing, too little room, a seed that the frame does not have at its moment
_SAID = 2  # bits for that


@by_address(rows=("f8", 2), why="i1")
class Into(NamedTuple):
    """Where features are written: `rows` (N, columns) as `graph.features.observe.names` has them, and `why` (KINDS,) as `observe` writes it."""

    rows: Floats
    why: Column


def into(rows: Floats) -> Into:
    """Into those rows."""
    return Into(rows, np.zeros(len(KINDS), np.int8))


@compiled
def look(what: int, arrays: int, asked: int, first: int, done: int, mark: int, work: int, out: int, reading: int, wanted: int, written: int) -> int:
    """Look at one subject after the other, from the one that is `done` on, for each row of `written`; how far it came and why, as `said` reads it.

    `arrays`, `work`, `out`, `reading`, `wanted`, `written` are addresses of Arrays, Scratch, Neighbourhood, Reading, Plan and Into, 0 where
    `what` does not ask for it; `asked` of a Question, or of Seeds, of which those from `first` on are meant, each by that `mark`.
    """
    n, into_rows = taken(out, Neighbourhood), taken(written, Into)
    for place in range(done, len(into_rows.rows)):
        if what & WALK:
            stopped: int = _walk(what, taken(arrays, Arrays), asked, first + place, mark, taken(work, Scratch), n)
            if stopped != DONE:
                return place << _SAID | stopped
        if what & FEATURES:
            row = into_rows.rows[place]
            if not observe(n, taken(reading, Reading), taken(wanted, Plan), what & UNJUDGED != 0, row, into_rows.why):
                return place << _SAID | LACKS
    return len(into_rows.rows) << _SAID | DONE


def said(answer: int) -> tuple[int, int]:
    """How many rows are done, and what stopped it: DONE, LACKS or NOBODY."""
    return answer >> _SAID, answer & ((1 << _SAID) - 1)


@lean
def _walk(what: Int, arrays: Arrays, asked: Int, place: Int, mark: Int, work: Scratch, out: Neighbourhood) -> Int:
    """Write the neighbourhood of whom a question is about, or of one seed, without what anybody has said of the subject itself."""
    if what & OF_SEEDS == 0:
        return np.int64(DONE if walk(arrays, taken(asked, Question), work, out) else LACKS)
    seeds = taken(asked, Seeds)
    row = row_of(arrays, seeds, place)
    if row < 0:
        return np.int64(NOBODY)
    moment = (seeds.at[place], mark)
    fits = walk_application(arrays, row, moment, work, out) if seeds.asked[place] else walk_person(arrays, row, moment, work, out)
    if not fits:
        return np.int64(LACKS)
    out.people[0].labels = 0
    return np.int64(DONE)


_NO_ROWS = into(np.empty((1, 0)))


class Walker:
    """Makes one neighbourhood after the other, in the same room; of one thread at a time."""

    def __init__(self, zone: str) -> None:
        self._clocks = offsets(zone)
        self._times = 1
        self.room, self.scratch = neighbourhood_room(self._clocks), scratch()

    def of(self, arrays: Arrays, question: Question) -> Neighbourhood:
        """The neighbourhood of a subject, with room beyond: `subject` says how many rows are used. It is overwritten by the next."""
        while self.look(WALK, arrays, question, 0, 0, 0, _NO_ROWS)[1] == LACKS:
            self.grow()
        return self.room

    def of_seed(self, arrays: Arrays, seeds: Seeds, place: int, mark: int) -> int:
        """Write the neighbourhood of a seed into `room`; DONE, LACKS (then `grow`), or NOBODY."""
        return self.look(WALK | OF_SEEDS, arrays, seeds, place, 0, mark, _NO_ROWS)[1]

    def look(
        self, what: int, arrays: Arrays, asked: Question | Seeds, first: int, done: int, mark: int, written: Into, observer: Observer | None = None
    ) -> tuple[int, int]:
        """`look` in this room, with the plan and the reading of an `observer`; what `said` says of it."""
        reading, wanted = observer.addresses(self.room) if observer else (0, 0)
        work, out = self.scratch.address, self.room.address  # type: ignore[attr-defined]
        return said(look(what, arrays.address, asked.address, first, done, mark, work, out, reading, wanted, written.address))  # type: ignore

    def grow(self) -> None:
        """Twice the room."""
        self._times *= 2
        self.room, self.scratch = neighbourhood_room(self._clocks, self._times), scratch(self._times)


class Observer:
    """Features of one subject after the other, in room that grows with them. Not for several threads at once."""

    def __init__(self, variables: Sequence[str] = VARIABLE_NAMES) -> None:
        self.names = names(variables)
        self._plan: Plan = plan(variables)
        self._room: Reading | None = None
        self._into = into(np.empty((1, len(self.names))))

    @property
    def reading(self) -> Reading:
        """What the last row was worked out from; the next one overwrites it."""
        assert self._room is not None
        return self._room

    def addresses(self, n: Neighbourhood) -> tuple[int, int]:
        """Of a reading, made for `n` where there is none yet, and of the plan."""
        if self._room is None:
            self._room = room_for(n)
        return self._room.address, self._plan.address  # type: ignore[attr-defined]

    def forget(self) -> None:
        """The reading has too little room: the next one is made anew."""
        self._room = None

    def row(self, n: Neighbourhood, *, unjudged: bool = False) -> tuple[Floats, dict[str, str]]:
        """The features of one subject (len(names),) float64, NaN is *not known*, and which keys were left out, with the reason."""
        self._into.why[:] = 0
        what = FEATURES | UNJUDGED if unjudged else FEATURES
        if self._looked(what, n) == LACKS:
            self._room = room_for(n)
            assert self._looked(what, n) == DONE
        return self._into.rows[0].copy(), multi_lending.left_out(self._into.why)

    def _looked(self, what: int, n: Neighbourhood) -> int:
        reading, wanted = self.addresses(n)
        return said(look(what, 0, 0, 0, 0, 0, 0, n.address, reading, wanted, self._into.address))[1]  # type: ignore[attr-defined]
