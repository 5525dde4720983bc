"""The command of policy files: who puts one in force is named, wherever the command runs."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest

from scripts.cli.commands.policy import COMMAND
from service.opening import open_casebook


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
