"""Recorded assessments computed again by the dozen: the figures, and the command's exit status."""

from __future__ import annotations

import dataclasses
import json
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from graph.model.types import Facts, Label, LabelValue
from investigations.casebook import Casebook
from investigations.casebook.guards import statements
from investigations.casebook.tables.answer_tables import ASSESSMENTS
from investigations.policy import Policy
from investigations.rules import RuleLimits
from scripts.replay_assessments import main
from service import wiring
from service.app import create_app
from service.assessment.repeats.replay import replay
from service.assessment.repeats.replays import replay_latest
from service.settings import Settings
from service.wiring import wire
from tests.support.casebooks import forge
from tests.support.small_service import Clock, PlainModel, body, risk, settings_in
from tests.support.small_worlds import day, random_facts
from tests.support.stores import HASH_KEY

GUARD = statements(ASSESSMENTS)["assessments_update_refused"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A casebook with twelve assessments, and labels of long ago that were delivered afterwards."""
    settings = settings_in(tmp_path)
    context = wire(settings, clock=Clock())
    context.store.add(random_facts(1))
    for n in range(12):
        risk(context, body(f"new-{n}", applicant_id=f"p{n:03d}"))
    context.store.add(
        Facts(
            labels=tuple(
                Label(label=LabelValue.FRAUD, known_at=day(1), applicant_id=f"p{n:03d}") for n in range(30)
            )
        )
    )
    context.close()
    return settings


def replayed(settings: Settings, last: int) -> dict[str, object]:
    """The figures of a replay by a service of its own."""
    with closing(wire(settings)) as context:
        return replay_latest(context, last)


def test_all_are_equal_however_many_facts_came_late(settings: Settings) -> None:
    figures = replayed(settings, 1000)
    assert (figures["assessments"], figures["equal"], figures["different"]) == (12, 12, 0)
    assert replayed(settings, 5)["assessments"] == 5


@pytest.mark.parametrize(
    "otherwise", [{"review_probability": 0.3}, {"decline_probability": 0.2}, {"approve_ceiling": 0.01}]
)
def test_a_machine_of_other_thresholds_replays_by_those_of_then(
    settings: Settings, otherwise: dict[str, float]
) -> None:
    figures = replayed(dataclasses.replace(settings, **otherwise), 1000)
    assert (figures["equal"], figures["different"]) == (12, 0)


@pytest.fixture
def later_release(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A release whose policy says something else of the same."""

    def install() -> None:
        limits = RuleLimits(newcomers=99)
        monkeypatch.setattr(wiring, "policy_for", lambda *_: Policy(limits=limits))

    return install


def test_under_another_policy_all_differ_and_the_fields_are_named(
    settings: Settings, later_release: Callable[[], None]
) -> None:
    later_release()
    figures = replayed(settings, 1000)
    assert (figures["equal"], figures["different"]) == (0, 12)
    assert figures["fields"] == {"policy_version": 12}
    assert len(figures["named"]) == 12  # type: ignore[arg-type]


def test_the_command_ends_with_its_figures_and_with_1_when_one_differs(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    later_release: Callable[[], None],
) -> None:
    request = ["--store", settings.store, "--casebook", settings.casebook]
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    assert main(request) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["equal"] == 12
    later_release()
    assert main(request) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["different"] == 12


FORGED = {
    "decision": "'approve'", "score": "1", "probability": "0.001", "level": "'no_graph'",
    "policy_version": "'other'", "model_version": "'other'", "ring_id": "'R-1'", "applicant_id": "'p029'",
    "application_id": "'new-5'", "as_of": "as_of + 1", "stage": "'disbursement'", "request_id": "'x'",
}  # fmt: skip


@pytest.mark.parametrize("column", FORGED)
def test_a_forged_column_is_named_by_the_replay_and_where_the_row_is_shown(
    settings: Settings, column: str
) -> None:
    context = wire(settings)
    (latest,) = context.casebook.latest_ids(1)
    forge(settings.casebook, "DROP TRIGGER assessments_update_refused")
    forge(
        settings.casebook,
        f"UPDATE assessments SET {column} = {FORGED[column]} WHERE assessment_id = '{latest}'",
        GUARD,
    )
    again, shown = (
        replay(context, latest),
        create_app(context).test_client().get(f"/risk/{latest}").get_json(),
    )
    context.close()
    assert not again["equal"]
    assert f"row.{column}" in {one["field"] for one in again["differences"]}
    assert not shown["intact"]
    assert [one["field"] for one in shown["changed"]] == [f"row.{column}"]
    figures = replayed(settings, 1)
    assert (figures["different"], f"row.{column}" in figures["fields"]) == (1, True)  # type: ignore[operator]


def test_an_audit_row_says_that_it_is_intact_and_an_unreadable_one_is_a_problem(
    settings: Settings,
) -> None:
    context = wire(settings)
    client, (first, *_) = create_app(context).test_client(), context.casebook.latest_ids(1)
    row = client.get(f"/risk/{first}").get_json()
    assert (row["intact"], row["changed"]) == (True, [])
    forge(
        settings.casebook,
        "DROP TRIGGER assessments_update_refused",
        f"UPDATE assessments SET answer = x'789c03000000000100' WHERE assessment_id = '{first}'",
    )
    for path in (f"/risk/{first}", f"/risk/{first}/replay"):
        refused = client.get(path)
        assert (refused.status_code, refused.get_json()["code"]) == (500, "record_changed")
    context.close()


def test_a_casebook_or_a_store_that_is_not_there_is_refused_and_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book, store = f"sqlite:///{tmp_path}/typo-c.db", f"sqlite:///{tmp_path}/typo.db"
    Casebook(f"sqlite:///{tmp_path}/c.db").close()
    for request, says in (
        (["--store", store, "--casebook", book], "no casebook"),
        (["--store", store, "--casebook", f"sqlite:///{tmp_path}/c.db"], "no store"),
    ):
        assert main(request) == 2
        assert says in capsys.readouterr().err
    assert not list(tmp_path.glob("typo*"))


@pytest.mark.parametrize("part", ["signals", "contributions", "parts"])
def test_what_was_measured_is_computed_again_too(settings: Settings, part: str) -> None:
    context = wire(settings, scorer=PlainModel(), clock=Clock(day(80)))
    first = risk(context, body("measured", applicant_id="p003"))["assessment_id"]
    assert replay(context, first)["equal"]
    row = context.casebook.assessment(first)
    name, value = next((name, value) for name, value in row.audit[part].items() if value)
    edited = orjson.dumps({**row.audit, part: {**row.audit[part], name: value + 1}})
    forge(settings.casebook, "DROP TRIGGER assessments_update_refused")
    forge(
        settings.casebook,
        f"UPDATE assessments SET audit = x'{zlib.compress(edited).hex()}' WHERE assessment_id = '{first}'",
    )
    (result,) = replay(context, first)["differences"]
    context.close()
    assert (result["field"], result["recorded"], result["replayed"]) == (
        f"audit.{part}",
        {name: value + 1},
        {name: value},
    )
