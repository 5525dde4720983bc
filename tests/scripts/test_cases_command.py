"""`ringfence cases verify` tells a case file of ours from one that somebody changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingestion.identifiers.pseudonymise import Keyring
from scripts.cli.main import main
from service.desk.case_signatures import signed
from tests.support.desk.worlds import fill
from tests.support.stores import HASH_KEY, open_store, store_url


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with open_store(tmp_path / "store.db") as store:
        fill(store)
    monkeypatch.setenv("RINGFENCE_STORE", store_url(tmp_path / "store.db"))
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    return tmp_path


def test_a_file_of_ours_is_valid_and_a_changed_one_fails_the_command(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = signed(b"%PDF-1.4 a case\n%%EOF\n", Keyring.parse(HASH_KEY))
    (folder / "whole.pdf").write_bytes(whole)
    (folder / "changed.pdf").write_bytes(whole.replace(b"a case", b"A case"))
    assert main(["cases", "verify", str(folder / "whole.pdf"), "--json"]) == 0
    [line] = json.loads(capsys.readouterr().out.splitlines()[-1])["files"]
    assert (line["file"], line["state"], line["key_version"]) == ("whole.pdf", "valid", "k1")
    assert main(["cases", "verify", str(folder / "whole.pdf"), str(folder / "changed.pdf"), "--json"]) == 1
    files = json.loads(capsys.readouterr().out.splitlines()[-1])["files"]
    assert [one["state"] for one in files] == ["valid", "tampered"]


def test_a_file_that_is_not_there_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cases", "verify", str(folder / "none.pdf")]) == 2
    assert "none.pdf" in capsys.readouterr().err
