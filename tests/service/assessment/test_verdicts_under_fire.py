"""Two hundred verdicts at once, while workers and then the whole service are killed: no history lacks one."""

from __future__ import annotations

import http.client
import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from graph.facts.fraud_labels import fraud_status
from investigations.casebook import Casebook
from investigations.cases import Case, CaseFilter, NewCase
from tests.support.models.small_models import small_facts, trained
from tests.support.service.running_service import Running
from tests.support.small_service import key
from tests.support.small_worlds import applies, day, facts_of, uses
from tests.support.stores import HASH_KEY, open_store

pytestmark = pytest.mark.slow
TWO = ("wang", "li")
VALUES = {"wang": "confirmed_fraud", "li": "false_positive"}
CASES = 100
PATIENCE_S = 120.0


@dataclass
class Service:
    """A service that is killed and started again at the same address."""

    running: Running
    bundle: Path
    url: str

    def killed_whole(self) -> None:
        """All of its processes, as by a loss of power, and a new start."""
        before = self.running
        before.end()
        self.running = Running.started(
            before.store, self.bundle, before.casebook, port=before.port, url=self.url
        )

    def asked(self, by: str, method: str, path: str, sent: Any = None) -> tuple[int, Any]:
        """As the desk does: when the line breaks, the same again."""
        patience = time.monotonic() + PATIENCE_S
        while time.monotonic() < patience:
            try:
                authorization = {"Authorization": f"Bearer {key(by)}"}
                status, data = self.running.ask(method, path, sent, **authorization)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
                continue
            if status < 500:
                return status, json.loads(data)
        raise AssertionError("no answer")


@pytest.fixture
def served(casebook_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A hundred people, each with an open case, and two investigators; SQLite, and PostgreSQL."""
    keys = ",".join(f"{name}:{key(name)}:cases:read+cases:work+cases:decide@*" for name in TWO)
    monkeypatch.setenv("RINGFENCE_API_KEYS", keys)
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    _, path, bundle = trained(tmp_path, small_facts())
    with open_store(path) as store:
        store.add(facts_of(*(applies(f"q{n:03d}", 1, uses("phone", f"n{n}")) for n in range(CASES))))
    with Casebook(casebook_url) as book:
        for n in range(CASES):
            book.open_case(NewCase(reason="a test", applicant_id=f"q{n:03d}"), at=day(2), by="review")
    url = "" if casebook_url.startswith("sqlite") else casebook_url
    running = Running.started(path, bundle, tmp_path / "casebook.db", url=url)
    service = Service(running, bundle, url)
    yield service
    service.running.end()


def concludes(service: Service, by: str, case_id: str) -> None:
    """Give a verdict, reading the case again where somebody else was first."""
    while True:
        _, case = service.asked(by, "GET", f"/cases/{case_id}")
        if any(one["by"] == by for one in case["verdicts"]):
            return
        verdict = {"value": VALUES[by], "version": case["version"], "note": f"by {by}"}
        status, answer = service.asked(by, "POST", f"/cases/{case_id}/verdict", verdict)
        assert status in (200, 409), answer


def kill(service: Service, given: int) -> None:
    """After so many verdicts: a worker, another one, and all processes at once."""
    if given == 90:
        service.killed_whole()
    elif given in (30, 150) and (workers := service.running.workers()):
        os.kill(workers[0], signal.SIGKILL)


def test_two_hundred_verdicts_at_once_and_kills_between_leave_every_history_whole(
    served: Service, casebook_url: str
) -> None:
    with Casebook(casebook_url) as book:
        ids = [case.case_id for case in _all(book)]
    given = count(1)

    def one(by: str, case_id: str) -> None:
        concludes(served, by, case_id)
        kill(served, next(given))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda each: one(*each), [(by, case_id) for case_id in ids for by in TWO]))
    assert next(given) == 2 * CASES + 1
    owed = time.monotonic() + PATIENCE_S
    with Casebook(casebook_url) as book:
        while book.owed_labels(1):
            assert time.monotonic() < owed, "labels never reached the store"
            time.sleep(0.5)
        served.running.end()
        cases = _all(book)
        while book.seals.seal(day(9_000)):
            pass
        assert not book.seals.verify().faults
    assert len(cases) == CASES
    for case in cases:
        assert sorted(one.by for one in case.verdicts) == sorted(TWO), case.case_id
        steps = [(one.by, one.note) for one in case.events if one.kind == "verdict"]
        assert steps == [(one.by, one.value.value) for one in case.verdicts], "each in the history, in order"
    with open_store(served.running.store) as store:
        labels = store.view(day(9_000)).labels_of([f"q{n:03d}" for n in range(CASES)])
    for case in cases:
        about = labels[str(case.about.applicant_id)]
        assert len(about) == 2, "a label for each verdict, none twice"
        assert fraud_status(about).fraud == (case.verdicts[-1].by == "wang"), "the latest holds"


def _all(book: Casebook) -> list[Case]:
    return [book.case(one.case_id) for one in book.queue(CaseFilter(), CASES * 2)[1]]
