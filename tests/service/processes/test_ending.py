"""A service that is told to end tells all that it does at once, and so ends soon whatever each is at."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread, current_thread

import pytest

from service.http.front import lanes
from service.http.front.lanes import Job, Lane
from service.http.front.wsgi import Answer
from service.threads import periodic_thread
from service.threads.periodic_thread import PeriodicThread

SECONDS = 20.0  # more than it takes any machine


class Waits:
    """Work that comes to its end once another thread has ended, and gives up after a while."""

    def __init__(self) -> None:
        self.other, self.began, self.met = Thread(), Event(), False

    def __call__(self) -> None:
        self.began.set()
        self.other.join(SECONDS / 4)
        self.met = not self.other.is_alive()


def periodic(work: Callable[[], None]) -> PeriodicThread:
    def step() -> bool:
        work()
        return True

    thread = PeriodicThread(step)
    thread.wake()
    return thread


def test_background_threads_are_all_told_to_end_before_any_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(periodic_thread, "ENDS_S", SECONDS)
    busy, ran, there = Waits(), Event(), [Thread()]

    def idle() -> None:
        there[0] = current_thread()
        ran.set()

    other = periodic(idle)
    assert ran.wait(SECONDS)
    busy.other = there[0]
    at_work = periodic(busy)
    assert busy.began.wait(SECONDS)
    periodic_thread.close_all((at_work, other))
    assert busy.met


def test_requests_of_all_lanes_finish_side_by_side_at_the_end() -> None:
    busy, there = Waits(), [Thread()]

    def idle(_: object) -> Answer:
        there[0] = current_thread()
        return Answer.bare(200)

    def at_work(_: object) -> Answer:
        busy()
        return Answer.bare(200)

    answers, answered = list[Answer](), Event()

    def done(answer: Answer) -> None:
        answers.append(answer)
        answered.set()

    one, other = Lane("one", at_work, bound=1), Lane("other", idle, bound=1)
    assert other.take(Job({}, done))
    assert answered.wait(SECONDS)
    busy.other = there[0]
    assert one.take(Job({}, done))
    assert busy.began.wait(SECONDS)
    lanes.close_all((one, other), SECONDS)
    assert busy.met
    assert [answer.status for answer in answers] == [200, 200]
