"""Reads the neighbourhood of one subject through any view: by the compiled walk from the frame, by plain
reads from other views.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from graph.features.compute import Walker
from graph.frame.from_view import node_names_of
from graph.frame.neighbourhood import Neighbourhood
from graph.frame.node_names import NodeNames
from graph.frame.views.read import FactReader
from graph.frame.views.view import FrameView
from graph.frame.walk.query import IN_FRAME, SubjectQuery, query_for, rows_of_people
from graph.model.errors import FrameUnreadableError
from graph.model.moments import micros
from graph.model.types import Identifier, PlatformType
from graph.store.evidence import Subject, leave_out
from graph.store.histories import histories_of
from graph.store.port import GraphView

_ROOMS = threading.local()  # of each thread, by zone and number of the room: a Walker


def read_neighbourhood(view: GraphView, subject: Subject, room: int = 0) -> tuple[Neighbourhood, NodeNames]:
    """What can be seen of a subject, and the names behind its numbers; the application in question is left
    out of what is stored.

    From a frame the arrays lie in this thread's room of that number, and are overwritten by the next call for
    it. A frame that cannot be read any more is looked past. Raises StoreUnavailableError.
    """
    if not isinstance(view, FrameView):
        return node_names_of(leave_out(view.evidence_of(subject)))
    try:
        with view.arrays() as arrays:
            question = query_for(arrays, subject, np.int64(micros(view.as_of)), np.int64(view.revision))
            return _walker(view.zone, room).of(arrays, question), _OfFrame(
                FactReader(arrays), question, subject, view
            )
    except FrameUnreadableError:
        if view.otherwise is None:
            raise
        return read_neighbourhood(view.otherwise(), subject, room)


def read_histories(
    view: GraphView, subject: Subject, people: Sequence[str], room: int
) -> tuple[Neighbourhood, NodeNames]:
    """The latest applications of `people` but the one in question, with the names behind their numbers, as a
    neighbourhood of nothing else; in this thread's room of that number as `read_neighbourhood` says.

    Raises FrameUnreadableError for a frame that cannot be read any more, and StoreUnavailableError.
    """
    if not isinstance(view, FrameView):
        return node_names_of(histories_of(view, subject, people))
    with view.arrays() as arrays:
        question = query_for(arrays, subject, np.int64(micros(view.as_of)), np.int64(view.revision))
        n = _walker(view.zone, room).histories(arrays, question, rows_of_people(arrays, people))
        return n, _OfFrame(FactReader(arrays), question, subject, view)


def _walker(zone: str, room: int) -> Walker:
    walkers: dict[tuple[str, int], Walker] | None = getattr(_ROOMS, "walkers", None)
    if walkers is None:
        walkers = _ROOMS.walkers = {}
    if (zone, room) not in walkers:
        walkers[zone, room] = Walker(zone)
    return walkers[zone, room]


class _OfFrame:
    """Names from the frame's texts, which stay; what the frame has never seen is named by the subject
    itself.
    """

    def __init__(self, reader: FactReader, question: SubjectQuery, subject: Subject, view: FrameView) -> None:
        self._reader, self._question, self._subject, self._view = reader, question, subject, view

    def person(self, number: int) -> str:
        return self._subject.applicant_id if number >= IN_FRAME else self._reader.person(number)

    def application(self, number: int) -> str:
        application = self._subject.application
        if number >= IN_FRAME and application is not None:
            return application.application_id
        return str(self._reader.text(self._reader.arrays.applications[number]["id"]))

    def identifier(self, number: int) -> Identifier:
        if number < IN_FRAME:
            return self._reader.identifier(number)
        application = self._subject.application
        mentions = application.mentions if application else ()
        return next(
            m.identifier
            for m, mention in zip(mentions, self._question.mentions["id"].tolist(), strict=True)
            if mention == number
        )

    def ring(self, number: int) -> str:
        return str(self._reader.text(self._reader.arrays.rings[number]["id"]))

    def word(self, number: int) -> str:
        return str(self._reader.word(number))

    def lender_type(self, number: int) -> PlatformType:
        return self._reader.platform(number).type

    def joined(self, number: int) -> datetime | None:
        who = self.person(number)
        try:
            membership = self._view.memberships_of([who]).get(who)
        except FrameUnreadableError:
            if self._view.otherwise is None:
                raise
            membership = self._view.otherwise().memberships_of([who]).get(who)
        return membership.member.joined_at if membership else None
