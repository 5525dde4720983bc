"""What serves is monitored once a day by one process among all, and what is found is kept and shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import REGISTRY

from investigations.casebook import Casebook
from investigations.monitoring.record import KeptKind
from scripts.cli.commands.monitor import COMMAND
from service.app import create_app
from service.assessment.context import AppContext
from service.governance.monitoring.daily import monitor_and_keep
from service.jobs.monitor import DailyMonitor
from service.processes import serving
from service.settings import Settings
from service.wiring import wire
from tests.support.casebooks import assessment
from tests.support.models.made_bundles import made_bundle
from tests.support.small_service import Clock
from tests.support.small_worlds import day, random_facts
from tests.support.stores import HASH_KEY, open_store, store_url

NOON = 0.5
EVERYBODY = 40  # assessments a day


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    usual = {"probability": np.tile([0.02, 0.05], 300), "face_match": np.linspace(0, 1, 600)}
    made_bundle(tmp_path / "model", 0.02, usual=usual, trained_as_of=day(0).isoformat())
    with open_store(tmp_path / "store.db") as store:
        store.add(random_facts(3, people=20))
    return Settings(
        store=store_url(tmp_path / "store.db"),
        casebook=f"sqlite:///{tmp_path}/casebook.db",
        model=str(tmp_path / "model"),
        hash_key=HASH_KEY,
        timezone="UTC",
    )


@pytest.fixture
def context(settings: Settings) -> Iterator[AppContext]:
    opened = wire(settings, clock=Clock(now=day(11 + NOON)))
    yield opened
    opened.close()


def serve(casebook: Casebook, version: str, on: int, face: float | None = None) -> None:
    """A day's assessments, with faces like those of the training slice unless said otherwise."""
    for n in range(EVERYBODY):
        looks = n / EVERYBODY if face is None else face
        casebook.record(
            assessment(
                on * 1000 + n,
                as_of=day(on) + timedelta(minutes=n),
                recorded_by=1,
                probability=0.02 if n % 2 else 0.05,
                model_version=version,
                audit={"signals": {"face_match": looks}},
            )
        )


def version_of(context: AppContext) -> str:
    assert context.scorer is not None
    return context.scorer.version


def monitor(context: AppContext) -> Callable[[Callable[[], bool]], None]:
    """A run in this process."""

    def run(_: Callable[[], bool]) -> None:
        monitor_and_keep(context.settings, context.casebook, context.store, context.clock())

    return run


def test_whole_days_since_the_last_look_are_kept_and_drift_is_alarmed(context: AppContext) -> None:
    for on in range(8, 13):
        serve(context.casebook, version_of(context), on, face=0.01 if on >= 10 else None)
    book, settings = context.casebook, context.settings
    run = monitor_and_keep(settings, book, context.store, day(10 + NOON))
    assert run is not None
    assert [one.since for one in run.found.periods] == [day(8), day(9)]
    assert run.new == ()
    run = monitor_and_keep(settings, book, context.store, day(11 + NOON))
    assert run is not None
    assert [one.since for one in run.found.periods] == [day(9), day(10)]
    assert run.new == (), "one day is no drift yet"
    run = monitor_and_keep(settings, book, context.store, day(12 + NOON))
    assert run is not None
    assert [one.since for one in run.found.periods] == [day(10), day(11)], "none that goes on"
    assert [(one.name, one.since) for one in run.new] == [("face_match", day(10))]
    for later in (timedelta(hours=1), timedelta(days=9)):  # again, and after days without assessments
        again = monitor_and_keep(settings, book, context.store, day(12 + NOON) + later)
        assert again is not None
        assert [one.name for one in again.new] == []
        assert [one.alarm.name for one in book.monitoring.alarms()] == ["face_match"]
    assert len(book.monitoring.kept(KeptKind.DAY, day(0), day(99))) == 5


def test_an_old_model_is_alarmed_on_the_day_that_the_setting_says(context: AppContext) -> None:
    book = context.casebook
    early = monitor_and_keep(context.settings, book, context.store, day(90))
    late = monitor_and_keep(context.settings, book, context.store, day(90) + timedelta(minutes=1))
    assert early is not None
    assert late is not None
    assert ([one.code for one in early.new], [one.code for one in late.new]) == ([], ["model_age"])
    versions = create_app(context).test_client().get("/version").get_json()
    assert versions["model_alarms"] == ["model_age"]


def test_one_process_runs_once_a_day_and_shows_what_it_found(context: AppContext) -> None:
    for on in (9, 10):
        serve(context.casebook, version_of(context), on, face=0.01)
    clock = context.clock
    assert isinstance(clock, Clock)
    runs: list[int] = []

    def one(number: int) -> DailyMonitor:
        def run(going_on: Callable[[], bool]) -> None:
            assert going_on()
            runs.append(number)
            monitor(context)(going_on)

        return DailyMonitor(context, run)

    ours, theirs = one(0), one(1)
    ours.step()
    assert runs == [], "a service that has just started has other work"
    clock.now += timedelta(minutes=11)
    for _ in range(3):
        ours.step()
        theirs.step()
    assert runs == [0], "the other one waits"
    assert REGISTRY.get_sample_value("ringfence_drift_index", {"name": "face_match"}) > 0.25  # type: ignore[operator]
    assert REGISTRY.get_sample_value("ringfence_model_alarms", {"code": "signal_drift"}) == 1.0
    assert REGISTRY.get_sample_value("ringfence_owed_facts") == 0.0
    assert (REGISTRY.get_sample_value("ringfence_monitored_timestamp_seconds") or 0) > day(11).timestamp()
    ours.close()
    clock.now += timedelta(hours=25)
    for _ in range(3):
        ours.step()
        theirs.step()
    assert runs == [0, 1], "who is closed leaves it to the other one"


def test_a_clock_that_was_ahead_stops_no_monitoring(context: AppContext) -> None:
    serve(context.casebook, version_of(context), 10)
    clock, runs = context.clock, list[float]()
    assert isinstance(clock, Clock)

    def run(going_on: Callable[[], bool]) -> None:
        runs.append(1)
        monitor(context)(going_on)

    job = DailyMonitor(context, run)
    clock.now += timedelta(days=365)
    job.step()
    assert len(runs) == 1
    clock.now = day(11 + NOON)
    for expected in (2, 2, 3):  # at once, not again on that day, and on the next
        job.step()
        assert len(runs) == expected
        clock.now += timedelta(hours=13)


def test_a_run_that_keeps_nothing_is_tried_again_after_an_hour_and_none_never(context: AppContext) -> None:
    clock = context.clock
    assert isinstance(clock, Clock)
    runs: list[int] = []
    job = DailyMonitor(context, lambda _: runs.append(1))
    clock.now += timedelta(minutes=11)
    for _ in range(5):
        job.step()
    assert runs == [1]
    clock.now += timedelta(minutes=61)
    job.step()
    assert runs == [1, 1]
    job._every = timedelta(0)
    clock.now += timedelta(days=9)
    job.step()
    assert runs == [1, 1]


def test_the_command_keeps_what_the_service_would(
    context: AppContext, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("store", "casebook", "model", "hash_key", "timezone"):
        monkeypatch.setenv(f"RINGFENCE_{name.upper()}", getattr(context.settings, name))
    for on in (9, 10):
        serve(context.casebook, version_of(context), on, face=0.01)
    assert COMMAND.main(["--keep", "--until", "2025-01-12", "--json"]) == 0
    assert '"new_alarms":[{"code":"signal_drift"' in capsys.readouterr().out.replace('": ', '":')
    assert len(context.casebook.monitoring.alarms()) == 1
    assert COMMAND.main(["--json"]) == 2


def test_the_process_of_a_run_keeps_it_and_ends(context: AppContext, monkeypatch: pytest.MonkeyPatch) -> None:
    from service.jobs.monitor import run_beside

    for name, value in context.settings.to_environment().items():
        monkeypatch.setenv(name, value)
    run_beside(lambda: True)
    kept = context.casebook.monitoring.latest(KeptKind.RUN, day(9_999))
    assert kept is not None
    assert kept.model_version == version_of(context)
    assert {one.alarm.code for one in context.casebook.monitoring.alarms()} == {"model_age"}


def test_a_service_that_watches_nothing_still_seals_its_audit_and_monitors() -> None:
    assert "service.processes.watch" in serving._beside(Settings(watch="off", webhooks=""))
