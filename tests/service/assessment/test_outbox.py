"""A store that hangs, or is away: every caller is answered in time, and no application is lost."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from graph.model.errors import StoreUnavailableError
from graph.model.types import Added, Facts
from graph.store.port import GraphView
from graph.stores.sqlite import SqliteStore
from investigations.casebook import Casebook
from investigations.casebook.tables.answer_tables import ABOUT, OWED
from service.app import create_app
from service.assessment import evaluation
from service.assessment.context import AppContext
from service.assessment.owed import FEWEST, deliver_pending
from service.assessment.repeats.replay import replay
from service.assessment.views import Views
from service.jobs.outbox import Outbox
from service.lenders import Lenders
from service.threads.background_writer import BackgroundWriter
from tests.support.small_service import body, risk, service
from tests.support.small_worlds import applies, day
from tests.support.stores import sqlite_only


class AwayStore(SqliteStore):
    """A store across a network: while it is away a call hangs, or is refused at once."""

    def __init__(self, path: Path) -> None:
        self.patience = threading.local()
        self.there = threading.Event()
        self.there.set()
        self.refuses = False
        super().__init__(path)

    def add(self, facts: Facts) -> Added:
        self._reach()
        return super().add(facts)

    def try_add(self, facts: Facts, seconds: float) -> Added | None:
        return None  # who must wait for a server waits in a thread of its own

    def view(self, as_of: datetime, revision: int | None = None) -> GraphView:  # type: ignore[override]
        self._reach()
        return super().view(as_of, revision)

    def _reach(self) -> None:
        if self.refuses:
            raise StoreUnavailableError("away")
        if not self.there.wait(getattr(self.patience, "seconds", 30)):
            raise StoreUnavailableError("no answer")

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        self.patience.seconds = seconds
        yield
        del self.patience.seconds


@pytest.fixture
def away(tmp_path: Path) -> Iterator[AppContext]:
    """A service over such a store."""
    yield from over_such_a_store(tmp_path)


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[AppContext]:
    """The same without a frame."""
    yield from over_such_a_store(tmp_path, frame="none")


def over_such_a_store(folder: Path, **changes: Any) -> Iterator[AppContext]:
    opened = service(folder, **changes)
    opened.store.close()
    store = AwayStore(folder / "store.db")
    views = Views(store, opened.views.frame)
    yield dataclasses.replace(
        opened, store=store, writer=BackgroundWriter(store), lenders=Lenders(store, opened.clock), views=views
    )
    store.there.set()
    opened.close()
    store.close()


def test_while_the_store_answers_nothing_is_owed(away: AppContext) -> None:
    assert risk(away, body("new"))["degraded"]["level"] == "full"
    assert away.casebook.outbox_pending(9) == ()


def test_a_hanging_store_is_waited_for_no_longer_than_its_caller_waits(
    bare: AppContext,
) -> None:
    store, away = bare.store, bare
    assert isinstance(store, AwayStore)
    store.there.clear()
    answer = risk(away, body("late"), timeout_ms=80.0)
    assert answer["decision"] == "review"
    assert answer["degraded"] == {
        "level": "rules_only",
        "missing": ["model", "graph", "history", "fact"],
        "reason": "store_unavailable",
    }
    assert [one.application_id for one in away.casebook.outbox_pending(9)] == ["late"]
    store.there.set()
    deliver_pending(store, away.casebook)
    assert store.view(day(400)).application("late") is not None
    assert away.casebook.outbox_pending(9) == ()
    assert risk(away, body("next"))["degraded"]["level"] == "full"


def test_while_the_store_hangs_the_frame_answers_and_only_the_fact_is_owed(
    away: AppContext,
) -> None:
    store = away.store
    assert isinstance(store, AwayStore)
    known = risk(away, body("before", applicant_id="p002"))
    store.there.clear()
    answer = risk(away, body("late", applicant_id="p002"), timeout_ms=1_000.0)
    assert answer["degraded"] == {"level": "full", "missing": ["fact"], "reason": "store_busy"}
    assert answer["subgraph"]["nodes"] >= known["subgraph"]["nodes"]
    assert [one.application_id for one in away.casebook.outbox_pending(9)] == ["late"]
    store.there.set()
    deliver_pending(store, away.casebook)
    assert store.view(day(400)).application("late") is not None


def test_an_answer_given_while_the_store_was_away_replays_when_it_is_back(away: AppContext) -> None:
    store = away.store
    assert isinstance(store, AwayStore)
    store.refuses = True
    answer = risk(away, body("alone", applicant_id="p003"))
    assert answer["degraded"] == {"level": "full", "missing": ["fact"], "reason": "store_unavailable"}
    store.refuses = False
    deliver_pending(store, away.casebook)
    assert replay(away, answer["assessment_id"])["differences"] == []


def test_what_was_refused_is_brought_by_the_settler_when_the_store_is_back(away: AppContext) -> None:
    store = away.store
    assert isinstance(store, AwayStore)
    store.refuses = True
    for n in range(5):
        assert risk(away, body(f"refused-{n}"))["degraded"]["missing"] == ["fact"]
    with pytest.raises(StoreUnavailableError):
        deliver_pending(store, away.casebook)
    outbox = Outbox(store, away.casebook, pause_s=0.01)
    outbox.start()
    store.refuses = False
    for _ in range(500):
        if not away.casebook.outbox_pending(9):
            break
        threading.Event().wait(0.01)
    outbox.close()
    assert all(store.view(day(400)).application(f"refused-{n}") is not None for n in range(5))


@sqlite_only
@pytest.mark.parametrize("frame", ["", "none"])
def test_while_the_stores_file_is_gone_nothing_is_lost_and_readiness_says_so(
    tmp_path: Path, frame: str
) -> None:
    context = service(tmp_path, frame=frame)
    client, file, beside = create_app(context).test_client(), tmp_path / "store.db", tmp_path / "moved.db"
    file.rename(beside)
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert "store.db is gone, or another one than was opened" in ready.get_json()["checks"]["store"]
    answer = risk(context, body("meanwhile"))
    assert "fact" in answer["degraded"]["missing"]
    assert answer["degraded"]["reason"] == "store_unavailable"
    assert [one.application_id for one in context.casebook.outbox_pending(9)] == ["meanwhile"]
    with pytest.raises(StoreUnavailableError):
        deliver_pending(context.store, context.casebook)
    assert not file.exists()
    beside.rename(file)
    assert client.get("/readyz").status_code == 200
    deliver_pending(context.store, context.casebook)
    assert context.store.view(day(400)).application("meanwhile") is not None
    assert context.casebook.outbox_pending(9) == ()
    context.close()


@sqlite_only
@pytest.mark.parametrize(("frame", "near"), [("", 200), ("none", 503)])
def test_a_balancer_may_keep_machines_that_answer_while_their_store_is_away(
    tmp_path: Path, frame: str, near: int
) -> None:
    context = service(tmp_path, frame=frame)
    client = create_app(context).test_client()
    (tmp_path / "store.db").rename(tmp_path / "moved.db")
    asked = ("/readyz", "/readyz?without_store=true", "/readyz?without_store=true&behind=1000")
    ready = [client.get(address) for address in asked]
    assert [one.status_code for one in ready] == [503, 200, near]
    assert all("is gone" in one.get_json()["checks"]["store"] for one in ready)
    assert client.post("/risk", json=body("meanwhile")).status_code == 200
    context.close()


def test_much_that_is_owed_is_brought_a_little_at_first_and_then_more_at_a_time(
    away: AppContext,
) -> None:
    store, brought = away.store, list[int]()
    assert isinstance(store, AwayStore)
    store.refuses = True
    for n in range(3 * FEWEST + 5):
        risk(away, body(f"owed-{n}"))
    store.refuses, add = False, store.add
    store.add = lambda facts: brought.append(len(facts.applications)) or add(facts)  # type: ignore[method-assign,func-returns-value]
    assert deliver_pending(store, away.casebook) == 3 * FEWEST + 5
    assert brought == [FEWEST, 2 * FEWEST, 5]
    assert away.casebook.outbox_pending(1) == ()


def test_an_owed_application_whose_id_another_took_is_left_out_and_no_longer_owed(
    away: AppContext,
) -> None:
    store = away.store
    assert isinstance(store, AwayStore)
    store.refuses = True
    risk(away, body("taken"))
    store.refuses = False
    store.add(Facts(applications=(dataclasses.replace(applies("somebody", 1), application_id="taken"),)))
    assert deliver_pending(store, away.casebook) == 1
    known = store.view(day(400)).application("taken")
    assert known is not None
    assert known.applicant_id == "somebody"


def test_a_casebook_of_the_first_schema_is_brought_up_to_date_and_keeps_all(
    tmp_path: Path,
) -> None:
    context = service(tmp_path)
    answer = risk(context, body("old"))
    context.close()
    url = context.settings.casebook
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        OWED.drop(connection)
        connection.execute(sa.update(ABOUT).values(value="1"))
    engine.dispose()
    with Casebook(url) as again:
        assert again.assessment(answer["assessment_id"]).application_id == "old"
        assert again.outbox_pending(9) == ()


def test_a_replay_that_the_store_does_not_answer_is_no_difference(
    bare: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    assessment_id = risk(bare, body("before"))["assessment_id"]

    def fails(*_: object) -> None:
        raise StoreUnavailableError("no answer in the middle of a read")

    with monkeypatch.context() as patch:
        patch.setattr(evaluation, "read_neighbourhood", fails)
        with pytest.raises(StoreUnavailableError, match="replay again"):
            replay(bare, assessment_id)
        refused = create_app(bare).test_client().get(f"/risk/{assessment_id}/replay")
        assert (refused.status_code, refused.get_json()["code"]) == (503, "store_unavailable")
    assert replay(bare, assessment_id)["equal"]


def test_an_answer_that_the_store_did_not_give_is_replayed_as_it_was(
    bare: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise StoreUnavailableError("no answer in the middle of a read")

    with monkeypatch.context() as patch:
        patch.setattr(evaluation, "read_neighbourhood", fails)
        answer = risk(bare, body("then"))
    assert answer["degraded"]["level"] == "rules_only"
    assert replay(bare, answer["assessment_id"])["equal"]
