"""Whatever is compiled at first use is compiled before the first caller comes."""

from __future__ import annotations

from pathlib import Path

import pytest
from numba.core import event

from graph.model.errors import StoreUnavailableError
from investigations.assessments import Level
from investigations.policy import Policy
from service import readiness
from service.assessment import warm_up
from service.assessment.warm_up import exercise_kernels
from tests.support.small_service import PlainModel, body, risk, service
from tests.support.small_worlds import random_facts


def test_warming_up_is_an_answer_in_full_with_somebody_known_for_fraud_beside() -> None:
    seen, concluded = exercise_kernels(PlainModel(), Policy())  # type: ignore[arg-type]
    assert seen.degraded.level is Level.FULL
    assert seen.findings.signals["strong_bad"] == 1.0
    assert concluded.reasons


@pytest.mark.parametrize("error", [StoreUnavailableError("database or disk is full"), OSError(28, "No room")])
def test_a_service_whose_temp_folder_is_full_does_not_wait_for_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    tried = list[object]()

    def full(path: Path) -> None:
        tried.append(path)
        raise error

    context = service(tmp_path)
    monkeypatch.setattr(warm_up, "SqliteStore", full)
    readiness.warm(context)
    assert len(tried) == 1
    assert "the first answers may be late" in caplog.text
    assert risk(context, body("live-1"))["degraded"]["level"] == "full"
    context.close()


def test_minutes_of_compiling_take_nothing_of_the_time_that_a_late_store_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now, tried = [0.0], list[float]()

    def compiles_and_finds_a_late_store(_: object) -> None:
        now[0] += 20.0 if tried else 600.0  # a busy machine, the first time
        tried.append(now[0])
        if len(tried) < 4:
            raise StoreUnavailableError("it plans its statements")

    context = service(tmp_path)
    monkeypatch.setattr(readiness, "monotonic", lambda: now[0])
    monkeypatch.setattr(readiness, "warm_up", compiles_and_finds_a_late_store)
    readiness.warm(context)
    assert len(tried) == 4
    assert "answers late" not in caplog.text
    context.close()


def test_after_it_no_answer_waits_for_a_compiler(tmp_path: Path) -> None:
    everything = dict.fromkeys(
        ("strong_people", "phone_holders", "days_since_application", "ml_12m_phone_all_lenders"), 0.5
    )
    context = service(tmp_path, random_facts(2), scorer=PlainModel(weights=everything))
    compiled: list[object] = []

    class Heard(event.Listener):
        def on_start(self, event: event.Event) -> None:
            compiled.append(event.data.get("dispatcher"))

        def on_end(self, event: event.Event) -> None:
            pass

    listener = Heard()
    event.register("numba:compile", listener)
    try:
        for n in range(12):
            risk(
                context,
                body(
                    f"new-{n}",
                    applicant_id=f"p{n:03d}",
                    device_id="device0",
                    stage="monitoring" if n % 3 == 2 else "application",
                    variables=["ml_6h_ring_night_apps", "ml_phone_burst_1h", "ml_7d_phone_ids"],
                ),
            )
    finally:
        event.unregister("numba:compile", listener)
        context.close()
    assert compiled == []
