"""Whatever links, settings and disks lie between the command and its files, no copy keeps a name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from graph.model.erasure import Renaming
from scripts.cli.command import DONE, FAILED
from scripts.cli.main import main
from service.clock import system_clock
from service.governance.erasure import PeopleEraser
from service.governance.erasure_plan import ErasurePlan, ErasureReason, PlanFile, SortedPeople
from service.opening import open_casebook, open_existing
from service.settings import NO_FRAME, Settings
from tests.support.erasure_worlds import GONE, traces
from tests.support.full_disks import full_disk
from tests.support.small_worlds import day
from tests.support.stores import sqlite_only

PLAN = ErasurePlan(
    certificate="E-1",
    began_at=day(1),
    until=day(1) + timedelta(seconds=30),
    reason=ErasureReason(by="wang", purpose="contract ended"),
    people=SortedPeople(to_erase=GONE, unknown=(), erased_before=()),
    renaming=Renaming(people={who: f"{n}" for n, who in enumerate(GONE)}),
    edition=1,
    rows={"store": {}, "casebook": {}},
)


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


def test_a_plan_for_which_the_disk_has_no_room_leaves_no_name(tmp_path: Path) -> None:
    with full_disk(16), pytest.raises(OSError, match="File too large"):
        PlanFile(tmp_path / "plan").write(PLAN)
    assert [*tmp_path.iterdir()] == []


def test_a_plan_is_taken_away_from_a_full_disk_too(tmp_path: Path) -> None:
    plans = PlanFile(tmp_path / "plan")
    plans.write(PLAN)
    with full_disk((tmp_path / "plan").stat().st_size):
        plans.destroy()
    assert [*tmp_path.iterdir()] == []
