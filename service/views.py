"""Through what assessments look at the graph: the frame where there is one, else the store; and the frame alone while the store is away."""

from __future__ import annotations

import logging
from datetime import datetime

from graph.errors import StoreError
from graph.evidence import Subject
from graph.frame.frame import Frame
from graph.frame.view import FrameView
from graph.store import GraphStore, GraphView
from graph.tables import Column
from service.self_check import SelfCheck

log = logging.getLogger("ringfence.views")

PATIENCE_S = 0.05  # how long an assessment waits for the frame to hold its own fact before it is read from the store


class Views:
    """Views for assessments, equal whichever way they look; `frame` is None where there is none."""

    def __init__(self, store: GraphStore, frame: Frame | None = None, self_check: float = 0.0) -> None:
        """`self_check`: the share of what is seen through the frame that is looked at again through the store."""
        self.store = store
        self.frame = frame
        self.check = SelfCheck(store, self_check if frame is not None else 0.0)

    def at(self, as_of: datetime, recorded_by: int, entry: bytes = b"") -> GraphView:
        """The graph just before `as_of`, of what was recorded up to that mark; `entry` is the journal's of it, where it is at hand.

        Raises StoreUnavailableError where neither has it.
        """
        if self.frame is not None and self._holds(self.frame, recorded_by, entry):
            return self.frame.view(as_of, recorded_by)
        return self.store.view(as_of, recorded_by)

    def latest(self) -> int:
        """The mark of the latest state that can be looked at without asking the store, where there is a frame."""
        return self.frame.mark if self.frame is not None and self.frame.mark else self.store.mark()

    def without_store(self, as_of: datetime) -> GraphView | None:
        """What was known when the store was last heard of; None without a frame."""
        return self.frame.view(as_of) if self.frame is not None and self.frame.mark else None

    def seen(self, subject: Subject, view: GraphView, row: Column) -> None:
        """These features were seen of a subject through the view: sometimes they are looked at again, beside the answer."""
        if isinstance(view, FrameView):
            self.check.sometimes(subject, view.as_of, view.recorded_by, row)

    def close(self) -> None:
        """Write the frame to the disk, so that the next start finds it, and give it back."""
        self.check.close()
        if self.frame is not None:
            self.frame.snapshot()
            self.frame.close()

    def _holds(self, frame: Frame, mark: int, entry: bytes) -> bool:
        try:
            return frame.catch_up(mark, PATIENCE_S, entry)
        except StoreError as error:
            log.warning("the frame does not hold mark %d, and the store does not answer: %s", mark, error)
            return False
