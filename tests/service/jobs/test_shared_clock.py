"""All machines on one casebook tell the moment alike, whatever their own clocks say."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from graph.model.errors import StoreUnavailableError
from service import clock
from service.app import create_app
from service.clock import LOOKS_EVERY_S, SharedClock, clock_of, system_clock
from service.jobs.machines import Machines
from service.leases import Lease
from service.opening import open_casebook, open_store
from service.wiring import wire
from tests.support.small_service import PlainModel, body, key, settings_in
from tests.support.small_worlds import random_facts

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class World:
    """A moment that passes, the steady clock of a machine in it, and how long a question takes."""

    now, tick, takes, away = NOON, 700.0, 0.0, False

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.tick += seconds

    def ask(self) -> datetime:
        if self.away:
            raise StoreUnavailableError("away")
        self.pass_by(self.takes)
        told = self.now
        self.pass_by(self.takes)
        return told


def machine_in(world: World) -> SharedClock:
    return SharedClock(world.ask, lambda: world.tick)


def test_a_moment_goes_on_between_two_looks_at_the_clock_of_all() -> None:
    world = World()
    with closing(machine_in(world)) as here:
        world.pass_by(14)
        assert here() == NOON + timedelta(seconds=14)


def test_an_answer_that_was_long_on_its_way_tells_the_moment_of_its_arrival() -> None:
    world = World()
    world.takes = 0.02
    with closing(machine_in(world)) as here:
        assert abs(here() - world.now) < timedelta(milliseconds=1)


def test_a_look_that_took_long_puts_no_clock_wrong() -> None:
    world = World()
    with closing(machine_in(world)) as here:
        world.now += timedelta(seconds=1)  # what the answers of a busy database could look like
        world.takes = 3.0
        here.look()
        assert here() == world.now - timedelta(seconds=1)


def test_a_clock_of_all_that_was_put_right_is_followed() -> None:
    world = World()
    with closing(machine_in(world)) as here:
        world.now -= timedelta(minutes=5)
        here.look()
        assert here() == world.now


def test_a_machine_that_can_ask_nobody_goes_on_by_what_it_knows() -> None:
    world = World()
    with closing(machine_in(world)) as here:
        world.away = True
        with pytest.raises(StoreUnavailableError):
            here.look()
        world.pass_by(300)
        assert here() == world.now


def test_whoever_looks_after_a_while_has_the_clock_of_all_asked_again() -> None:
    world, asked = World(), list[float]()

    def ask() -> datetime:
        asked.append(world.tick)
        return world.ask()

    with closing(SharedClock(ask, lambda: world.tick)) as here:
        first = len(asked)
        here()
        assert len(asked) == first
        world.pass_by(2 * LOOKS_EVERY_S + 1)
        here()
        here._looking.close()  # after its step
        assert len(asked) > first


def test_an_embedded_casebook_is_told_by_the_clock_of_its_machine(tmp_path: Path) -> None:
    with closing(open_casebook(f"sqlite:///{tmp_path}/casebook.db")) as casebook:
        assert clock_of(casebook) is system_clock


@pytest.fixture
def skewed(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Puts the clock of this machine so many seconds ahead."""

    def put(seconds: float) -> None:
        class Skewed(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:
                return datetime.now(UTC) + timedelta(seconds=seconds)

        monkeypatch.setattr(clock, "datetime", Skewed)

    return put


@pytest.mark.parametrize("seconds", [61, -61, 3_600, -86_400])
def test_machines_whose_clocks_differ_take_no_work_from_each_other(
    postgres: str, tmp_path: Path, skewed: Callable[[float], None], seconds: int
) -> None:
    with closing(open_casebook(postgres)) as casebook:
        right = clock_of(casebook)
        skewed(seconds)
        wrong = clock_of(casebook)
        one, other = Lease(casebook, "webhooks", right), Lease(casebook, "webhooks", wrong)
        assert one.take()
        assert not other.take()
        assert one.take()
        for name in ("r", "w"):
            (tmp_path / name).mkdir()
        machines = [Machines(casebook, tmp_path / name, at) for name, at in (("r", right), ("w", wrong))]
        for each in (*machines, *machines):
            each.step()
        assert [each.count for each in machines] == [2, 2]


@pytest.mark.parametrize("seconds", [300, -300, 172_800])
def test_what_one_machine_was_told_another_sees_at_once_however_wrong_its_clock(
    postgres: str, tmp_path: Path, skewed: Callable[[float], None], seconds: int
) -> None:
    settings = settings_in(
        tmp_path, casebook=postgres, api_keys=f"engine:{key('engine')}@*", idempotency_hours=1
    )
    with open_store(settings.store) as store:
        store.add(random_facts(1))
    with closing(wire(settings, scorer=PlainModel())) as context:
        skewed(seconds)
        with closing(wire(settings, scorer=PlainModel())) as other:
            clients = [create_app(each).test_client() for each in (context, other)]
            for name, one, another in (("r-1", *clients), ("r-2", *reversed(clients))):
                told_at_one_is_known_at_another(name, one, another)


def told_at_one_is_known_at_another(name: str, one: FlaskClient, another: FlaskClient) -> None:
    who = {"Authorization": f"Bearer {key('engine')}", "Idempotency-Key": name}
    person = body(name, applicant_id=f"{name}-somebody", national_id=None, phone=None)
    said = one.post("/risk", json=person, headers=who).json
    again = another.post("/risk", json=person, headers=who).json
    assert (again["assessment_id"], again["idempotent_replay"]) == (said["assessment_id"], True)
    del who["Idempotency-Key"]
    label = {"application_id": name, "label": "fraud", "known_at": said["as_of"]}
    assert one.post("/feedback", json=label, headers=who).status_code == 200
    look = {"stage": "monitoring", "applicant_id": person["applicant_id"]}
    after = another.post("/risk", json=look, headers=who).json
    assert "RULE_FRAUD_KNOWN" in [reason["code"] for reason in after["reasons"]]
    assert another.get(f"/risk/{said['assessment_id']}/replay", headers=who).json["equal"]
