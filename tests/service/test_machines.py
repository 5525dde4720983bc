"""Machines that serve on one casebook know how many they are, and keep a caller's limit together."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from investigations.casebook import Casebook
from service.app import create_app
from service.http.rate_limits import RateLimit
from service.jobs.machines import Machines
from service.leases import LASTS
from service.opening import open_casebook
from tests.support.casebooks import NOW
from tests.support.small_service import body, key, service


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


def machine(casebook: Casebook, folder: Path, clock: Clock) -> Machines:
    folder.mkdir(exist_ok=True)
    return Machines(casebook, folder, clock)


def counts(*machines: Machines) -> list[int]:
    for one in (*machines, *machines):
        one.step()
    return [one.count for one in machines]


def test_machines_are_counted_and_who_died_is_forgotten(casebook_url: str, tmp_path: Path) -> None:
    clock = Clock()
    with closing(open_casebook(casebook_url)) as casebook:
        one, another = (machine(casebook, tmp_path / name, clock) for name in ("one", "another"))
        assert counts(one) == [1]
        assert counts(one, another) == [2, 2]
        clock.now += LASTS - timedelta(seconds=1)
        assert counts(one) == [2]
        clock.now += timedelta(seconds=2)
        assert counts(one) == [1]


def test_the_workers_of_a_machine_are_one_machine(casebook_url: str, tmp_path: Path) -> None:
    clock = Clock()
    with closing(open_casebook(casebook_url)) as casebook:
        workers = [machine(casebook, tmp_path / "one", clock) for _ in range(3)]
        assert counts(*workers) == [1, 1, 1]


def test_each_of_two_machines_lets_through_half_of_rate_and_burst() -> None:
    clock = [0.0]
    limit = RateLimit(1.0, 4, tick=lambda: clock[0], machines=lambda: 2)
    assert [limit.wait("engine") for _ in range(3)] == [0, 0, 2.0]
    clock[0] = 2.0
    assert [limit.wait("engine") for _ in range(2)] == [0, 2.0]


@pytest.mark.parametrize(("machines", "taken"), [(1, 8), (2, 4)])
def test_a_callers_limit_holds_for_all_machines_together(tmp_path, machines: int, taken: int) -> None:
    context = service(tmp_path, rate_limit=0.001, rate_burst=8, api_keys=f"engine:{key('engine')}:risk@*")
    app = create_app(context)
    others = [machine(context.casebook, tmp_path / f"m{n}", context.clock) for n in range(machines - 1)]
    counts(*others, app.extensions["ringfence.machines"])
    client = app.test_client()
    answers = [
        client.post(
            "/risk", json=body(f"r-{n}"), headers={"Authorization": f"Bearer {key('engine')}"}
        ).status_code
        for n in range(10)
    ]
    assert answers == [200] * taken + [429] * (10 - taken)
    context.close()
