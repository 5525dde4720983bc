"""Chooses the view of an assessment: the frame where it is current, otherwise the store, and the frame alone
while the store is unavailable.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from math import inf
from time import monotonic

from graph.facts.tables import Column
from graph.frame.catch_up import LITTLE, NOTHING, AtHand, CatchUpBudget
from graph.frame.frame import Frame
from graph.frame.views.view import FrameView
from graph.model.errors import StoreError
from graph.store.evidence import Subject
from graph.store.port import GraphStore, GraphView
from service.assessment.self_check import SelfCheck
from service.threads.periodic_thread import PeriodicThread

log = logging.getLogger("ringfence.views")

# how long an assessment waits while another one brings the frame to its fact, before it is read from the
# store
PATIENCE_S = 0.05
# of the keeper: between two it lets others at the frame, and sees whether the service ends
STEP = CatchUpBudget(seconds=0.5)


class Views:
    """Views for assessments, equal whichever way they look; `frame` is None where there is none, or none yet.

    A request brings into the frame what takes it some milliseconds, mostly its own fact. Everything else, a
    load of another process, a frame that was left in the middle of a change, one that is filled for the first
    time, is the keeper's; until it is done the store's view answers.
    """

    def __init__(
        self,
        store: GraphStore,
        frame: Frame | None = None,
        self_check: float = 0.0,
        find: Callable[[], Frame | None] = lambda: None,
    ) -> None:
        """`self_check`: the share of evaluations through the frame that are repeated through the store.
        `find` opens the frame later.
        """
        self.store = store
        self.frame = frame
        self.check = SelfCheck(store, self_check)
        self.keeper = PeriodicThread(self._bring)
        # each time that the store's view stands in for the frame, and why
        self.on_fall_back: Callable[[str], None] = lambda why: None
        self._find = find
        # the latest revision that this process knows of, and the edition that it saw last
        self._latest = self._edition = 0

    def at(self, as_of: datetime, revision: int, at_hand: AtHand = NOTHING) -> GraphView:
        """The graph just before `as_of`, of what was recorded up to that revision, in the edition that the
        caller has `at_hand`, else in the one that this process saw last.

        Raises StoreUnavailableError where neither has it.
        """
        self._latest = max(self._latest, revision)
        at_hand = at_hand._replace(edition=at_hand.edition or self._edition)
        if self.frame is not None and self._holds(self.frame, revision, at_hand):
            return self.frame.view(as_of, revision, partial(self._otherwise, as_of, revision))
        view = self.store.view(as_of, revision)
        view.edition = at_hand.edition
        return view

    def is_still(self, view: GraphView) -> bool:
        """Whether nobody was erased since the view was opened: else what was read through it may have names
        of before and of after side by side.
        """
        if isinstance(view, FrameView):
            return view.is_of_one_filling
        try:
            return view.edition in (0, self.store.state().edition)
        except StoreError:
            return True  # what could not be read says so itself

    def now(self) -> int:
        """The store's revision; from here on views are of the edition that it has."""
        revision, self._edition = self.store.state()
        return revision

    def latest(self) -> int:
        """The latest revision that can be read, without asking the store where the frame has all that this
        process knows of.
        """
        if self.frame is not None and self.frame.revision and self.frame.holds(self._latest, self._edition):
            return self.frame.revision
        return self.now()

    def without_store(self, as_of: datetime) -> GraphView | None:
        """A view of the last known state while the store is unavailable; None without a frame, and with one
        that was never filled.
        """
        return (
            self.frame.view(as_of)
            if self.frame is not None
            and self.frame.revision
            and self.frame.is_whole
            and self.frame.is_of(self._edition)
            else None
        )

    def check_sometimes(self, subject: Subject, view: GraphView, row: Column) -> None:
        """Perhaps check a subject's features, which were computed through the view, against the store."""
        if isinstance(view, FrameView):
            self.check.sometimes(subject, view.as_of, view.revision, row)

    def state(self) -> dict[str, object]:
        """How the frame is: `none`, `filling` or `current`, and by how many revisions it is behind."""
        if self.frame is None:
            return {"state": "none", "behind": None}
        return {"state": "current" if self.frame.is_whole else "filling", "behind": self.frame.behind}

    def is_near(self, most: int | None) -> bool:
        """Whether the frame held the store once and is behind it by `most` revisions at most; None asks
        nothing.
        """
        return most is None or (
            self.frame is not None and self.frame.is_whole and (self.frame.behind or 0) <= most
        )

    def close(self, frame_s: float = inf) -> None:
        """Write the frame to the disk, so that the next start finds it, where that takes at most so many
        seconds, and give it back.
        """
        self.keeper.close()
        self.check.close()
        if self.frame is not None:
            until = monotonic() + frame_s
            self.frame.snapshot(frame_s)
            self.frame.close(until - monotonic())

    def _holds(self, frame: Frame, revision: int, at_hand: AtHand) -> bool:
        """Whether the frame holds that revision, after what little a request may bring in itself."""
        try:
            held = frame.catch_up(revision, PATIENCE_S, LITTLE, at_hand)
        except (StoreError, OSError) as error:
            log.warning("the frame does not hold mark %d: %s", revision, error)
            held = False
        if not held:
            self.on_fall_back("behind")
            self.keeper.wake()
        return held

    def _otherwise(self, as_of: datetime, recorded_by: int) -> GraphView:
        """The store's own view, where the frame turned out to be unreadable after all."""
        log.warning("the frame cannot be read any more: the store answers until it is filled anew")
        self.on_fall_back("unreadable")
        self.keeper.wake()
        return self.store.view(as_of, recorded_by)

    def _bring(self) -> bool:
        """One step of bringing the frame to the store's revision and edition; whether nothing is left to do,
        or somebody else is at it.
        """
        if self.frame is not None and not self.frame.is_there:
            log.warning("the frame's folder was taken away: it is filled anew, until then the store answers")
            self.frame = None  # who reads it still has what is mapped
        if self.frame is None:
            self.frame = self._find()
        upto = self.now()
        at_hand = AtHand(self._edition)
        if self.frame is None or self.frame.catch_up(upto, 0.0, LITTLE, at_hand):
            return True
        began = monotonic()
        return self.frame.catch_up(upto, 0.0, STEP, at_hand) or monotonic() - began < STEP.seconds
