"""A policy file comes into force only where it holds up the honest of no group of people more often than
others like them; whoever forces it gives a reason, which stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from graph.model.types import Facts
from investigations.assessments import Decision
from investigations.dry_run import AnsweredLife, DecidedPerson
from investigations.users import AuditAction, AuditFilter
from scripts.cli.command import FAILED, UNUSABLE
from scripts.cli.main import main
from service.assessment.context import AppContext
from service.governance.gates import policy
from service.governance.gates.policy import MEASURABLE, policy_checks
from service.governance.gates.share_checks import share_checks
from tests.support.casebooks import forge
from tests.support.small_service import PlainModel, body, risk, service
from tests.support.small_worlds import applies, day, facts_of, fraud, uses
from tests.support.stores import HASH_KEY

DORMITORY, ALONE = 40, 60
LEANING: Any = PlainModel(
    weights={"wifi_holders": 0.02}
)  # .047 for whoever lives alone, .1 and less in a crowd
HARD_ON_CROWDS = "thresholds: {review: 0.06}"  # above whoever lives alone, below whoever lives with 39 others
HARD_ON_ALL = "thresholds: {review: 0.001}"

Run = Callable[..., Any]


def town() -> Facts:
    """A dormitory, people who live alone, and a fraud among them that is found after all were answered."""
    dormitory = [applies(f"d{n:02}", 10 + n / 10, uses("wifi", "hall")) for n in range(DORMITORY)]
    alone = [applies(f"s{n:02}", 10 + n / 10, uses("wifi", f"s{n:02}")) for n in range(ALONE)]
    return facts_of(*dormitory, *alone, fraud(dormitory[0].application_id, 71))


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppContext]:
    """A service that has answered everybody once."""
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    with closing(service(tmp_path, town(), scorer=LEANING, review_follows="off")) as context:
        names = [f"d{n:02}" for n in range(DORMITORY)] + [f"s{n:02}" for n in range(ALONE)]
        for n, who in enumerate(names):
            asked = body(f"live-{n}", applicant_id=who, phone=None, device_id=None, national_id=None)
            risk(context, asked, at=day(70) + timedelta(minutes=n))
        yield context


@pytest.fixture
def run(context: AppContext, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Puts a policy with these lines in force by the command, with more arguments."""

    def use(text: str, *more: str, status: int = 0) -> Any:
        file = tmp_path / "p.yaml"
        file.write_text(f"format: 1\nname: p\n{text}\n", "utf-8")
        given = ["--store", context.settings.store, "--casebook", context.settings.casebook, "--json"]
        assert main(["policy", "use", str(file), "--by", "wang", *given, *more]) == status
        said = capsys.readouterr()
        return said.err if status == UNUSABLE else json.loads(said.out.splitlines()[-1])

    return use


def test_a_policy_that_holds_up_a_dormitory_is_refused_and_says_whom_and_how_much(
    context: AppContext, run: Run
) -> None:
    found = run(HARD_ON_CROWDS, status=FAILED)
    assert (found["in_force"], found["measured"]["honest"]) == (False, DORMITORY + ALONE - 1)
    (failed,) = [one for one in found["failed"] if one.startswith("fairness to dormitory")]
    assert f"{DORMITORY - 1} of the group's honest are held up, 0.0 if they fared as others" in failed
    dormitory = found["groups"]["dormitory"]
    assert (dormitory["reviewed_then"]["value"], dormitory["reviewed_now"]["value"]) == (0.0, 1.0)
    assert context.casebook.policies.in_force() == ()
    (line,), _ = context.casebook.audit.read(AuditFilter(action=AuditAction.POLICY_REFUSED))
    kept = json.loads(line.detail or "")
    assert (line.by, line.subject, kept["forced"]) == ("wang", f"policy:{found['digest']}", False)
    assert "fairness to dormitory" in [one["name"] for one in kept["checks"] if not one["passed"]]


def test_a_forced_policy_keeps_its_reason_under_the_seals(context: AppContext, run: Run) -> None:
    assert "--force needs a --reason" in run(HARD_ON_CROWDS, "--force", status=UNUSABLE)
    found = run(HARD_ON_CROWDS, "--force", "--reason", "a crew moved into the hall")
    assert (found["in_force"], found["passed"], found["forced"]) == (True, False, True)
    (use,) = context.casebook.policies.in_force()
    assert use.digest == found["digest"]
    (line,), _ = context.casebook.audit.read(AuditFilter(action=AuditAction.POLICY_USED))
    assert line.purpose == "a crew moved into the hall"
    assert json.loads(line.detail or "")["forced"] is True
    while context.casebook.seals.seal(day(72)):
        pass
    forge(
        context.settings.casebook,
        "DROP TRIGGER audit_trail_update_refused",
        "UPDATE audit_trail SET purpose = 'no reason' WHERE action = 'policy_used'",
    )
    assert {(one.what, one.table) for one in context.casebook.seals.verify().faults} == {
        ("row_changed", "audit_trail")
    }


def test_a_policy_that_holds_up_everybody_alike_is_a_turn_that_must_be_forced(
    context: AppContext, run: Run
) -> None:
    refused = run(HARD_ON_ALL, status=FAILED)
    assert refused["failed"] == [
        "share approved: 0.0% of 100 people would be approved, 100.0% were",
        "share reviewed: 100.0% of 100 people would be reviewed, 0.0% were",
    ]
    assert context.casebook.policies.in_force() == ()
    found = run(HARD_ON_ALL, "--force", "--reason", "everybody is looked at for a week")
    assert (found["in_force"], found["forced"], found["failed"]) == (True, True, refused["failed"])
    assert "share declined: 0.0%" not in str(found["failed"])
    assert "0.0% of 100 people would be declined, 0.0% were" in found["shares"]
    everybody = found["groups"]["everybody"]
    assert (everybody["people"], everybody["reviewed_now"]["value"]) == (DORMITORY + ALONE, 1.0)
    assert len(context.casebook.policies.in_force()) == 1


def test_a_lender_says_how_far_a_policy_may_turn(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGFENCE_GATE_SHARES", "1")
    found = run(HARD_ON_ALL)
    assert (found["in_force"], found["forced"], found["failed"]) == (True, False, [])


def test_whom_a_policy_is_not_about_does_not_count(run: Run) -> None:
    found = run(f"lender: L7\n{HARD_ON_CROWDS}")
    assert (found["in_force"], found["measured"]["answers"]) == (True, 0)
    assert found["groups"] == {}


def test_a_lender_whose_answers_are_rare_is_measured_all_the_same(
    context: AppContext, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "MOST", 50)
    assert run("lender: L1", "--force", "--reason", "to see")["measured"]["answers"] == 50
    for n in range(60):  # of others, since then
        risk(context, body(f"since-{n}", applicant_id=f"e{n}", platform_id="L2", phone=None), at=day(71))
    measured = run(f"lender: L1\n{HARD_ON_ALL}", status=FAILED)["measured"]
    assert measured["answers"] == 50, "of the latest of all there is none of this lender"
    monkeypatch.setattr(policy, "LOOKED_AT", 60)
    assert run(f"lender: L1\n{HARD_ON_ALL}")["measured"]["answers"] == 0


def test_the_dry_run_tells_the_shares_of_each_group_before_and_after(
    context: AppContext, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(f"format: 1\nname: p\n{HARD_ON_CROWDS}\n", "utf-8")
    given = ["--store", context.settings.store, "--casebook", context.settings.casebook, "--json"]
    assert main(["thresholds", "--policy", str(file), "--since", "2025-01-01", *given]) == 0
    said = json.loads(capsys.readouterr().out)
    groups = said["groups"]
    approved = said["shares"]["share approved"]
    assert (approved["within_margin"], approved["says"]) == (
        False,
        "60.0% of 100 people would be approved, 100.0% were",
    )
    assert said["shares"]["share declined"]["within_margin"] is True
    assert groups["dormitory"]["reviewed_now"]["value"] == 1.0
    assert groups["everybody"]["approved_now"]["value"] == ALONE / (DORMITORY + ALONE)
    assert groups["everybody"]["approved_then"]["people"] == DORMITORY + ALONE


def test_a_terminal_shows_the_dry_run_with_a_row_for_each_group(
    context: AppContext,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(f"format: 1\nname: p\n{HARD_ON_CROWDS}\n", "utf-8")
    given = ["--store", context.settings.store, "--casebook", context.settings.casebook]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["thresholds", "--policy", str(file), "--since", "2025-01-01", *given]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["dormitory", "40", "100.0", "(91.2-100.0)", "0.0", "(0.0-8.8)"] in [line[:6] for line in lines]


def decided(then: Decision, now: Decision, count: int) -> list[DecidedPerson]:
    life = AnsweredLife(frozenset(), "0 earlier, none", True)
    return [DecidedPerson(life, then, now)] * count


@pytest.mark.parametrize(
    ("turned", "passed"), [(0, True), (10, True), (11, False), (100, False)], ids=lambda value: str(value)
)
@pytest.mark.parametrize("way", [(Decision.APPROVE, Decision.REVIEW), (Decision.REVIEW, Decision.APPROVE)])
def test_a_share_may_move_by_the_margin_either_way(
    way: tuple[Decision, Decision], turned: int, passed: bool
) -> None:
    then, now = way
    checks = share_checks([*decided(then, now, turned), *decided(then, then, 100 - turned)], 0.1)
    assert {one.name: one.passed for one in checks} == {
        "share approved": passed,
        "share reviewed": passed,
        "share declined": True,
    }
    assert checks[0].sentence.startswith(
        f"{100 - turned if then is Decision.APPROVE else turned:.1f}% of 100"
    )


def test_reviews_that_become_declines_are_a_turn_though_as_many_are_approved() -> None:
    turned = decided(Decision.REVIEW, Decision.DECLINE, 20) + decided(Decision.APPROVE, Decision.APPROVE, 80)
    assert [one.name for one in share_checks(turned, 0.1) if not one.passed] == [
        "share reviewed",
        "share declined",
    ]


def test_of_fewer_than_thirty_people_no_share_is_judged() -> None:
    assert share_checks(decided(Decision.APPROVE, Decision.DECLINE, 29), 0.1) == []
    assert len(share_checks(decided(Decision.APPROVE, Decision.DECLINE, 30), 0.1)) == 3


def people(held_up: int, of: int, group: str, *, honest: bool = True) -> list[DecidedPerson]:
    life = AnsweredLife(frozenset({group}), "0 earlier, none", honest)
    return [
        DecidedPerson(life, Decision.APPROVE, Decision.DECLINE if n < held_up else Decision.APPROVE)
        for n in range(of)
    ]


def test_the_bad_of_a_group_may_be_held_up_and_too_few_are_not_judged() -> None:
    alone = people(2, 400, "settled_citizen")
    assert [one.name for one in policy_checks([*alone, *people(30, 60, "dormitory")], 2.0) if not one.passed]
    caught = [*alone, *people(0, 60, "dormitory"), *people(60, 60, "dormitory", honest=False)]
    assert all(one.passed for one in policy_checks(caught, 2.0))
    (few,) = policy_checks(people(20, 20, "dormitory"), 2.0)
    assert (few.name, few.passed) == (MEASURABLE, True)
    assert "20 honest people were answered lately" in few.sentence
