"""A year in which fraud changes: who learned before is beaten by who learned after, through the gate, on
applications that neither has seen, and the service goes along, forward and back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from gnn.training import train_model
from graph.model.types import Facts
from scripts.cli.main import main
from service.app import create_app
from service.jobs.champion import ChampionFollower
from service.wiring import wire
from tests.support.small_models import SMALL
from tests.support.small_service import Clock, body, settings_in
from tests.support.small_worlds import START, day, fraud, random_facts
from tests.support.stores import HASH_KEY, open_url, sqlite_only

CHANGES = 240  # the day from which on faces that match too well are frauds too
PLAN = replace(SMALL, capacity=0.2, rounds=40)


def year() -> Facts:
    """Frauds hardly look like their documents, and from the ninth month on some look too much like them."""
    facts = random_facts(23, people=500, days=360)

    def is_fraud(face: float, on: float) -> bool:
        return face < 0.1 or (on >= CHANGES and face > 0.85)

    moments = ((a, (a.applied_at - START) / timedelta(days=1)) for a in facts.applications)
    found = [(a.application_id, on) for a, on in moments if is_fraud(a.face_match or 0.5, on)]
    return replace(facts, labels=tuple(fraud(one, on + 4 + n % 9) for n, (one, on) in enumerate(found)))


@dataclass(frozen=True)
class House:
    """A lender with a store, a registry, and two trainings."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str, status: int = 0) -> dict[str, Any]:
        settings = settings_in(self.folder)
        given = ["--store", settings.store, "--registry", str(self.folder / "registry"), "--json"]
        assert main(["models", *arguments, *given]) == status
        out: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        return out

    def trained(self, name: str, as_of: float) -> str:
        """The version of a model that learned until then, as a candidate."""
        with open_url(settings_in(self.folder).store) as store:
            train_model(store, day(as_of), self.folder / name, PLAN)
        self.capsys.readouterr()
        return str(self.run("add", str(self.folder / name))["version"])

    def promote(self, version: str, on: float, status: int = 0) -> dict[str, Any]:
        return self.run("promote", version, "--as-of", day(on).isoformat(), status=status)

    def compare(self, one: str, other: str, on: float) -> dict[str, Any]:
        return self.run("compare", one, other, "--as-of", day(on).isoformat())


@pytest.fixture
def house(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    with open_url(settings_in(tmp_path).store) as store:
        store.add(year())
    return House(tmp_path, capsys)


@pytest.fixture
def served(house: House) -> Iterator[Flask]:
    """A service that follows the registry, one look at a time."""
    settings = settings_in(house.folder, registry=str(house.folder / "registry"))
    before = house.trained("before", 150)
    house.promote(before, 230)
    with closing(wire(settings, clock=Clock(day(361)))) as context:
        yield create_app(context)


def answered(app: Flask, name: str) -> dict[str, Any]:
    """By whichever champion the registry has now, to somebody whose face matches too well."""
    context = app.extensions["ringfence"]
    ChampionFollower(context.models, lambda: context, lambda now: app.extensions.update(ringfence=now)).step()
    reported = body(name, applied_at=day(360).isoformat(), face_match=0.97)
    answer: dict[str, Any] = app.test_client().post("/risk", json=reported).get_json()
    return answer


@sqlite_only
@pytest.mark.slow
def test_when_fraud_changes_who_learned_it_wins_the_gate_and_serves(house: House, served: Flask) -> None:
    (before,) = [name for name, one in house.run("list").items() if isinstance(one, dict)]
    blind = answered(served, "new-trick-1")
    after = house.trained("after", 310)
    house.run("shadow", after)
    found = house.compare(before, after, 360)
    assert found["difference"]["recall_at_capacity"]["low"] > 0.05
    assert min(found[version]["latency_ms"] for version in (before, after)) > 0
    won = house.promote(after, 360)
    assert (won["passed"], won["against"], won["failed"]) == (True, before, [])
    sharp = answered(served, "new-trick-2")
    assert (blind["models"][0]["version"], sharp["models"][0]["version"]) == (before, after)
    assert sharp["probability"] > 2 * blind["probability"]
    house.promote(before, 360, status=1)  # the old one does not come back through the gate
    assert house.run("rollback", "--reason", "to see it")["version"] == before
    back = answered(served, "new-trick-3")
    assert back["models"][0]["version"] == before
    for answer in (blind, sharp, back):
        again = served.test_client().get(f"/risk/{answer['assessment_id']}/replay").get_json()
        assert again["equal"], again["differences"]
