"""Scratch arrays of a walk, allocated once and reused for one subject after the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graph.facts.tables import Column
from graph.frame.columns.layout import Rows
from graph.frame.neighbourhood import ROOM
from graph.frame.walk.query import SubjectQuery, question_room
from graph.kernels.by_address import by_address
from graph.store.walk import Bounds

_BOUNDS = Bounds()
STEPS, APPLICANTS, HOLDERS, TIES = _BOUNDS.steps, _BOUNDS.applicants, _BOUNDS.holders, _BOUNDS.ties
BUCKETS = 1 << 10  # of identifiers by holders and kind
assert _BOUNDS.applicants <= 64

# Words of `state`: how many there are of each (INSIDE: people of the subgraph), whether anything was cut, how
# many hubs were met, and whether an array had too little room.
(
    PEOPLE,
    INSIDE,
    IDENTIFIERS,
    LINKS,
    DEALS,
    APPLICATIONS,
    MENTIONS,
    OUTCOMES,
    LABELS,
    EVENTS,
    RINGS,
    TRUNCATED,
    HUBS,
    LACKS,
) = range(14)

# A person's tie to an identifier, in a chain of the identifier's; and dealings of two people, in a chain of
# the one who came first.
LINK = np.dtype(
    [("since", "i8"), ("last", "i8"), ("person", "i4"), ("next", "i4"), ("role", "i1")], align=True
)
DEAL = np.dtype(
    [("since", "i8"), ("last", "i8"), ("other", "i4"), ("next", "i4"), ("kind", "i1")], align=True
)
CHAIN = np.dtype([("first", "i4"), ("last", "i4")], align=True)
THING = np.dtype(
    [("slot", "i4"), ("dated", "i4"), ("first", "i4"), ("last", "i4"), ("cut", "i1")], align=True
)


@by_address(
    state="i8", slots="i4", seats="i4", seat="i4", things=THING, links=LINK, deals=DEAL, dealt=("i4", 2),
    partners=CHAIN, rows="i4", collected="i4", buckets="i4", followed="i4", names="i4", keys=("u8", 2),
    order="i4", spare="i4", question=SubjectQuery,
)  # fmt: skip
class Scratch(NamedTuple):
    """state    (16,) int64
    slots    open addressing: local identifiers by their `id`, + 1; `things` says where each is
    seats    the same of people; `seat` (P,) says where each is
    things   (I,) THING: of each identifier its slot, how many dated ties it has here, and its chain in
             `links`
    links    (T,) LINK           deals  DEAL, `dealt` (APPLICANTS, APPLICANTS) their positions + 1, `partners`
             CHAIN by person
    rows, found     rows of the frame that were collected
    buckets  (BUCKETS + 1,)      followed  (I,) identifiers, the rarest first
    names, keys, order, spare    what `order.sort_by_text` takes
    question    about what is in the frame, which compiled code asks itself
    """

    state: Column
    slots: Column
    seats: Column
    seat: Column
    things: Rows
    links: Rows
    deals: Rows
    dealt: Column
    partners: Rows
    rows: Column
    collected: Column
    buckets: Column
    followed: Column
    names: Column
    keys: Column
    order: Column
    spare: Column
    question: SubjectQuery


def scratch(times: int = 1) -> Scratch:
    """For neighbourhoods that have `times` the room of `neighbourhood.room`."""
    sizes = {name: size * times for name, (_, size) in ROOM.items()}
    most = max(sizes["applications"], sizes["identifiers"], sizes["labels"], 1_024)
    things, ties = sizes["identifiers"], sizes["ties"]
    return Scratch(
        state=np.zeros(16, np.int64), slots=np.zeros(4 * things, np.int32),
        seats=np.zeros(4 * sizes["people"], np.int32), seat=np.zeros(sizes["people"], np.int32),
        things=np.zeros(things, THING), links=np.zeros(ties, LINK),
        deals=np.zeros(APPLICANTS * APPLICANTS, DEAL), dealt=np.zeros((APPLICANTS, APPLICANTS), np.int32),
        partners=np.zeros(APPLICANTS, CHAIN), rows=np.zeros(most, np.int32),
        collected=np.zeros(most, np.int32), buckets=np.zeros(BUCKETS + 1, np.int32),
        followed=np.zeros(things, np.int32), names=np.zeros(most, np.int32),
        keys=np.zeros((most, 2), np.uint64), order=np.zeros(most, np.int32), spare=np.zeros(most, np.int32),
        question=question_room(64 * times),
    )  # fmt: skip
