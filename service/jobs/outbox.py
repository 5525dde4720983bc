"""The thread that delivers what the graph store is owed, and shares out cases that nobody has."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from graph.model.errors import RingfenceError
from graph.quantities import quantity
from graph.store.port import GraphStore
from investigations.casebook import Casebook
from service.assessment.owed import deliver_labels, deliver_pending
from service.clock import system_clock

log = logging.getLogger("ringfence.outbox")

SHARER = "sharing_out"  # who gives cases that nobody has to investigators, in their histories
PAUSE_S = 1.0  # between two looks
LEAVING_S = 1.0  # how long an interpreter that ends takes to say so


class Outbox:
    """A thread of one worker process that delivers pending applications and labels every second, and shares
    out the cases that nobody has among `investigators`.
    """

    def __init__(
        self,
        store: GraphStore,
        casebook: Casebook,
        pause_s: float = PAUSE_S,
        investigators: Sequence[str] = (),
        clock: Callable[[], datetime] = system_clock,
    ) -> None:
        self._store = store
        self._casebook = casebook
        self._pause_s = pause_s
        self._investigators, self._clock = investigators, clock
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Stop after the current batch."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10.0)

    def _run(self) -> None:
        while not self._ended.wait(self._pause_s):
            try:
                if brought := deliver_pending(self._store, self._casebook):
                    log.warning("owed to the store and in it now: %s", quantity(brought, "application"))
                if brought := deliver_labels(self._store, self._casebook):
                    log.warning(
                        "owed to the store and in it now: the labels of %s", quantity(brought, "verdict")
                    )
                now = self._clock()
                if shared := self._casebook.share_out(self._investigators, at=now, by=SHARER):
                    log.info("given to investigators: %s that nobody had", quantity(shared, "case"))
            except RingfenceError as error:
                log.info("what is owed to the store waits: %s", error)
            except RuntimeError:
                if not _process_ends():
                    raise
                return  # work can no longer be begun; what is owed is brought by the next process


def _process_ends() -> bool:
    """Whether the interpreter is on its way out: then its main thread is over, or about to be."""
    main = threading.main_thread()
    main.join(timeout=LEAVING_S)
    return not main.is_alive()
