"""Lanes: bounded queues with their own threads, so that one kind of request never waits behind another."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Lock, Thread

from service.http.front.wsgi import Answer, Environ

log = logging.getLogger("ringfence.front")


Turn = Callable[[], AbstractContextManager[None]]


@dataclass(slots=True, eq=False)
class Job:
    """A request that was read whole. `done` is called with its answer, from a lane's thread; `gone` is set
    when nobody waits for it any more.
    """

    environ: Environ
    done: Callable[[Answer], None]
    gone: bool = field(default=False)


class Lane:
    """Up to `bound` requests wait, and `threads` of them are worked on. `turn` makes the turn that each
    needs, if any.
    """

    def __init__(
        self,
        name: str,
        run: Callable[[Environ], Answer],
        *,
        bound: int,
        threads: int = 1,
        turn: Turn | None = None,
    ) -> None:
        self._run = run
        self._turn = turn
        self._bound = bound
        self._waiting = 0
        self._lock = Lock()
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._threads = [Thread(target=self._work, name=f"{name}-{n}", daemon=True) for n in range(threads)]
        for thread in self._threads:
            thread.start()

    def take(self, job: Job) -> bool:
        """Let a request wait in this lane; False when the lane is full."""
        with self._lock:
            if self._waiting >= self._bound:
                return False
            self._waiting += 1
        self._queue.put(job)
        return True

    def end(self) -> None:
        """Finish what waits, and end the threads; nobody waits for that."""
        for _ in self._threads:
            self._queue.put(None)

    def join(self, until: float) -> None:
        """Wait for the threads' end, no longer than `until` (monotonic seconds)."""
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0.0))

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            with self._lock:
                self._waiting -= 1
            if not job.gone:
                job.done(self._answer(job.environ))

    def _answer(self, environ: Environ) -> Answer:
        try:
            if self._turn is None:
                return self._run(environ)
            with self._turn():
                return self._run(environ)
        except (
            Exception
        ):  # the application answers every error itself; what comes here is a fault in how it was called
            log.exception("a request could not be answered")
            return Answer.bare(500)


def close_all(lanes: Sequence[Lane], seconds: float) -> None:
    """Finish what waits in all of them, which together have so long; whatever takes longer is given up."""
    for lane in lanes:
        lane.end()
    until = time.monotonic() + seconds
    for lane in lanes:
        lane.join(until)
