"""The production server: its workers are kept running, with what runs beside them, and all end together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings

from service.http.front.ending import longest
from service.processes.supervisor import LOOKS_S, Beside, KeptRunning, Supervisor
from service.settings import Settings

log = logging.getLogger("ringfence.processes")
HEADER_MS = 30_000  # how long the head of a request may take to come, and how long an idle connection is kept
HEADER_BYTES = 65_536  # of a request's head, at most
# of one worker, open at once; each costs a file and a few kilobytes, however little is sent through it
CONNECTIONS = 4_096
BACKLOG = 2_048  # connections that wait to be taken
BESIDE_S = 5.0  # how long a process beside the workers may take to end: what it leaves, the next one does


class WorkerServer(Granian):  # type: ignore[misc]
    """Granian, which by itself would end all where a worker dies twice within 5.5 s. Its sockets, workers and
    signals are used as they are; looking after the workers is ours.
    """

    def __init__(
        self,
        target: str,
        beside: Sequence[str],
        drain_s: float,
        count: Callable[[str], None],
        **server: Any,
    ) -> None:
        """`beside`: modules that run as processes; `drain_s`: for so long workers go on once told to end;
        `count` is told which kind of process is begun again.
        """
        super().__init__(target, factory=True, **server)
        self._beside, self._drain_s = tuple(Beside(module, BESIDE_S) for module in beside), drain_s
        self._count = count
        self._supervisor = Supervisor(())

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        def again(number: int) -> None:
            self._respawn_workers([number], spawn_target, target_loader)

        for one in self._beside:
            one.begin()
        ends_s = longest(self._drain_s)
        workers = [_Worker(self.wrks, number, ends_s, again) for number in range(self.workers)]
        self._supervisor = Supervisor(
            (*workers, *self._beside), count=lambda name: self._count(name.partition(" ")[0])
        )
        while not self.interrupt_signal:
            self.main_loop_interrupt.wait(LOOKS_S)
            if not self.interrupt_signal:
                self.main_loop_interrupt.clear()
                self._supervisor.look()
                if self._supervisor.all_in_vain(one.name for one in workers):
                    log.error("no worker can start: the service ends")
                    return

    def _stop_workers(self) -> None:
        if self.interrupt_signal:
            self.interrupt_children.clear()  # what died meanwhile is no fault of this end: its status is 0
        self._supervisor.end()
        self.wrks.clear()


class _Worker(KeptRunning):
    """The worker of that number; granian has started it."""

    def __init__(self, workers: list[Any], number: int, ends_s: float, again: Callable[[int], None]) -> None:
        self.name, self.ends_s = f"worker {number + 1}", ends_s
        self._workers, self._number, self._again = workers, number, again

    def begin(self) -> None:
        self._again(self._number)

    def ended(self) -> int | None:
        status: int | None = self._workers[self._number].inner.exitcode
        return status

    def tell(self) -> None:
        self._workers[self._number].terminate()

    def kill(self) -> None:
        self._workers[self._number].kill()
        self._workers[self._number].join()


def server(
    target: str, settings: Settings, beside: Sequence[str], count: Callable[[str], None]
) -> WorkerServer:
    """The production server around what makes a worker's front, and `WorkerServer` around that."""
    return WorkerServer(
        target,
        beside,
        settings.drain_seconds,
        count,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MS, max_buffer_size=HEADER_BYTES),
        websockets=False,
        backlog=BACKLOG,
        backpressure=CONNECTIONS,
        log_level="warning",
    )
