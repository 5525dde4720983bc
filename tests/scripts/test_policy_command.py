"""The command of policy files: who puts one in force is named wherever it runs, and whether any answer falls
under it.
"""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import pytest

from investigations.assessments import Level
from scripts.cli.command import UNUSABLE
from scripts.cli.commands.policy import COMMAND
from service.opening import open_casebook
from tests.support.casebooks import assessment


def test_a_policy_comes_into_force_in_a_container_whose_user_has_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 10001")

    monkeypatch.setattr(getpass, "getuser", nameless)
    file, url = tmp_path / "p.yaml", f"sqlite:///{tmp_path}/casebook.db"
    file.write_text("format: 1\nname: p\n", "utf-8")
    with open_casebook(url) as casebook:
        assert COMMAND.main(["use", str(file), "--casebook", url, "--json"]) == 0
        (use,) = casebook.policies.in_force()
    assert use.by == "somebody on the machine"


def a_file(folder: Path, **scope: str) -> Path:
    file = folder / f"{'-'.join(scope.values()) or 'all'}.yaml"
    whose = "".join(f"{name}: {value}\n" for name, value in scope.items())
    file.write_text(f"format: 1\nname: {file.stem}\n{whose}thresholds: {{review: 0.5}}\n", "utf-8")
    return file


def test_a_policy_that_no_recorded_answer_falls_under_is_not_put_in_force_silently(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = ["--casebook", f"sqlite:///{tmp_path}/casebook.db", "--json"]
    with open_casebook(book[1]) as casebook:
        for number in range(3):
            application = {"platform_id": "L1", "product": "cash"}
            audit = {"application": application, "signals": {}}
            casebook.record(assessment(number, level=Level.RULES_ONLY, audit=audit))
        casebook.record(assessment(3, audit={"application": None, "signals": {}}))
    for what in ("use", "shadow"):
        COMMAND.main([what, str(a_file(tmp_path, lender="L1")), *book])
        said = capsys.readouterr()
        assert (json.loads(said.out)["in_scope"], json.loads(said.out)["latest_answers"]) == (3, 3)
        assert said.err == ""
    misspelt = a_file(tmp_path, lender="L01", product="cash")
    assert COMMAND.main(["use", str(misspelt), *book]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["in_scope"] == 0
    assert "none of 3 recorded answers is theirs" in said.err
    assert "lender L1 product cash (3)" in said.err


def test_of_a_lender_all_files_are_shown_that_its_applications_may_fall_under(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = ["--casebook", f"sqlite:///{tmp_path}/casebook.db", "--json"]
    open_casebook(book[1]).close()
    for scope in (
        {"lender": "L1", "product": "cash"}, {"lender": "L2"}, {"lender": "L1"}, {"product": "cash"},
        {"lender": "L2", "product": "car"}, {},
    ):  # fmt: skip
        COMMAND.main(["use", str(a_file(tmp_path, **scope)), *book])
    capsys.readouterr()

    def shown(*whose: str) -> list[str]:
        assert COMMAND.main(["show", *whose, *book]) == 0
        return list(json.loads(capsys.readouterr().out)["in_force"])

    mine = ["everybody", "product cash", "lender L1", "lender L1 product cash"]
    assert shown("--lender", "L1") == mine, "in the order in which they are applied"
    assert shown("--lender", "L1", "--product", "car") == ["everybody", "lender L1"]
    assert shown("--product", "car") == ["everybody", "lender L1", "lender L2", "lender L2 product car"]
    assert len(shown()) == 6


def test_of_a_file_without_end_no_more_is_read_than_a_policy_may_have(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert COMMAND.main(["check", "/dev/zero"]) == UNUSABLE
    assert "/dev/zero: it is too long: a policy has 65,536 bytes at most" in capsys.readouterr().err
