"""What the front passes to the application with a request: arrival time, refusal, and a call that yields to
other requests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

ENVIRON_KEY = "ringfence.handed"  # its place in a WSGI environ


def _nobody_waits() -> None:
    """Where there is no front, nobody waits."""


@dataclass(frozen=True, slots=True)
class Handover:
    """`arrived`: when the head of the request was read at the socket (`perf_counter`, seconds). `refused`:
    why it goes no further. `ending`: whether this worker was told to end.

    `give_way` lets those who wait have their turn; a long piece of work calls it between its slices. It
    raises CallerGone when the caller has gone away meanwhile: nobody would read the answer.
    """

    arrived: float = field(default_factory=perf_counter)
    refused: Exception | None = None
    give_way: Callable[[], None] = _nobody_waits
    ending: bool = False


class CallerGone(Exception):
    """The caller has closed the connection."""
