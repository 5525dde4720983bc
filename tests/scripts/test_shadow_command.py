"""`ringfence shadow`: what waits is answered, and who was right is told once labels came."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from graph.model.types import Facts
from investigations.assessments import Decision
from investigations.casebook import Casebook
from investigations.shadow.answers import ShadowAnswer
from scripts.cli.command import UNUSABLE
from scripts.cli.main import main
from tests.support.casebooks import assessment
from tests.support.service.registered import DEED, GATE, Registered
from tests.support.small_service import body, risk
from tests.support.small_worlds import applies, day, facts_of, fraud
from tests.support.stores import HASH_KEY, open_url, sqlite_only

PEOPLE = 120
CARD = {"horizon_days": 30.0, "capacity": 0.2}


class House:
    """A registry, a store and a casebook, and the command."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.registered, self.capsys = Registered(folder), capsys
        settings = self.registered.settings
        self.given = ["--store", settings.store, "--registry", settings.registry, "--casebook"]
        self.given += [settings.casebook, "--json"]

    def run(self, *arguments: str, status: int = 0) -> Any:
        assert main(["shadow", *arguments, *self.given]) == status
        said = self.capsys.readouterr()
        return json.loads(said.out) if status == 0 else said.err


@pytest.fixture
def house(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    made = House(tmp_path, capsys)
    made.registered.registry.promote(made.registered.calm, DEED, GATE)
    made.registered.registry.shadow(made.registered.strict, DEED)
    return made


def year() -> Facts:
    """An application of somebody new each day; every sixth comes to be known for fraud ten days later."""
    frauds = (fraud(f"n{n:03}@{n}", n + 10.0) for n in range(0, PEOPLE, 6))
    return facts_of(*(applies(f"n{n:03}", n) for n in range(PEOPLE)), *frauds)


def served_and_answered(book: Casebook, challenger: str) -> None:
    """What was served says nothing; the challenger sees three frauds of four."""
    for n in range(PEOPLE):
        book.record(
            assessment(n, as_of=day(n), applicant_id=f"n{n:03}", probability=0.1 + (n * 37 % 100) / 1000)
        )
        seen = (n % 6 == 0 and n % 4 == 0) or n % 24 == 6
        answer = ShadowAnswer(
            assessment_id=f"A-{n}",
            challenger=challenger,
            as_of=day(n),
            answered_at=day(n) + timedelta(seconds=2),
            decision=Decision.DECLINE if seen else Decision.REVIEW,
            probability=0.9 if seen else 0.1 + (n * 31 % 100) / 1000,
        )
        book.shadows.keep([answer])


@sqlite_only
def test_what_waits_is_answered_once(house: House) -> None:
    context = house.registered.context()
    answers = [risk(context, body(f"live-{n}")) for n in range(3)]
    context.close()
    first = house.run("run")
    strict = house.registered.strict
    assert (first["shadows"], first[strict]["answered"], first[strict]["failed"]) == (1, len(answers), 0)
    assert first[strict]["lag_seconds"] == 0
    assert house.run("run")[strict]["answered"] == 0
    assert house.run("run", house.registered.calm)[house.registered.calm]["answered"] == 3


@sqlite_only
def test_once_labels_came_the_report_says_who_was_right(house: House) -> None:
    strict = house.registered.strict
    with open_url(house.registered.settings.store) as store:
        store.add(year())
    with Casebook(house.registered.settings.casebook) as book:
        served_and_answered(book, strict)
        book.record(assessment(900, as_of=day(50)))
    told = house.run("report", "--since", day(0).isoformat(), "--capacity", "0.2")
    assert (told["challenger"], told["assessments"], told["answered"], told["failed"]) == (
        strict,
        121,
        120,
        0,
    )
    assert told["other_decisions"]["review_to_decline"]["assessments"] == 15
    judged = told["judged"]
    assert (judged["assessments"], judged["frauds"]) == (PEOPLE, 20)
    gain = judged["gain"]
    assert gain["ap"]["low"] > 0.3
    assert gain["recall_at_capacity"]["low"] > 0.1
    assert judged["shadow"]["recall_at_capacity"] >= 0.75 > judged["served"]["recall_at_capacity"]
    by = told["reviewed_by"]
    capacity = told["at_capacity"]
    assert by["both"]["assessments"] + by["shadow_alone"]["assessments"] == capacity["shadow"]["assessments"]
    early = house.run("report", "--since", day(0).isoformat(), "--until", day(30).isoformat())
    assert early["judged"]["assessments"] == 30


@sqlite_only
def test_before_a_label_can_have_come_nobody_is_judged(house: House) -> None:
    context = house.registered.context()
    risk(context, body("live-1"))
    context.close()
    house.run("run")
    told = house.run("report", "--since", day(60).isoformat())
    assert (told["answered"], told["same_decision"]["share"]) == (1, None)  # of one a share says nothing


@sqlite_only
def test_what_cannot_be_meant_is_said(house: House) -> None:
    assert "there is no casebook" in house.run("report", status=UNUSABLE)
    Casebook(house.registered.settings.casebook).close()
    assert "is no share" in house.run("report", "--capacity", "7", status=UNUSABLE)
    unanswered = house.run("report", status=UNUSABLE)
    assert "has answered no application" in unanswered
    assert "ringfence policy show" in unanswered
    assert "ringfence shadow run" in unanswered
    house.registered.registry.retire(house.registered.strict, DEED)
    assert "nothing is in shadow" in house.run("report", status=UNUSABLE)
    at = house.given.index("--registry")
    del house.given[at : at + 2]
    assert "nothing named '3f9c' is in shadow" in house.run("run", "3f9c", status=UNUSABLE)
