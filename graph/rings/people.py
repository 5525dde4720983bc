"""People of a batch at its moment, by the feature functions of serving and training; no label and no loan's
fate is in it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np

from graph.facts.local_time import offsets
from graph.features import extraction as features
from graph.features.multi_lending import CountingPlan, plan
from graph.features.workspace import Precomputed, workspace_for
from graph.frame.frame import Frame
from graph.frame.layout import Arrays, Int
from graph.frame.location import frame_of
from graph.frame.neighbourhood import Neighbourhood
from graph.frame.neighbourhood import empty_neighbourhood as neighbourhood_room
from graph.frame.scratch import Scratch, scratch
from graph.frame.texts import A_PERSON, AN_APPLICATION, NO_KIND, find
from graph.frame.walk import walk_application, walk_person
from graph.kernels.compiled import compiled
from graph.model.errors import NotFoundError, StoreUnavailableError
from graph.rings.columns import Features
from graph.store.port import GraphStore
from graph.store.tables import KINDS, Column, Tables

# What speaks of a label, of a loan's fate beyond what the lender decided, or of an earlier ring: no label may
# vouch for itself or its own ring.
INFORMATIVE = frozenset(
    {
        "strong_bad", "bad_weight", "bad_two_steps", "bad_distance", "bad_share", "group_bad", "device_bad", "phone_bad", "contact_bad", "card_bad",
        "address_bad", "merchant_bad_share", "agent_bad_share", "own_fraud_labels", "own_late", "loans_closed", "neighbours_late_share",
        "moved_on_3d", "ring_score", "ring_size", "ring_bad_rate", "ring_near_score",
    }
)  # fmt: skip
NAMES: tuple[str, ...] = tuple(name for name in features.SIGNAL_NAMES if name not in INFORMATIVE)

_WANTED = np.array([features.SIGNAL_NAMES.index(name) for name in NAMES])
_WIDTH = len(features.names(()))
_AT_ONCE = 32  # people between which somebody who writes to the frame may come in: some milliseconds
_DONE, _LACKS, _NOBODY = range(3)


class _Subjects(NamedTuple):
    """Whom to look at: ids in `heap`, UTF-8, from `begins` to `ends` (N,); those of applications where
    `has_application` (N,) bool, else of people.
    """

    heap: Column
    begins: Column
    ends: Column
    has_application: Column


class _Workspace(NamedTuple):
    out: Neighbourhood
    work: Scratch
    reading: Precomputed
    plan: CountingPlan
    why: Column


def _workspace(zone: str, times: int) -> _Workspace:
    out = neighbourhood_room(offsets(zone), times)
    return _Workspace(out, scratch(times), workspace_for(out), plan(()), np.zeros(len(KINDS), np.int8))


# how a search asks what some people look like; `through_frame` makes one
SuspectSignals = Callable[[Tables, Column], Features]


def through_frame(store: GraphStore, revision: int, kept_in: str | Path = "") -> SuspectSignals:
    """What people look like through the store's frame (`graph.frame.location.frame_of`), of what `revision`
    and those before it told.
    """

    def look(tables: Tables, some: Column) -> Features:
        with closing(frame_of(store, kept_in)) as frame:
            return signals_of(frame, revision, tables, some)

    return look


def signals_of(frame: Frame, revision: int, tables: Tables, some: Column) -> Features:
    """The signals NAMES of `some` people (positions in the tables), one row each, as of the tables' moment,
    of what `revision` and those before it told.

    Each is looked at through their latest application, as a lender who looks at it again would: its checks,
    amount and shop are known, and it is left out of their past. Who has made none is looked at without.
    Raises NotFoundError for somebody whom the frame does not have, StoreUnavailableError where the frame
    cannot be brought to that revision.
    """
    subjects, size = _subjects(tables, some), len(some)
    out, rows = np.empty((size, len(NAMES)), np.float32), np.empty((_AT_ONCE, _WIDTH))
    times, start, moment = 1, 0, (np.int64(tables.as_of), np.int64(revision))
    tools = _workspace(frame.zone, times)
    while start < size:
        stop = min(start + _AT_ONCE, size)
        if not frame.catch_up(revision):
            raise StoreUnavailableError(
                "somebody else has been filling the frame for too long: try again later"
            )
        with frame.reading(revision) as arrays:
            done, stated = _extract(arrays, subjects, (start, stop), moment, tools, rows)
        out[start : start + done] = rows[:done, _WANTED]
        start += done
        if stated == _NOBODY:
            raise NotFoundError(
                f"the frame does not have {tables.applicant_ids[some[start]]}, or not their latest application"
            )
        if stated == _LACKS:
            times *= 2
            tools = _workspace(frame.zone, times)
    return Features(NAMES, out)


def _subjects(tables: Tables, some: Column) -> _Subjects:
    applications, who = tables.applications, tables.applicant_ids[some]
    latest = np.full(len(tables.applicant_ids), -1)
    # they are sorted by moment: the last one stays
    latest[applications["applicant"]] = np.arange(len(applications["applicant"]))
    latest = latest[some]
    names = (
        np.where(latest >= 0, applications["application_id"][latest], who)
        if len(applications["applicant"])
        else who
    )
    texts = [str(name).encode() for name in names.tolist()]
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    begins = np.r_[np.int64(0), ends[:-1]][: len(texts)]
    return _Subjects(np.frombuffer(bytearray(b"".join(texts)), "u1"), begins, ends, latest >= 0)


@compiled
def _extract(
    arrays: Arrays,
    s: _Subjects,
    places: tuple[int, int],
    moment: tuple[Int, Int],
    tools: _Workspace,
    rows: Column,
) -> tuple[int, int]:
    """Write the features of the subjects from one place to another into `rows`; how many are written, and
    what stopped it.
    """
    for n in range(places[0], places[1]):
        row = find(
            arrays,
            AN_APPLICATION if s.has_application[n] else A_PERSON,
            NO_KIND,
            s.heap,
            s.begins[n],
            s.ends[n],
        )
        if row < 0:
            return n - places[0], _NOBODY
        fits = (
            walk_application(arrays, row, moment, tools.work, tools.out)
            if s.has_application[n]
            else walk_person(arrays, row, moment, tools.work, tools.out)
        )
        if not fits or not features.extract(
            tools.out, tools.reading, tools.plan, True, rows[n - places[0]], tools.why
        ):
            return n - places[0], _LACKS
    return places[1] - places[0], _DONE
