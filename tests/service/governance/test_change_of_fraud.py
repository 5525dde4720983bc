"""A year in which fraud changes: drift is alarmed, who learned what came wins in shadow and passes the gate,
is promoted under traffic without a lost or mixed answer, and is rolled back.
"""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gnn.training.run import train_model
from investigations.casebook import Casebook
from scripts.cli.main import main
from service.app import create_app
from service.assessment.assess import warm_up
from service.assessment.context import AppContext
from service.governance.monitoring.daily import monitor_and_keep
from service.settings import Settings
from service.wiring import wire
from tests.support.casebooks import assessment
from tests.support.models.made_bundles import made_bundle
from tests.support.models.small_models import SMALL
from tests.support.service.running_service import Running
from tests.support.service.traffic import Traffic
from tests.support.small_service import Clock, body, settings_in
from tests.support.small_worlds import day, facts_of
from tests.support.stores import HASH_KEY, open_url, sqlite_only
from tests.support.worlds.changed_fraud import CHANGES, FORGERS, HONEST, Asked, as_facts, labels, year

PLAN = replace(SMALL, capacity=0.15, rounds=40)
LEARNED, PROMOTED, WATCHED = 180, 227, 228  # days
WITHIN = 1  # days after the change; measured: see docs/monitoring.md
LEARNED_ANEW, JUDGED = 300, 345
IN_SHADOW = range(LEARNED_ANEW, LEARNED_ANEW + 7)


@dataclass(frozen=True)
class Lender:
    """A lender with a store, a registry and a casebook in a folder."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str, status: int = 0) -> dict[str, Any]:
        """What a command with the registry and the store says."""
        given = ["--store", self.settings().store, "--registry", str(self.folder / "registry")]
        assert main([*arguments, *given, "--json"]) == status
        out: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        return out

    def models(self, *arguments: str, status: int = 0) -> dict[str, Any]:
        return self.run("models", *arguments, status=status)

    def shadow(self, version: str) -> dict[str, Any]:
        """What a model says of all that was assessed since it learned, beside what was served."""
        since = ("--since", day(LEARNED_ANEW).isoformat(), "--casebook", self.settings().casebook)
        self.run("shadow", "run", version, *since)
        return self.run("shadow", "report", version, *since)

    def trained(self, name: str, as_of: float) -> str:
        """The version of a model that learned until then, as a candidate."""
        with open_url(settings_in(self.folder).store) as store:
            train_model(store, day(as_of), self.folder / name, PLAN)
        self.capsys.readouterr()
        return str(self.models("add", str(self.folder / name))["version"])

    def promote(self, version: str, on: float, status: int = 0) -> dict[str, Any]:
        return self.models("promote", version, "--as-of", day(on).isoformat(), status=status)

    def settings(self) -> Settings:
        return settings_in(self.folder, registry=str(self.folder / "registry"), timezone="UTC")

    def context(self) -> AppContext:
        return wire(self.settings(), clock=Clock(step=timedelta(0)))


@pytest.fixture
def lender(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Lender:
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    monkeypatch.setenv("RINGFENCE_MONITOR_HOURS", "0")  # the test's own days, not the clock's
    monkeypatch.setenv("RINGFENCE_REGISTRY_SECONDS", "0.2")
    return Lender(tmp_path, capsys)


def assessed(lender: Lender, asked: list[Asked]) -> None:
    """Each application is assessed at its own moment."""
    with closing(lender.context()) as context:
        warm_up(context)
        client, clock = create_app(context).test_client(), context.clock
        assert isinstance(clock, Clock)
        for one in asked:
            clock.now = day(one.on)
            answer = client.post("/risk", json=one.as_request())
            assert answer.status_code == 200, answer.text


def monitored(lender: Lender, days: range) -> dict[int, set[str]]:
    """What was alarmed anew by the run after each day; none of them sees what came later."""
    settings, alarmed = lender.settings(), dict[int, set[str]]()
    with Casebook(settings.casebook) as casebook, open_url(settings.store) as store:
        for on in days:
            run = monitor_and_keep(settings, casebook, store, day(on + 1))
            assert run is not None
            alarmed[on] = {one.name or one.code.value for one in run.new}
    return alarmed


def test_the_second_day_of_another_fraud_is_alarmed_and_no_day_before(tmp_path: Path) -> None:
    asked = year(days=45, changes=42)
    usual = {
        "face_match": np.array([one.face for one in asked if one.on < 35]),
        "linking.device": np.zeros(35 * (HONEST + FORGERS)),
    }
    made_bundle(tmp_path / "model", 0.02, usual=usual, trained_as_of=day(35).isoformat())
    settings = settings_in(tmp_path, model=str(tmp_path / "model"), timezone="UTC")
    with open_url(settings.store) as store, Casebook(settings.casebook) as casebook:
        store.add(as_facts(asked))
        for n, one in enumerate(one for one in asked if one.on >= 35):
            signals = {"signals": {"face_match": one.face}}
            casebook.record(
                assessment(n, as_of=day(one.on), applicant_id=one.name, model_version=None, audit=signals)
            )
        runs = [monitor_and_keep(settings, casebook, store, day(on + 1)) for on in range(35, 44)]
    alarmed = [{one.name for one in run.new} for run in runs if run is not None]
    assert alarmed == [*([set()] * 8), {"linking.device"}], "on the second day of the crews"


@sqlite_only
@pytest.mark.slow
def test_when_fraud_changes_it_is_alarmed_and_who_learned_it_serves_under_traffic(lender: Lender) -> None:
    everybody = year()
    days = range(WATCHED, CHANGES + WITHIN + 1)
    watched = [one for one in everybody if int(one.on) in days]
    witnessed = [one for one in everybody if int(one.on) in IN_SHADOW]
    beside = [one for one in everybody if int(one.on) not in (*days, *IN_SHADOW)]
    with open_url(settings_in(lender.folder).store) as store:
        store.add(as_facts(beside))
    before = lender.trained("before", LEARNED)
    lender.promote(before, PROMOTED)

    assessed(lender, watched)
    alarmed = monitored(lender, days)
    assert not any(alarmed[on] for on in days if on < CHANGES), "nothing had changed"
    first = {name: on for on in reversed(alarmed) for name in alarmed[on]}
    assert first["linking.device"] - CHANGES <= WITHIN
    assert first["device_holders"] - CHANGES <= WITHIN

    with open_url(settings_in(lender.folder).store) as store:
        store.add(facts_of(*labels(watched)))
    after = lender.trained("after", LEARNED_ANEW)
    lender.models("shadow", after)
    assessed(lender, witnessed)
    with open_url(settings_in(lender.folder).store) as store:
        store.add(facts_of(*labels(witnessed)))
    shown = lender.shadow(after)
    assert (shown["answered"], shown["failed"]) == (len(witnessed), 0)
    assert shown["judged"]["gain"]["recall_at_capacity"]["low"] > 0.1, "the challenger wins in shadow"
    won = lender.models("compare", before, after, "--as-of", day(JUDGED).isoformat())
    assert won["difference"]["recall_at_capacity"]["low"] > 0.1

    registry, casebook = lender.folder / "registry", lender.folder / "casebook.db"
    service = Running.started(lender.folder / "store.db", registry, casebook, model_as="--registry")
    try:
        with Traffic(service, crew_member) as traffic:
            traffic.until(before)
            promoted = lender.promote(after, JUDGED)
            traffic.until(after)
            assert lender.models("rollback", "--reason", "to see it")["version"] == before
            traffic.until(before)
        replays = [
            json.loads(service.ask("GET", f"/risk/{one['assessment_id']}/replay")[1])
            for one in (*traffic.of(before)[-5:], *traffic.of(after)[-5:])
        ]
    finally:
        service.end()
    assert (promoted["passed"], promoted["against"], promoted["failed"]) == (True, before, [])
    assert traffic.wrong == [], "no answer is lost"
    assert len(traffic.of(before)) + len(traffic.of(after)) == len(traffic.answers)
    assert {answer["degraded"]["level"] for answer in traffic.answers} == {"full"}
    kinds = {(answer["models"][0]["version"], answer["policy_version"]) for answer in traffic.answers}
    assert len(kinds) == 2, "no answer is of two models"
    assert all(again["equal"] for again in replays)
    assert max(one["probability"] for one in traffic.of(before)) < min(
        one["probability"] for one in traffic.of(after)
    )
    lender.promote(after, JUDGED)
    lender.promote(before, JUDGED, status=1)  # the old one does not come back through the gate


def crew_member(number: int, n: int) -> dict[str, Any]:
    """Somebody of a crew with a perfect face, on the device of a crew that is known."""
    return body(
        f"live-{number}-{n}",
        applicant_id=f"new{number}-{n}",
        applied_at=None,
        device_id=f"6f1f{10_000_000 + CHANGES:012x}",
        phone=f"+86 151{number:02d}{n:06d}",
        national_id=None,
        face_match=0.98,
    )
