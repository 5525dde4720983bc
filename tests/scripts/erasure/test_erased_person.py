"""Who asks what is held about somebody erased is told when that was, and by which erasure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from investigations.users import AuditFilter
from scripts.cli.command import DONE, FAILED
from scripts.cli.main import main
from service.opening import open_casebook
from service.settings import Settings
from tests.support.erasure.worlds import GONE, customer, names_in_casebook

WHY = ("--purpose", "request of 12 March")


def export(settings: Settings, who: str, out: Path) -> int:
    where = ("--store", settings.store, "--casebook", settings.casebook, "--out", str(out))
    return main(["person", "export", who, *WHY, *where])


def test_an_officer_reads_when_and_by_which_erasure_somebody_went(
    settings: Settings, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes, where = dict[str, set[str]](), ("--store", settings.store, "--casebook", settings.casebook)
    for who in GONE[:2]:
        assert main(["erase", who, *WHY, *where, "--out", str(out)]) == DONE
        certificate = json.loads(capsys.readouterr().out.splitlines()[-1])["certificate"]
        codes[who] = {*json.loads((out / f"erasure_{certificate}.json").read_bytes())["codes"]}
        assert export(settings, who, out / "export") == FAILED
        said = capsys.readouterr().err
        assert f"by the erasure {certificate}" in said
        assert who not in said
        assert [code for code in codes[who] if code in said]
    assert export(settings, GONE[0], out / "export") == FAILED
    assert f"by the erasure {certificate}" not in capsys.readouterr().err, "it was another one"
    assert not (out / "export").exists()
    assert names_in_casebook(settings, *GONE[:2]) == []
    with open_casebook(settings.casebook) as book:
        lines, _ = book.audit.read(AuditFilter())
    looks = [line.subject for line in lines if line.detail == "export" and line.subject]
    assert [code for code in codes[GONE[0]] if f"applicant:erased:{code}" in looks]


def test_an_export_of_others_needs_no_key_after_an_erasure(
    settings: Settings, out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ("--store", settings.store, "--casebook", settings.casebook)
    assert main(["erase", GONE[0], *WHY, *where, "--out", str(out)]) == DONE
    monkeypatch.delenv("RINGFENCE_HASH_KEY")
    assert export(settings, customer(5), out / "export") == DONE
    assert export(settings, "nobody", out / "nobody") != DONE
    assert "RINGFENCE_HASH_KEY" in capsys.readouterr().err
