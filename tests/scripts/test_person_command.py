"""Who asks what is held about them gets all of it, masked, and nothing of anybody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.contract import name_space
from investigations.cases import NewCase, Verdict, VerdictValue
from investigations.users import AuditFilter
from scripts.cli.command import DONE, FAILED, UNUSABLE
from scripts.cli.main import main
from service.assessment.context import AppContext
from service.governance.person.export import as_json, held_about
from tests.support.small_service import body, risk, service
from tests.support.small_worlds import applies, day, facts_of, random_facts

FACTS = random_facts(1)
LATER = day(400)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppContext]:
    """A service that assessed p001 and has a case about them, with a note that names somebody else."""
    context = service(tmp_path_factory.mktemp("held"), FACTS)
    answer = risk(context, body())
    about = NewCase(reason="by hand", applicant_id="p001", assessment_id=answer["assessment_id"])
    case_id, _ = context.casebook.open_case(about, at=day(71), by="wang")
    context.casebook.add_note(case_id, "lives with p002", at=day(72), by="wang")
    people = {"p001": VerdictValue.FALSE_POSITIVE, "p003": VerdictValue.FALSE_POSITIVE}
    version = context.casebook.case(case_id).version
    verdict = Verdict(at=day(73), by="wang", value=VerdictValue.FALSE_POSITIVE, people=people)
    context.casebook.give_verdict(case_id, verdict, version)
    yield context
    context.close()


def export(context: AppContext, who: str, out: Path, purpose: str = "request of 12 March", *more: str) -> int:
    given = ["--store", context.settings.store, "--casebook", context.settings.casebook, "--out", str(out)]
    return main(["person", "export", who, "--purpose", purpose, *given, *more])


def test_a_person_gets_every_fact_assessment_case_and_verdict_with_its_moment(context: AppContext) -> None:
    held = held_about(context.store, context.casebook, "p001", LATER)
    of_theirs = {one.application_id for one in FACTS.applications if one.applicant_id == "p001"} | {"live-1"}
    assert {one["application_id"] for one in held["applications"]} == of_theirs
    dealt = {e.event_id for e in FACTS.events if "p001" in (e.applicant_id, e.counterparty_id)}
    assert {one["event_id"] for one in held["events"]} == dealt
    outcomes = sum(len(one["outcomes"]) for one in held["applications"])
    assert outcomes == sum(o.application_id in of_theirs for o in FACTS.outcomes)
    (assessed,) = held["assessments"]
    assert (assessed["application_id"], assessed["client"]) == ("live-1", "engine")
    assert assessed["reasons"]
    assert assessed["signals"]
    assert assessed["multi_lending"]
    (case,) = held["cases"]
    assert (case["about"], case["notes"]) == ("the person", 1)
    assert [one["value"] for one in held["verdicts"]] == ["false_positive"]
    assert "150****7065" in {one["masked"] for one in held["identifiers"]}


def test_an_export_names_no_other_person_no_token_and_nobody_who_looked(context: AppContext) -> None:
    people = {one.applicant_id for one in (*FACTS.applications, *FACTS.events)}
    tokens = {m.identifier.token for one in FACTS.applications for m in one.mentions}
    for who in sorted(people):
        written = as_json(held_about(context.store, context.casebook, who, LATER)).decode()
        assert not [
            other for other in people - {who} if f'"{other}"' in written or f"with {other}" in written
        ]
        assert not [token for token in tokens if f'"{token}"' in written or f":{token}" in written]
        assert '"wang"' not in written
        assert "lives with" not in written


def test_a_later_fact_is_not_in_an_earlier_export(context: AppContext) -> None:
    held = held_about(context.store, context.casebook, "p001", day(20))
    own = {
        a.application_id for a in FACTS.applications if a.applicant_id == "p001" and a.applied_at < day(20)
    }
    assert {one["application_id"] for one in held["applications"]} == own


def test_an_export_is_two_private_files_and_a_look_in_the_trail(
    context: AppContext, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "p001"
    assert export(context, "p001", out) == DONE
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    held = json.loads((out / "person.json").read_bytes())
    assert figures["applications"] == len(held["applications"]) > 0
    page = (out / "person.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "150****7065" in page
    assert {path.stat().st_mode & 0o077 for path in out.iterdir()} == {0}
    lines, _ = context.casebook.audit.read(AuditFilter(subject="applicant:p001"))
    assert (lines[-1].purpose, lines[-1].detail) == ("request of 12 March", "export")
    assert held_about(context.store, context.casebook, "p001", LATER)["looks"][-1] == {
        "at": lines[-1].at.isoformat(),
        "action": "looked",
        "purpose": "request of 12 March",
    }


def test_the_same_id_of_a_bound_lender_is_another_person(context: AppContext, tmp_path: Path) -> None:
    bound = f"{name_space('L2')}p001"
    context.store.add(facts_of(applies(bound, 5, application_id="@L2/only")))
    assert export(context, "p001", tmp_path, "request", "--lender", "L2") == DONE
    held = json.loads((tmp_path / "person.json").read_bytes())
    assert [one["application_id"] for one in held["applications"]] == ["@L2/only"]


def test_nobody_held_and_no_purpose_are_said_and_leave_no_file(
    context: AppContext, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(context, "nobody", tmp_path / "out") == FAILED
    assert "nothing is held about an applicant nobody" in capsys.readouterr().err
    assert export(context, "p001", tmp_path / "out", purpose=" ") == UNUSABLE
    assert not (tmp_path / "out").exists()
