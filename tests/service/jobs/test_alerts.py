"""Alerts of a running service: exactly once in the list, whatever is killed, and a lender sees its own."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from graph.model.errors import StoreUnavailableError
from graph.model.types import Facts, Outcome, OutcomeStatus
from investigations.casebook.alert_files import AlertFilter
from investigations.casebook.message_files import DeliveryState
from investigations.cases import NewCase, Verdict, VerdictValue
from service.app import create_app
from service.assessment.context import AppContext
from service.jobs.watcher import Watcher
from service.settings import Settings
from tests.support.small_service import Clock, key, service
from tests.support.small_worlds import applies, day, facts_of, fraud, uses

ALL = AlertFilter()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[AppContext, Watcher]]:
    """A service whose watch has begun; anna owes a loan, and so does @L2/eve; bo uses the phones of both."""
    phones = uses("phone", "annas"), uses("phone", "eves")
    facts = facts_of(
        applies("anna", 1, phones[0]),
        applies("@L2/eve", 1, phones[1], platform_id="L2"),
        applies("bo", 2, *phones),
        paid("anna@1", 3),
        paid("@L2/eve@1", 3),
    )
    keys = f"op:{key('op')}:alerts:read+cases:work@*,l2:{key('l2')}:alerts:read@L2,weak:{key('weak')}:risk@*"
    context = service(tmp_path, facts, api_keys=keys)
    watcher = Watcher(context)
    assert watcher.step()  # from here on
    yield context, watcher
    context.close()


def paid(application_id: str, on: float) -> Outcome:
    return Outcome(application_id=application_id, status=OutcomeStatus.DISBURSED, at=day(on))


def get(context: AppContext, who: str, **query: Any) -> tuple[int, dict[str, Any]]:
    given = {"Authorization": f"Bearer {key(who)}"}
    answer = create_app(context).test_client().get("/alerts", headers=given, query_string=query)
    return answer.status_code, answer.get_json()


def test_the_list_is_polled_from_where_one_left_off(watched: tuple[AppContext, Watcher]) -> None:
    context, watcher = watched
    assert get(context, "op") == (200, {"alerts": [], "next": None, "more": False})
    context.store.add(facts_of(fraud("bo@2", 60)))
    assert watcher.step()
    status, page = get(context, "op", limit=1)
    assert (status, page["more"], len(page["alerts"])) == (200, True, 1)
    status, rest = get(context, "op", after=page["next"])
    assert (rest["more"], len(rest["alerts"])) == (False, 1)
    both = page["alerts"] + rest["alerts"]
    assert {one["application_id"] for one in both} == {"anna@1", "@L2/eve@1"}
    assert {one["code"] for one in both} == {"NEIGHBOUR_CONFIRMED"}
    assert all("applicant:***" in one["evidence"]["path"][-1] for one in both)
    assert get(context, "op", after=rest["next"])[1] == {"alerts": [], "next": rest["next"], "more": False}
    assert get(context, "op", application_id="anna@1")[1]["alerts"][0]["applicant_id"] == "anna"
    assert get(context, "op", after="AL-never")[0] == 400
    assert get(context, "op", limt=1)[0] == 400


def test_a_lender_is_shown_its_own_loans_under_its_own_ids_by_the_day(
    watched: tuple[AppContext, Watcher],
) -> None:
    context, watcher = watched
    context.store.add(facts_of(fraud("bo@2", 60)))
    watcher.step()
    status, page = get(context, "l2")
    assert (status, len(page["alerts"])) == (200, 1)
    (mine,) = page["alerts"]
    assert (mine["application_id"], mine["applicant_id"], mine["recorded_by"]) == ("eve@1", "eve", None)
    assert mine["at"].endswith("T00:00:00.000000+08:00")
    assert mine["evidence"]["path"] == ["application:eve@1", "applicant:eve", "phone:***", "applicant:***"]
    others = get(context, "op", application_id="anna@1")[1]["alerts"][0]["alert_id"]
    assert get(context, "l2", after=others)[0] == 400  # in the words of one that there is not
    assert get(context, "weak")[0] == 403


def test_an_alert_is_also_a_message_and_so_is_a_case_that_is_closed(
    watched: tuple[AppContext, Watcher],
) -> None:
    context, watcher = watched
    context.store.add(facts_of(fraud("bo@2", 60)))
    watcher.step()
    context.casebook.messages.address({"x": lambda message: True}, day(70))
    sent = context.casebook.messages.deliveries(DeliveryState.WAITING)
    assert [one.message.type.value for one in sent] == ["risk.changed"] * 2
    assert {one.message.data["application_id"] for one in sent} == {"anna@1", "@L2/eve@1"}
    book = context.casebook
    case_id, opened = book.open_case(NewCase(reason="hand", applicant_id="anna"), at=day(70), by="op")
    assert not opened  # the alert had opened one
    assert book.case(case_id).about.reason_codes == ("NEIGHBOUR_CONFIRMED",)
    verdict = Verdict(at=day(70), by="op", value=VerdictValue.FALSE_POSITIVE)
    version = book.give_verdict(case_id, verdict, 10**9).version
    for _ in range(2):  # sent twice, it is closed once
        book.close_case(case_id, version, at=day(71), by="op")
    book.messages.address({"x": lambda message: True}, day(71))
    (closed,) = book.messages.deliveries(DeliveryState.WAITING)[2:]
    assert closed.message.data["verdict"] == "false_positive"
    assert (closed.message.type.value, closed.message.subject) == ("case.closed", f"case:{case_id}")


def test_what_is_found_and_how_far_was_looked_are_kept_together_or_not_at_all(
    watched: tuple[AppContext, Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, watcher = watched
    context.store.add(facts_of(fraud("bo@2", 60)))
    with monkeypatch.context() as patched:

        def fails(*_: object) -> None:
            raise StoreUnavailableError("the disk is full")

        patched.setattr("investigations.casebook.alert_files.owe_messages", fails)
        with pytest.raises(StoreUnavailableError):
            watcher.step()
        assert context.casebook.alerts(ALL) == ((), False)
    watcher.step()
    assert len(context.casebook.alerts(ALL)[0]) == 2
    again = Watcher(context)  # another process, that looks from before
    with context.casebook._engines.writing() as connection:
        connection.exec_driver_sql("UPDATE watched SET revision = revision - 1")
    watcher.close()
    again.step()
    assert len(context.casebook.alerts(ALL)[0]) == 2


def test_one_of_several_processes_watches_and_another_goes_on_when_it_is_gone(tmp_path: Path) -> None:
    context = service(
        tmp_path,
        facts_of(
            applies("anna", 1, uses("phone", "hers")),
            applies("bo", 1, uses("phone", "hers")),
            paid("anna@1", 2),
        ),
    )
    one, other = Watcher(context), Watcher(context)
    one.step()
    context.store.add(facts_of(applies("cy", 3)))
    one.step()  # takes the lease
    context.store.add(facts_of(fraud("bo@1", 60)))
    other.step()
    assert context.casebook.alerts(ALL)[0] == ()
    clock = context.clock
    assert isinstance(clock, Clock)
    clock.now += 2 * (day(1) - day(0))  # nobody has heard of it
    other.step()
    assert len(context.casebook.alerts(ALL)[0]) == 1
    context.close()


def test_a_store_that_was_restored_from_a_backup_is_watched_from_there_on(
    watched: tuple[AppContext, Watcher],
) -> None:
    context, watcher = watched
    with context.casebook._engines.writing() as connection:
        connection.exec_driver_sql("UPDATE watched SET revision = revision + 9")
    assert watcher.step()
    context.store.add(facts_of(fraud("bo@2", 60)))
    watcher.step()
    assert len(context.casebook.alerts(ALL)[0]) == 2


_WATCH = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from service.jobs.watcher import Watcher
from service.wiring import wire
from tests.support.small_service import Clock, PlainModel, settings_in
context = wire(settings_in(Path(sys.argv[1])), scorer=PlainModel(), clock=lambda: datetime.now(UTC))
import service.leases as leases
from tests.support.small_worlds import day
from datetime import timedelta
leases.LASTS = timedelta(0)  # the next one goes on at once
begin = datetime(2026, 1, 1, tzinfo=UTC)
object.__setattr__(context, "clock", lambda: day(70) + (datetime.now(UTC) - begin) / 10**6)
watcher = Watcher(context)
print("up", flush=True)
while True:
    watcher.step()
"""


@pytest.mark.slow
def test_kill_9_loses_no_alert_and_doubles_none(tmp_path: Path) -> None:
    """Facts come while the watcher is killed again and again; in the end the list is that of an undisturbed
    one.
    """
    rng = random.Random(5)
    crowd = [applies(f"p{n}", 1, uses("phone", f"n{n // 3}")) for n in range(180)]
    start = facts_of(*crowd, *(paid(f"p{n}@1", 2) for n in range(180)))
    verdicts = [facts_of(fraud(f"p{n}@1", 60)) for n in range(0, 180, 3)]
    with killed_and_calm(tmp_path, start) as (killed, calm):
        for group in range(0, len(verdicts), 20):
            before = alerts_in(killed)
            with watching(tmp_path / "killed"):
                for facts in verdicts[group : group + 20]:
                    killed.store.add(facts)
                    time.sleep(rng.random() * 0.05)
                patience = time.monotonic() + 60
                while alerts_in(killed) == before:  # and it is killed amid what is under way then
                    assert time.monotonic() < patience, "the watch finds nothing"
                    time.sleep(0.01)
        for facts in verdicts:
            calm.store.add(facts)
        found = []
        for context in (killed, calm):
            assert isinstance(context.clock, Clock)
            context.clock.now += day(1) - day(0)
            watcher = Watcher(context)
            while not watcher.step():
                pass
            found.append(alerts_in(context))
    assert len(found[1]) == 120
    assert found[0] == found[1]


def alerts_in(context: AppContext) -> list[str]:
    """The ids in the list, sorted: what is looked at together has no order of its own."""
    return sorted(one.alert_id for one in context.casebook.alerts(ALL, limit=1000)[0])


@contextmanager
def killed_and_calm(folder: Path, start: Facts) -> Iterator[tuple[AppContext, AppContext]]:
    """Two services on the same facts, watched from here on."""
    contexts = []
    for name in ("killed", "calm"):
        (folder / name).mkdir()
        contexts.append(service(folder / name, start))
        Watcher(contexts[-1]).step()
    yield contexts[0], contexts[1]
    for context in contexts:
        context.close()


@contextmanager
def watching(folder: Path) -> Iterator[None]:
    """Another process watches, until it is killed without a warning."""
    command = [sys.executable, "-c", _WATCH, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        os.kill(process.pid, signal.SIGKILL)


def test_the_settings_name_the_endpoints_and_whether_there_is_a_watch() -> None:
    from service.jobs import background

    assert Settings().watch == background.ON
