"""Whoever runs the service makes the users: a password stands in no argument and no output."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from investigations.casebook import Casebook
from investigations.users import AuditAction, AuditFilter, DeskRole
from scripts.cli.command import DONE, UNUSABLE
from scripts.cli.main import main
from service.login.accounts import FIRST, first_admin
from service.login.passwords import verified
from tests.support.casebooks import url_of
from tests.support.desk.people import PASSWORD


@pytest.fixture
def book(tmp_path: Path) -> str:
    Casebook(url_of(tmp_path)).close()
    return url_of(tmp_path)


def users(book: str, *arguments: str, typed: str | None = None, monkeypatch: pytest.MonkeyPatch) -> int:
    if typed is not None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed + "\n"))
        arguments += ("--password-stdin",)
    return main(["users", *arguments, "--casebook", book])


def shown(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_a_user_is_added_changed_and_disabled_and_all_of_it_is_in_the_trail(
    book: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert users(book, "add", "Wang", "--role", "reader", typed=PASSWORD, monkeypatch=monkeypatch) == DONE
    assert shown(capsys)["name"] == "wang"
    users(book, "role", "wang", "--role", "senior", monkeypatch=monkeypatch)
    users(book, "password", "wang", typed="another harbour in the rain", monkeypatch=monkeypatch)
    users(book, "disable", "wang", monkeypatch=monkeypatch)
    users(book, "enable", "wang", monkeypatch=monkeypatch)
    users(book, "add", "li", "--role", "auditor", "--provider", monkeypatch=monkeypatch)
    capsys.readouterr()
    users(book, "list", monkeypatch=monkeypatch)
    listed = capsys.readouterr().out
    assert [(one["name"], one["role"], one["logs_in"]) for one in json.loads(listed)["users"]] == [
        ("li", "auditor", "through the provider"),
        ("wang", "senior", "by password"),
    ]
    assert "argon2" not in listed
    with Casebook(book) as casebook:
        assert verified(casebook.users, "wang", "another harbour in the rain") is not None
        assert verified(casebook.users, "wang", PASSWORD) is None
        trail, _ = casebook.audit.read(AuditFilter(subject="user:wang"))
    assert [one.action for one in trail] == [
        AuditAction.USER_ADDED,
        AuditAction.ROLE_CHANGED,
        AuditAction.PASSWORD_CHANGED,
        AuditAction.USER_DISABLED,
        AuditAction.USER_ENABLED,
    ]


@pytest.mark.parametrize(
    ("arguments", "typed", "why"),
    [
        (["add", "wang"], PASSWORD, "say which role"),
        (["add"], PASSWORD, "say whom"),
        (["add", "a b", "--role", "reader"], PASSWORD, "a user's name"),
        (["add", "wang", "--role", "reader"], "short", "a password has 12"),
        (["add", "there", "--role", "reader"], PASSWORD, "already"),
        (["password", "nobody"], PASSWORD, "no user nobody"),
    ],
)
def test_what_cannot_be_meant_changes_nobody(
    book: str,
    arguments: list[str],
    typed: str,
    why: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    users(book, "add", "there", "--role", "reader", typed=PASSWORD, monkeypatch=monkeypatch)
    assert users(book, *arguments, typed=typed, monkeypatch=monkeypatch) == UNUSABLE
    assert why in capsys.readouterr().err
    with Casebook(book) as casebook:
        assert [one.name for one in casebook.users.all()] == ["there"]


def test_without_a_terminal_nobody_waits_for_a_password(
    book: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert users(book, "add", "wang", "--role", "reader", monkeypatch=monkeypatch) == UNUSABLE
    assert "--password-stdin" in capsys.readouterr().err


def test_a_misspelt_casebook_gets_no_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert users(url_of(tmp_path), "list", monkeypatch=monkeypatch) == UNUSABLE
    assert not list(tmp_path.iterdir())


def test_the_first_admin_is_made_once_with_a_password_in_a_file_of_its_owners(tmp_path: Path) -> None:
    file = tmp_path / "admin.password"
    with Casebook(url_of(tmp_path)) as casebook:
        for _ in range(2):
            first_admin(casebook.users, file)
        [admin] = casebook.users.all()
        assert (admin.name, admin.role) == (FIRST, DeskRole.ADMIN)
        assert verified(casebook.users, FIRST, file.read_text().strip()) is not None
    assert file.stat().st_mode & 0o777 == 0o600
