"""Policy files in force: the lender's own wins, an answer keeps the ones it was given by, and a dry run says
beforehand what they will decide.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from graph.model.errors import StoreChangedError
from investigations.assessments import Decision
from investigations.casebook import Casebook
from investigations.dry_run import dry_run
from investigations.policies.file import PolicyFile, PolicyScope
from investigations.policies.reading import read_policy
from investigations.users import AuditAction, AuditFilter
from scripts.cli.command import UNUSABLE
from scripts.cli.main import main
from service.app import create_app, follow_policies
from service.assessment.context import AppContext
from service.assessment.repeats.policy_dry_run import by_policy_file
from service.assessment.repeats.replay import replay
from service.assessment.repeats.replays import replay_latest
from service.jobs.policies import PolicyFollower
from service.wiring import wire
from tests.support.casebooks import forge
from tests.support.small_service import Clock, PlainModel, body, risk, service
from tests.support.small_worlds import day
from tests.support.stores import HASH_KEY

CAREFUL = "thresholds: {review: 0.001, decline: 0.3}\n"
STRICT_FACES = "limits: {face: 0.99}\nrules: {RULE_FACE_MISMATCH: {review: true, severity: 1}}\n"


def policy(text: str, lender: str | None = None, name: str = "p") -> PolicyFile:
    scope = f"lender: {lender}\n" if lender else ""
    return read_policy(f"format: 1\nname: {name}\n{scope}{text}".encode(), "p.yaml")


@pytest.fixture
def context(tmp_path: Path) -> Iterator[AppContext]:
    with closing(service(tmp_path)) as context:
        yield context


def use(context: AppContext, file: PolicyFile) -> None:
    context.casebook.policies.use(file, day(70), "wang")
    context.policies.files.refresh()


def new(name: str, **columns: Any) -> dict[str, Any]:
    """An application of somebody of whom nothing is known."""
    return body(name, applicant_id="stranger", device_id="00000000000000ff", phone=None, **columns)


def kept(context: AppContext, answer: dict[str, Any]) -> list[str]:
    files: list[str] = context.casebook.assessment(answer["assessment_id"]).audit["policy_files"]
    return files


def test_a_lenders_file_wins_over_the_one_for_everybody(context: AppContext) -> None:
    everybody, lenders = policy("thresholds: {review: 0.9}"), policy(CAREFUL, "L1")
    before = [risk(context, new(f"before-{lender}", platform_id=lender)) for lender in ("L1", "L2")]
    use(context, everybody)
    use(context, lenders)
    mine, others = (risk(context, new(f"live-{lender}", platform_id=lender)) for lender in ("L1", "L2"))
    assert (kept(context, mine), kept(context, others)) == (
        [everybody.digest, lenders.digest],
        [everybody.digest],
    )
    assert [kept(context, one) for one in before] == [[], []]
    assert mine["decision"] == "review"
    assert len({one["policy_version"] for one in (before[0], mine, others)}) == 3


def test_an_answer_is_replayed_by_the_files_it_was_given_by(context: AppContext) -> None:
    use(context, policy(STRICT_FACES))
    answers = [risk(context, new("live-1", face_match=0.98))]
    use(context, policy(CAREFUL))
    answers.append(risk(context, new("live-2", face_match=0.98)))
    assert context.casebook.policies.drop(PolicyScope(), day(71), "li")
    context.policies.files.refresh()
    answers.append(risk(context, new("live-3", face_match=0.98)))
    assert answers[0]["reasons"][0]["code"] == "RULE_FACE_MISMATCH"
    assert answers[2]["decision"] == "approve" != answers[0]["decision"]
    for answer in answers:
        again = replay(context, answer["assessment_id"])
        assert again["equal"], again["differences"]
    with closing(wire(context.settings, scorer=PlainModel(), clock=Clock(day(72)))) as later:
        assert replay_latest(later, 10)["different"] == 0


def test_a_worker_takes_over_what_another_process_puts_in_force(context: AppContext, tmp_path: Path) -> None:
    app = create_app(context)
    thread = follow_policies(app)
    file = policy(CAREFUL)
    with Casebook(context.settings.casebook) as other:
        other.policies.use(file, day(70), "wang")
    thread.wake()
    for number in range(200):
        answer = app.test_client().post("/risk", json=body(f"live-{number}")).get_json()
        if kept(context, answer):
            break
    thread.close()
    assert kept(context, answer) == [file.digest]


def test_a_policy_file_that_was_changed_is_not_decided_by(context: AppContext) -> None:
    use(context, policy(CAREFUL))
    answer = risk(context, body("live-1"))
    forge(
        context.settings.casebook,
        "DROP TRIGGER policy_files_update_refused",
        "UPDATE policy_files SET content = replace(content, '0.001', '0.9')",
    )
    context.policies.files._read.clear()
    with pytest.raises(StoreChangedError, match="is not as it was used"):
        context.policies.files.refresh()
    with pytest.raises(StoreChangedError, match="is not as it was used"):
        replay(context, answer["assessment_id"])


def test_who_put_which_policy_in_force_is_under_the_seals(context: AppContext) -> None:
    use(context, policy(CAREFUL))
    context.casebook.policies.drop(PolicyScope(), day(71), "li")
    assert [(one.by, one.digest is None) for one in context.casebook.policies.history()] == [
        ("wang", False),
        ("li", True),
    ]
    while context.casebook.seals.seal(day(72)):
        pass
    forge(
        context.settings.casebook,
        "DROP TRIGGER policy_uses_update_refused",
        "UPDATE policy_uses SET by = 'chen' WHERE position = 1",
    )
    (fault,) = context.casebook.seals.verify().faults
    assert (fault.what, fault.table, fault.key) == ("row_changed", "policy_uses", "1")


PEOPLE = [f"p{n:03d}" for n in range(0, 100, 4)]


@pytest.mark.parametrize("text", [CAREFUL, STRICT_FACES, "thresholds: {review: 0.9, approve: 1}\n"])
def test_a_dry_run_says_what_the_file_then_decides(context: AppContext, text: str) -> None:
    in_force, file = policy("limits: {newcomers: 2}\n"), policy(text, "L1")
    use(context, in_force)
    files = context.policies.files
    before = asked(context, "before")
    rows = list(context.casebook.between(day(0), day(90)))
    same = dry_run(rows, by_policy_file(context.store.view, context.policy, files, in_force))
    assert same.changes == {}  # what is in force decides as it did
    decide = by_policy_file(context.store.view, context.policy, files, file)
    found = dry_run(rows, decide)
    said = [decide(context.casebook.assessment(one["assessment_id"])) for one in before]
    use(context, file)
    expected = [Decision(one["decision"]) for one in asked(context, "after")]
    assert said == expected
    assert found.lenders["L2"].changed == 0 < found.lenders["L1"].changed
    assert found.now[Decision.APPROVE] == sum(one is Decision.APPROVE for one in expected)


def asked(context: AppContext, name: str) -> list[dict[str, Any]]:
    """Answers to applications of strangers and of others, at two lenders."""
    answers = []
    for n, who in enumerate([*PEOPLE, *(f"stranger-{m}" for m in range(6))]):
        reported = body(f"{name}-{n}", applicant_id=who, platform_id=f"L{1 + n % 2}", phone=None)
        reported |= {"face_match": 0.97 + n % 5 / 200, "device_id": f"{n:016x}"}
        answers.append(risk(context, reported, at=day(70) + timedelta(seconds=n)))
    return answers


@pytest.fixture
def keyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)


@pytest.mark.usefixtures("keyed")
def test_the_command_checks_uses_shows_and_drops(
    context: AppContext, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "L1.yaml"
    path.write_text(policy(CAREFUL, "L1").content)
    book = ["--casebook", context.settings.casebook, "--json"]

    def run(*arguments: str, status: int = 0) -> Any:
        assert main(["policy", *arguments]) == status
        said = capsys.readouterr()
        return json.loads(said.out) if status == 0 else said.err

    checked = run("check", str(path), "--json")
    assert (checked["holds_for"], checked["sets"]["thresholds"]["decline"]) == ("lender L1", 0.3)
    assert run("use", str(path), "--by", "wang", *book)["digest"] == checked["digest"]
    shown = run("show", *book)
    ((whose, mine),) = shown["in_force"].items()
    assert (whose, mine["by"], mine["name"], shown["in_shadow"]) == ("lender L1", "wang", "p", {})
    assert run("show", "--lender", "L2", *book)["in_force"] == {}
    run("shadow", str(path), *book)
    assert list(run("show", *book)["in_shadow"]) == ["lender L1"]
    assert run("drop", "--lender", "L1", "--shadow", *book) == {"dropped": "lender L1"}
    assert run("show", *book)["in_shadow"] == {}
    answer = risk(context, new("live-1"))
    given = ["--store", context.settings.store, "--since", "2025-01-01", *book]
    assert main(["thresholds", "--policy", str(path), *given]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["assessments"], told["digest"]) == (1, checked["digest"])
    assert told["changes"][f"{answer['decision']}_to_review"]["assessments"] == 1
    assert told["lenders"]["L1"]["changed_share_low"] > 0
    assert told["in_scope"] == 1
    misspelt = tmp_path / "L01.yaml"
    misspelt.write_text(policy(CAREFUL, "L01").content)
    assert main(["thresholds", "--policy", str(misspelt), *given]) == 0
    said = capsys.readouterr()
    assert (json.loads(said.out)["in_scope"], json.loads(said.out)["assessments"]) == (0, 1)
    assert "holds for lender L01, and none of 1 recorded answers" in said.err
    assert run("drop", "--lender", "L1", *book) == {"dropped": "lender L1"}
    assert "no policy file is in force for lender L1" in run("drop", "--lender", "L1", *book, status=UNUSABLE)
    path.write_text("format: 1\nname: n\nlimits:\n  face: 7\n")
    assert "L1.yaml, line 4: limits.face" in run("use", str(path), *book, status=UNUSABLE)
    assert "takes no file" in run("show", str(path), *book, status=UNUSABLE)
    assert "is needed" in run("check", *book, status=UNUSABLE)
    assert "cannot be read" in run("check", str(tmp_path / "none.yaml"), status=UNUSABLE)
    assert "says itself" in run("use", str(path), "--lender", "L1", *book, status=UNUSABLE)
    with pytest.raises(SystemExit):
        main(["policy", "forget"])


NEWER = "format: 1\nname: newer\nrules: {RULE_OF_NEXT_YEAR: {review: true}}\n"


def from_a_newer_release(context: AppContext) -> PolicyFile:
    """A file in force for everybody that says what this release does not know."""
    file = replace(policy(""), name="newer", digest=hashlib.sha256(NEWER.encode()).hexdigest(), content=NEWER)
    context.casebook.policies.use(file, day(70), "li")
    return file


@pytest.mark.usefixtures("keyed")
def test_a_file_of_a_newer_release_is_named_and_may_be_replaced(
    context: AppContext, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    risk(context, new("live-1"))
    file = from_a_newer_release(context)
    with pytest.raises(StoreChangedError, match="cannot be read by this release") as stopped:
        wire(context.settings, scorer=PlainModel()).close()
    assert "line 3: rules.RULE_OF_NEXT_YEAR" in str(stopped.value)
    given = ["--store", context.settings.store, "--casebook", context.settings.casebook, "--json"]
    assert main(["policy", "show", *given[2:]]) == 0
    shown = json.loads(capsys.readouterr().out)["in_force"]["everybody"]
    assert (shown["digest"], shown["by"]) == (file.digest, "li")
    assert "RULE_OF_NEXT_YEAR" in shown["unreadable"]
    path = tmp_path / "p.yaml"
    path.write_text(policy("").content, "utf-8")
    assert main(["policy", "use", str(path), *given]) == 0
    wire(context.settings, scorer=PlainModel()).close()


def test_a_service_goes_on_by_what_it_can_read_and_counts_what_it_cannot(context: AppContext) -> None:
    told: list[str] = []
    follower = PolicyFollower(
        context.policies.files, lambda: told.append("taken"), lambda: told.append("failed")
    )
    careful = policy(CAREFUL)
    context.casebook.policies.use(careful, day(70), "wang")
    assert follower.step()
    assert follower.step()
    assert told == ["taken"], "what is in force already is not taken over again"
    from_a_newer_release(context)
    with pytest.raises(StoreChangedError, match="cannot be read by this release"):
        follower.step()
    assert kept(context, risk(context, new("live-1"))) == [careful.digest]
    context.casebook.policies.drop(PolicyScope(), day(71), "li")
    follower.step()
    assert told == ["taken", "failed", "taken"]
    assert kept(context, risk(context, new("live-2"))) == []


@pytest.mark.usefixtures("keyed")
def test_who_takes_a_policy_out_of_force_stands_in_the_trail_with_why(context: AppContext) -> None:
    use(context, policy(CAREFUL, "L1"))
    given = ["--lender", "L1", "--casebook", context.settings.casebook, "--json"]
    assert main(["policy", "drop", "--by", "li", "--reason", "all wait for people", *given]) == 0
    assert main(["policy", "drop", "--by", "li", *given]) == UNUSABLE
    (line,), _ = context.casebook.audit.read(AuditFilter(action=AuditAction.POLICY_DROPPED))
    assert (line.by, line.purpose) == ("li", "all wait for people")
    assert line.subject == f"policy:{policy(CAREFUL, 'L1').digest}"
    assert json.loads(line.detail or "") == {"lender": "L1", "product": None}
