"""Self-check: recomputes a share of answers through the store's own view, to notice a frame that differs from
its store.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import BoundedSemaphore

import numpy as np

from graph.facts.tables import Column
from graph.features.compute import FeatureExtractor
from graph.features.read_neighbourhood import read_neighbourhood
from graph.model.errors import StoreError
from graph.store.evidence import Subject
from graph.store.port import GraphStore

log = logging.getLogger("ringfence.self_check")

WAITING = 8  # checks that may run or wait; beyond, an answer is not checked


class SelfCheck:
    """Recomputes a `share` of assessments in a thread of its own, after they were answered; `count` is called
    with each result.
    """

    def __init__(self, store: GraphStore, share: float) -> None:
        self.count: Callable[[str], None] = lambda result: None
        self._store = store
        self._one_in = round(1 / share) if share > 0 else 0
        self._room = BoundedSemaphore(WAITING)
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="self-check")

    def sometimes(self, subject: Subject, as_of: datetime, revision: int, row: Column) -> None:
        """Perhaps see whether the store's own view gives the same features of the subject, as
        `graph.features.extraction.names` has them.
        """
        if self._one_in and secrets.randbelow(self._one_in) == 0 and self._room.acquire(blocking=False):
            self._executor.submit(self._check, subject, as_of, revision, row)

    def close(self) -> None:
        """Wait for the check that is under way; what still waits is not checked."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _check(self, subject: Subject, as_of: datetime, revision: int, row: Column) -> None:
        result = "failed"
        try:
            result = "equal" if self._is_equal(subject, as_of, revision, row) else "unequal"
            if result == "unequal":
                log.error(
                    "the frame and the store see another %s as of %s, mark %d: remove the frame's folder",
                    subject.node,
                    as_of,
                    revision,
                )
        except StoreError as error:
            log.warning("%s could not be looked at again: %s", subject.node, error)
        except Exception:  # nobody waits for this thread to say it
            log.exception("%s could not be looked at again", subject.node)
        finally:
            self.count(result)
            self._room.release()

    def _is_equal(self, subject: Subject, as_of: datetime, revision: int, row: Column) -> bool:
        n, _ = read_neighbourhood(self._store.view(as_of, revision), subject)
        return bool(np.array_equal(FeatureExtractor().row(n)[0], row, equal_nan=True))
