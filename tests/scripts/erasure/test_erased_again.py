"""A backup that is brought back brings back nobody: the certificate knows whom, and needs no name."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from graph.model.types import Facts
from investigations.users import AuditAction, AuditEntry, AuditFilter, AuditWay
from scripts.cli.command import DONE, FAILED, UNUSABLE
from scripts.cli.main import main
from service.opening import known_keys, open_casebook
from service.settings import Settings
from tests.support.erasure.worlds import GONE, customer, names_of, replayed, traces
from tests.support.small_worlds import applies
from tests.support.stores import open_url, sqlite_only

FOREVER = datetime.max.replace(tzinfo=UTC)
FILES = ("store.db", "casebook.db")


@pytest.fixture
def certificate(
    settings: Settings, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, out: Path
) -> Path:
    """Of an erasure; `backup` beside it has the files of before."""
    kept = tmp_path_factory.mktemp("backup")
    for name in FILES:
        shutil.copy(tmp_path / name, kept)
    given = (*GONE, "--purpose", "request of 12 March", "--out", str(out))
    assert main(["erase", *given, "--store", settings.store, "--casebook", settings.casebook]) == DONE
    (file,) = out.iterdir()
    shutil.move(kept, out / "backup")
    return file


def again(settings: Settings, certificate: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    given = ("--again", str(certificate), "--out", str(certificate.parent))
    assert main(["erase", *given, "--store", settings.store, "--casebook", settings.casebook]) == DONE
    said: list[dict[str, Any]] = json.loads(capsys.readouterr().out.splitlines()[-1])["certificates"]
    return said


@sqlite_only
def test_whom_a_backup_brings_back_is_erased_again_without_being_named(
    settings: Settings, certificate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in FILES:
        for end in ("-wal", "-shm"):
            (tmp_path / f"{name}{end}").unlink(missing_ok=True)
        shutil.copy(certificate.parent / "backup" / name, tmp_path / name)
    assert {name for _, name in traces(tmp_path, *GONE)} >= {*GONE}
    (said,) = again(settings, certificate, capsys)
    assert said["erased"] == len(GONE)
    assert [*traces(tmp_path, *GONE)] == []
    assert replayed(settings) == (10, 9)  # one was written by hand, and never computed
    with open_url(settings.store) as store:
        store.refusal.open_with(known_keys(settings))
        loan = next(name for name in names_of(GONE[0]) if name.startswith("LOAN"))
        assert store.add(Facts(applications=(applies(customer(9), 3, application_id=loan),))).refused


@sqlite_only
def test_a_store_that_never_had_them_says_by_which_erasure_they_stay_out(
    settings: Settings, certificate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The trail of what is brought back knows another erasure, of somebody else, that had begun before."""
    fresh = replace(
        settings, store=f"sqlite:///{tmp_path}/fresh.db", casebook=f"sqlite:///{tmp_path}/fresh-book.db"
    )
    where = ("--store", fresh.store, "--casebook", fresh.casebook)
    with open_url(fresh.store) as store, open_casebook(fresh.casebook):
        store.add(Facts(applications=(applies(customer(9), 3, application_id="LOAN-9"),)))
    with open_casebook(fresh.casebook) as book:
        other = AuditEntry(
            at=datetime(2020, 1, 1, tzinfo=UTC), by="op", way=AuditWay.COMMAND,
            action=AuditAction.ERASURE_BEGAN, subject="certificate:E-other",
        )  # fmt: skip
        book.audit.add([other, replace(other, action=AuditAction.ERASED)])
    for _ in range(2):
        assert again(fresh, certificate, capsys)[0]["erased"] == 0
    why = ("--purpose", "request of 12 March")
    assert main(["person", "export", GONE[0], *why, *where, "--out", str(tmp_path / "export")]) == FAILED
    said = capsys.readouterr().err
    assert f"by the erasure {certificate.stem.removeprefix('erasure_')}" in said
    with open_casebook(fresh.casebook) as book:
        assert len(book.audit.read(AuditFilter(action=AuditAction.ERASED))[0]) == 2


def test_somebody_new_by_an_erased_id_is_no_matter_of_an_old_certificate(
    settings: Settings, certificate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_url(settings.store) as store:
        store.refusal.open_with(known_keys(settings))
        assert store.add(Facts(applications=(applies(GONE[0], 900, application_id="LOAN-back"),))).accepted
        edition = store.edition()
    (said,) = again(settings, certificate, capsys)
    assert said["erased"] == 0
    with open_url(settings.store) as store:
        assert store.edition() == edition
        assert GONE[0] in store.view(FOREVER).tables().applicant_ids.tolist()


def test_a_certificate_that_was_changed_is_not_followed(
    settings: Settings, certificate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = certificate.with_name("changed.json")
    changed.write_text(certificate.read_text().replace('"erased": 3', '"erased": 4'))
    given = ("--again", str(changed), "--out", str(certificate.parent))
    assert main(["erase", *given, "--store", settings.store, "--casebook", settings.casebook]) == UNUSABLE
    assert "tampered" in capsys.readouterr().err
