"""A command that works with what a casebook holds makes none, and advises none, where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.cli.command import UNUSABLE
from scripts.cli.main import main

SINCE = ("--since", "2025-01-01")
WORK = (
    ("audit", "verify"),
    ("audit", "seal"),
    ("monitor", *SINCE),
    ("person", "export", "C-1", "--purpose", "asked", "--out", "nowhere"),
    ("policy", "show"),
    ("policy", "drop"),
    ("replay",),
    ("retain",),
    ("score", *SINCE, "--until", "2025-02-01", "--out", "scores.csv"),
    ("shadow", "report"),
    ("thresholds", *SINCE),
    ("users", "list"),
    ("users", "disable", "wang"),
    ("webhooks", "list"),
)
MAKE = (("users", "add", "wang", "--role", "reader"), ("rings", "--as-of", "2025-01-01", "--out", "rings"))


@pytest.mark.parametrize("words", [*WORK, *MAKE], ids=" ".join)
def test_only_a_command_that_can_begin_a_casebook_advises_to_make_one(
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    nowhere = tmp_path / "misspelt.db"
    assert main([*words, "--casebook", f"sqlite:///{nowhere}"]) == UNUSABLE
    said = capsys.readouterr().err
    assert f"there is no casebook at {nowhere}" in said
    assert ("--new-casebook" in said) == (words in MAKE)
    assert list(tmp_path.iterdir()) == []


def test_a_list_of_users_makes_no_casebook_even_where_one_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--casebook", f"sqlite:///{tmp_path}/misspelt.db", "--new-casebook"]
    assert main(["users", "list", *given]) == UNUSABLE
    assert "--new-casebook is for `add`" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
