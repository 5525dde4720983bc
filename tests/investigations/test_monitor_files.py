"""What monitoring finds is kept: each day once, each alarm once while its cause lasts, and others hear."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from threading import Barrier, Thread

import pytest

from investigations.casebook import Casebook
from investigations.monitoring.alarms import DRIFTS, Alarm, AlarmCode
from investigations.monitoring.record import Kept, KeptKind, MonitorRun
from investigations.watch.messages import MessageType
from tests.support.small_worlds import day

OLD = Alarm(AlarmCode.MODEL_AGE, day(9), "it is old")
MOVED = Alarm(AlarmCode.SIGNAL_DRIFT, day(10), "it moved", "face_match")
OTHER = Alarm(AlarmCode.SIGNAL_DRIFT, day(10), "it moved", "liveness")
LOOKED = frozenset({AlarmCode.MODEL_AGE, *DRIFTS})


@pytest.fixture
def book(casebook_url: str) -> Iterator[Casebook]:
    with Casebook(casebook_url) as opened:
        yield opened


def run(at: float, *alarms: Alarm, version: str = "m", **changes: object) -> MonitorRun:
    rows = [
        Kept(kind=KeptKind.DAY, since=day(at - 1), model_version=version, content={"assessments": at}),
        Kept(kind=KeptKind.RUN, since=day(at), model_version=version, content={"label_delay": None}),
    ]
    found = MonitorRun(at=day(at), model_version=version, rows=rows, alarms=alarms, looked_at=LOOKED)
    return replace(found, **changes)  # type: ignore[arg-type]


def lasting(book: Casebook) -> set[str]:
    return {one.alarm.name or one.alarm.code.value for one in book.monitoring.alarms()}


def told(book: Casebook) -> list[tuple[str, list[str]]]:
    book.messages.address({"engine": lambda message: True}, day(99))
    sent = [one.message for one in book.messages.deliveries(None)]
    assert {(one.type, one.subject) for one in sent} <= {(MessageType.MODEL_ALARM, "model:m")}
    return [(one.data["code"], one.data["names"]) for one in sorted(sent, key=lambda one: one.position)]


def test_an_alarm_is_kept_and_told_once_while_its_cause_lasts(book: Casebook) -> None:
    assert book.monitoring.keep(run(11, OLD, MOVED)) == (OLD, MOVED)
    assert book.monitoring.keep(run(12, OLD, replace(MOVED, sentence="more"), OTHER)) == (OTHER,)
    assert lasting(book) == {"model_age", "face_match", "liveness"}
    assert told(book) == [("model_age", []), ("signal_drift", ["face_match"]), ("signal_drift", ["liveness"])]


def test_an_alarm_ends_when_it_could_be_raised_and_is_not_and_may_come_again(book: Casebook) -> None:
    book.monitoring.keep(run(11, OLD, MOVED))
    book.monitoring.keep(run(12, looked_at=frozenset({AlarmCode.MODEL_AGE})))
    assert lasting(book) == {"face_match"}, "nothing was served that day: nobody knows"
    book.monitoring.keep(run(13))
    assert lasting(book) == set()
    assert book.monitoring.keep(run(14, MOVED)) == (MOVED,)
    ended = [(one.alarm.code, one.found_at, one.ended_at) for one in book.monitoring.alarms(lasting=False)]
    assert ended == [
        (AlarmCode.SIGNAL_DRIFT, day(14), None),
        (AlarmCode.SIGNAL_DRIFT, day(11), day(13)),
        (AlarmCode.MODEL_AGE, day(11), day(12)),
    ]


def test_the_alarms_of_a_model_end_when_another_one_is_monitored(book: Casebook) -> None:
    book.monitoring.keep(run(11, OLD, MOVED))
    book.monitoring.keep(run(12, version="n", looked_at=frozenset()))
    assert lasting(book) == set()


def test_a_day_that_is_looked_at_again_is_said_anew_and_by_model(book: Casebook) -> None:
    book.monitoring.keep(run(11))
    book.monitoring.keep(run(12))
    again = replace(run(12).rows[0], content={"assessments": 7})
    book.monitoring.keep(run(12.5, rows=[again]))
    book.monitoring.keep(run(12, version="n"))
    kept = book.monitoring.kept(KeptKind.DAY, day(0), day(20), "m")
    assert [(one.since, one.content["assessments"]) for one in kept] == [(day(10), 11), (day(11), 7)]
    assert len(book.monitoring.kept(KeptKind.DAY, day(11), day(12))) == 2
    latest = book.monitoring.latest(KeptKind.RUN, day(20), "m")
    assert latest is not None
    assert latest.since == day(12)
    early = book.monitoring.latest(KeptKind.RUN, day(11), "m")
    assert early is not None
    assert early.since == day(11), "what a clock that was ahead left behind is not the latest"
    assert book.monitoring.latest(KeptKind.MONTH, day(20)) is None


def test_of_runs_at_once_one_raises_the_alarm(casebook_url: str, book: Casebook) -> None:
    ready, new = Barrier(4), list[tuple[Alarm, ...]]()

    def keep(number: int) -> None:
        with Casebook(casebook_url) as own:
            ready.wait()
            new.append(own.monitoring.keep(run(11 + number / 100, MOVED)))

    threads = [Thread(target=keep, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, new)) == [0, 0, 0, 1]
    assert len(told(book)) == 1
