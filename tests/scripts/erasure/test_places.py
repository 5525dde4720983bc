"""Whatever links, settings and disks lie between the command and its files, no copy keeps a name."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from graph.frame.location import frame_of
from graph.model.errors import StoreUnavailableError
from scripts.cli.command import DONE, FAILED
from scripts.cli.main import main
from service import opening
from service.clock import system_clock
from service.governance.erasure.erasing import PeopleEraser
from service.opening import open_casebook, open_existing
from service.settings import NO_FRAME, Settings
from tests.support.erasure.worlds import GONE, traces
from tests.support.stores import sqlite_only


def erase(settings: Settings, out: Path) -> int:
    where = ("--store", settings.store, "--casebook", settings.casebook, "--out", str(out))
    return main(["erase", *GONE, "--purpose", "request of 12 March", *where])


@pytest.fixture
def linked(settings: Settings, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The same store and casebook, by links in another folder."""
    elsewhere, urls = tmp_path_factory.mktemp("links"), {}
    for name, file in (("store", "store.db"), ("casebook", "casebook.db")):
        (elsewhere / file).symlink_to(tmp_path / file)
        urls[name] = getattr(settings, name).replace(str(tmp_path), str(elsewhere))
    return replace(settings, **urls)


@sqlite_only
def test_who_is_erased_by_links_to_the_files_is_in_no_copy_beside_these(
    linked: Settings, out: Path, tmp_path: Path
) -> None:
    assert {name for _, name in traces(tmp_path / "store.db.frame", *GONE)} >= {*GONE}
    assert erase(linked, out) == DONE
    assert [*traces(tmp_path, *GONE)] == []


@sqlite_only
def test_an_erasure_under_way_is_seen_by_whatever_link_another_is_begun(
    settings: Settings, linked: Settings, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        open_existing(settings.store) as store,
        open_casebook(settings.casebook) as casebook,
        PeopleEraser(store, casebook, settings, system_clock, out).alone(),
    ):
        assert erase(linked, out) == FAILED
    assert "another erasure is under way" in capsys.readouterr().err


@sqlite_only
def test_a_frame_that_other_settings_left_beside_the_store_names_nobody_erased(
    settings: Settings, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGFENCE_FRAME", NO_FRAME)
    assert {name for _, name in traces(tmp_path / "store.db.frame", *GONE)} >= {*GONE}
    assert erase(settings, out) == DONE
    assert [*traces(tmp_path, *GONE)] == []


@sqlite_only
def test_a_frame_not_filled_anew_is_in_the_certificate_and_nobody_reads_it(
    settings: Settings, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreUnavailableError("no room for a frame")

    with monkeypatch.context() as changed:
        changed.setattr(opening, "frame_of", full)
        assert erase(settings, out) == DONE
    folder, (certificate,) = tmp_path / "store.db.frame", out.iterdir()
    left = json.loads(certificate.read_bytes())["left"]
    assert [sentence for sentence in left if f"the frame in {folder}" in sentence]
    assert {name for _, name in traces(folder, *GONE)} >= {*GONE}
    with open_existing(settings.store) as store, closing(frame_of(store)) as frame:
        assert not frame.is_of(store.edition())
        assert not frame.holds(0, store.edition())
        assert frame.catch_up()
        assert frame.is_of(store.edition())
    assert [*traces(folder, *GONE)] == []
