"""The outbox: applications that were assessed while the graph store was unavailable are delivered to it
later.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

from graph.model.errors import RingfenceError
from graph.model.types import Facts
from graph.store.port import GraphStore
from investigations.casebook import Casebook
from service.assessment import audit_record

log = logging.getLogger("ringfence.debts")

# applications brought in one batch: few at first, because a store that is only just back must take them
# within its patience
FEWEST, MOST = 20, 500
SHARER = "sharing_out"  # who gives cases that nobody has to investigators, in their histories
PAUSE_S = 1.0  # between two looks
LEAVING_S = 1.0  # how long an interpreter that ends takes to say so


def deliver_pending(store: GraphStore, casebook: Casebook) -> int:
    """Deliver pending applications, oldest first; returns how many. Safe to repeat and to race: adding a fact
    is idempotent.

    Raises StoreUnavailableError when store or casebook cannot be used: all that was not brought is still
    owed.
    """
    brought, at_once = 0, FEWEST
    while owed := casebook.outbox_pending(at_once):
        applications = [
            application for one in owed if (application := audit_record.read(one)[1].application) is not None
        ]
        added = store.add(Facts(applications=tuple(applications)))
        for _, position in added.conflicts:
            log.warning(
                "application %s was owed, and is known with other content: left as it was",
                applications[position].application_id,
            )
        casebook.outbox_delivered([one.assessment_id for one in owed])
        brought += len(owed)
        at_once = min(2 * at_once, MOST)
    return brought


def deliver_labels(store: GraphStore, casebook: Casebook) -> int:
    """Deliver the labels of verdicts that are owed to the store, oldest first; returns how many verdicts.
    Safe to repeat and to race.

    Raises StoreUnavailableError when store or casebook cannot be used: all that was not brought is still
    owed.
    """
    brought = 0
    while owed := casebook.owed_labels(MOST):
        store.add(Facts(labels=tuple(label for _, labels in owed for label in labels)))
        casebook.labels_delivered([verdict for verdict, _ in owed])
        brought += len(owed)
    return brought


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
    ) -> None:
        self._store = store
        self._casebook = casebook
        self._pause_s = pause_s
        self._investigators = investigators
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="settler", daemon=True)

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
                    log.warning("%d applications that were owed to the store are in it now", brought)
                if brought := deliver_labels(self._store, self._casebook):
                    log.warning(
                        "the labels of %d verdicts that were owed to the store are in it now", brought
                    )
                now = datetime.now(UTC)
                if shared := self._casebook.share_out(self._investigators, at=now, by=SHARER):
                    log.info("%d cases that nobody had are given to investigators", shared)
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
