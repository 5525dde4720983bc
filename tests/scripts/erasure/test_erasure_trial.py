"""Who lacks a right or room for an erasure is refused before anything is changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from graph.stores.sqlite import connection
from investigations.users import AuditAction, AuditFilter
from scripts.cli.command import DONE, FAILED, UNUSABLE
from scripts.cli.main import main
from service.opening import open_casebook
from service.settings import Settings
from tests.investigations.test_casebook_guards import log_in_as
from tests.support.erasure.worlds import GONE, filled
from tests.support.stores import HASH_KEY, ON_NEO4J, open_url

WHY = ("--purpose", "request of 12 March")
Change = Callable[[pytest.MonkeyPatch], None]


def _full_disk(changed: pytest.MonkeyPatch) -> None:
    changed.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10))


def _read_only_store(changed: pytest.MonkeyPatch) -> None:
    changed.setattr(connection, "_SETTINGS", (*connection._SETTINGS, "query_only = ON"))


def _erase(settings: Settings, *given: str, casebook: str = "") -> int:
    named = ("--store", settings.store, "--casebook", casebook or settings.casebook)
    return main(["erase", *GONE, *WHY, *given, *named])


def _assert_nothing_was_done(settings: Settings, out: Path, edition: int) -> None:
    with open_url(settings.store) as store:
        assert store.edition() == edition
    with open_casebook(settings.casebook) as book:
        assert book.audit.read(AuditFilter(action=AuditAction.ERASED))[0] == ()
    assert [*out.rglob("*")] == []


@pytest.mark.parametrize(
    ("change", "words"),
    [(_full_disk, "has 10 bytes free"), (_read_only_store, "attempt to write a readonly database")],
)
def test_without_a_right_or_room_nothing_is_changed_and_a_check_says_so(
    settings: Settings, out: Path, capsys: pytest.CaptureFixture[str], change: Change, words: str
) -> None:
    if ON_NEO4J and change is _read_only_store:
        pytest.skip("SQLite's")
    with open_url(settings.store) as store:
        edition = store.edition()
    with pytest.MonkeyPatch.context() as changed:
        change(changed)
        for given in (("--check",), ("--out", str(out))):
            assert _erase(settings, *given) == FAILED
            assert words in capsys.readouterr().err
    _assert_nothing_was_done(settings, out, edition)
    assert _erase(settings, "--out", str(out)) == DONE


def test_with_the_services_role_nobody_is_erased_from_the_store_either(
    postgres: str,
    tmp_path: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    settings = filled(tmp_path, casebook=postgres)
    with open_url(settings.store) as store:
        edition = store.edition()
    assert _erase(settings, "--out", str(out), casebook=log_in_as(postgres, "service")) == FAILED
    assert "Roles in PostgreSQL" in capsys.readouterr().err
    _assert_nothing_was_done(settings, out, edition)
    assert _erase(settings, "--out", str(out), casebook=log_in_as(postgres, "eraser")) == DONE


def test_a_place_that_takes_no_certificate_is_said_first(
    settings: Settings, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (out / "taken").write_text("")
    with open_url(settings.store) as store:
        edition = store.edition()
    assert _erase(settings, "--out", str(out / "taken")) == UNUSABLE
    assert "no certificate can be written" in capsys.readouterr().err
    (out / "taken").unlink()
    _assert_nothing_was_done(settings, out, edition)
