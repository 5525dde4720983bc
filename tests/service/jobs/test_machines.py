"""Machines that serve on one casebook know how many they are, and keep a caller's limit together."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa

from graph.model.types import Identifier, IdentifierKind, Mention, Role
from investigations.casebook import Casebook
from investigations.casebook.tables.watch_tables import LEASES
from service.app import create_app
from service.http.limits.probing import Probing
from service.http.limits.rate_limits import RateLimit
from service.jobs.machines import Machines, number_of
from service.leases import LASTS, Lease
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


def test_who_left_is_not_counted_whichever_process_of_the_machine_says_so(
    casebook_url: str, tmp_path: Path
) -> None:
    clock = Clock()
    with closing(open_casebook(casebook_url)) as casebook:
        one, another = (machine(casebook, tmp_path / name, clock) for name in ("one", "another"))
        assert counts(one, another) == [2, 2]
        machine(casebook, tmp_path / "another", clock).leave()
        assert counts(one) == [1]


def test_the_workers_of_a_machine_are_one_machine(casebook_url: str, tmp_path: Path) -> None:
    clock = Clock()
    with closing(open_casebook(casebook_url)) as casebook:
        workers = [machine(casebook, tmp_path / "one", clock) for _ in range(3)]
        assert counts(*workers) == [1, 1, 1]


def test_a_machine_whose_clock_was_ahead_is_not_counted_for_longer(casebook_url: str, tmp_path: Path) -> None:
    ahead, clock = Clock(), Clock()
    ahead.now += timedelta(days=365)
    with closing(open_casebook(casebook_url)) as casebook:
        machine(casebook, tmp_path / "ahead", ahead).step()
        one = machine(casebook, tmp_path / "one", clock)
        assert counts(one) == [1]


@pytest.mark.parametrize("days", [365, -365])
def test_a_work_goes_on_when_a_clock_was_ahead_or_is_put_back(casebook_url: str, days: int) -> None:
    clock = Clock()
    with closing(open_casebook(casebook_url)) as casebook:
        killed, running, other = (Lease(casebook, name, clock) for name in ("watch", "seals", "watch"))
        clock.now += timedelta(days=days)
        assert (killed.take(), running.take()) == (True, True)
        clock.now -= timedelta(days=days)
        assert other.take(), "the work of who was killed is taken over"
        assert running.take()
        clock.now += LASTS / 2
        assert not Lease(casebook, "seals", clock).take(), "who runs has renewed its own"


def test_clocks_that_differ_by_seconds_do_not_take_a_work_from_each_other(casebook_url: str) -> None:
    ahead, behind = Clock(), Clock()
    ahead.now += LASTS / 2
    with closing(open_casebook(casebook_url)) as casebook:
        assert Lease(casebook, "watch", ahead).take()
        assert not Lease(casebook, "watch", behind).take()


def test_machines_of_long_ago_leave_nothing_in_the_table(casebook_url: str, tmp_path: Path) -> None:
    clock = Clock()
    with closing(open_casebook(casebook_url)) as casebook:
        for n in range(5):
            machine(casebook, tmp_path / f"m{n}", clock).step()
        clock.now += timedelta(days=2)
        machine(casebook, tmp_path / "last", clock).step()
        with casebook._engines.reading() as connection:
            assert connection.execute(sa.select(sa.func.count()).select_from(LEASES)).scalar_one() == 1


def test_a_worker_killed_at_its_start_makes_no_machine_of_each_other_worker(
    casebook_url: str, tmp_path: Path
) -> None:
    clock = Clock()
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "machine").touch()  # it was made, and nothing written into it
    with closing(open_casebook(casebook_url)) as casebook:
        workers = [machine(casebook, tmp_path / "one", clock) for _ in range(3)]
        assert counts(*workers) == [1, 1, 1]


def test_a_worker_that_starts_on_a_full_disk_is_of_the_machine_of_the_others(
    casebook_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    clock = Clock()
    with closing(open_casebook(casebook_url)) as casebook:
        first = machine(casebook, tmp_path / "one", clock)
        monkeypatch.setattr(Path, "write_text", full)
        assert counts(first, machine(casebook, tmp_path / "one", clock)) == [1, 1]
        assert counts(first, machine(casebook, tmp_path / "new", clock)) == [2, 2], "it starts all the same"


def test_workers_that_start_at_once_agree_on_the_number_of_their_machine(tmp_path: Path) -> None:
    workers = 8
    for n in range(50):
        folder, ready = tmp_path / str(n), Barrier(workers)
        folder.mkdir()

        def number(folder: Path = folder, ready: Barrier = ready) -> str:
            ready.wait()
            return number_of(folder)

        with ThreadPoolExecutor(workers) as pool:
            numbers = [one.result() for one in [pool.submit(number) for _ in range(workers)]]
        assert len(set(numbers)) == 1
        assert [one.name for one in folder.iterdir()] == ["machine"]


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


@pytest.mark.parametrize(("machines", "tried"), [(1, 10), (2, 5), (5, 2)])
def test_wrong_passwords_are_slowed_down_on_all_machines_together(
    tmp_path, machines: int, tried: int
) -> None:
    context = service(tmp_path)
    app = create_app(context)
    others = [machine(context.casebook, tmp_path / f"m{n}", context.clock) for n in range(machines - 1)]
    counts(*others, app.extensions["ringfence.machines"])
    client = app.test_client()
    token = re.search(r'name="token" value="(\w+)"', client.get("/login").text)
    assert token is not None
    sent = {"token": token[1], "name": "wang", "password": "wrong"}
    answers = [client.post("/login", data=sent).status_code for _ in range(12)]
    assert answers == [401] * tried + [429] * (12 - tried)
    context.close()


@pytest.mark.parametrize(("machines", "named"), [(1, 20), (2, 10), (50, 4)])
def test_numbers_behind_one_mask_are_counted_for_all_machines_together(machines: int, named: int) -> None:
    probing = Probing(machines=lambda: machines)
    phones = [Identifier(IdentifierKind.PHONE, f"k1.{n:032x}", "138****0000") for n in range(25)]
    waits = [probing.wait("L01", [Mention(one, Role.OWN)]) > 0 for one in phones]
    assert waits == [False] * named + [True] * (25 - named)
