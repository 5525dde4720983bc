"""Settings come from one place, and every one of them is in the documentation."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from graph.model.errors import SettingError, StoreUnavailableError
from service.opening import moment_given, open_store
from service.settings import PREFIX, Settings
from tests.support.full_disks import full_disk

DOCS = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("setting", dataclasses.fields(Settings), ids=lambda s: s.name)
def test_every_setting_is_documented_with_its_default_and_its_sentence(setting: dataclasses.Field) -> None:
    row = next(
        (line for line in DOCS.splitlines() if line.startswith(f"| `{PREFIX}{setting.name.upper()}`")), None
    )
    assert row is not None, f"docs/settings.md has no row for {setting.name}"
    shown = f"`{setting.default}`" if setting.default not in ("", None) else "empty"
    assert f"| {shown} |" in row
    assert setting.metadata["sentence"].replace("|", "\\|") in row
    assert (f"also `{PREFIX}{setting.name.upper()}_FILE`" in row) == setting.metadata["secret"]


def test_settings_are_read_from_the_environment_and_keep_their_types() -> None:
    read = Settings.from_environment(
        {
            "RINGFENCE_PORT": "9000",
            "RINGFENCE_RATE_LIMIT": "2.5",
            "RINGFENCE_STORE": "sqlite:///x.db",
            "PATH": "/bin",
        }
    )
    assert (read.port, read.rate_limit, read.store, read.workers) == (9000, 2.5, "sqlite:///x.db", 2)


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").touch(0o600)
    (tmp_path / "key").write_text("from a file\n")
    assert (
        Settings.from_environment({"RINGFENCE_HASH_KEY_FILE": str(tmp_path / "key")}).hash_key
        == "from a file"
    )
    with pytest.raises(SettingError, match="RINGFENCE_HASH_KEY_FILE"):
        Settings.from_environment({"RINGFENCE_HASH_KEY_FILE": str(tmp_path / "none")})


def test_only_secrets_come_from_files_and_a_mistyped_name_is_refused() -> None:
    for name in ("RINGFENCE_STORE_FILE", "RINGFENCE_API_KEY"):
        with pytest.raises(SettingError, match=name):
            Settings.from_environment({name: "x"})


def test_a_number_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(SettingError, match="RINGFENCE_PORT"):
        Settings.from_environment({"RINGFENCE_PORT": "many"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKERS", "0"),
        ("PORT", "70000"),
        ("TIMEOUT_MS", "0"),
        ("DECLINE_PROBABILITY", "1.5"),
        ("RATE_LIMIT", "nan"),
    ],
)
def test_a_number_that_cannot_be_meant_is_refused_with_its_bounds(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"RINGFENCE_{name}.* must be from"):
        Settings.from_environment({f"RINGFENCE_{name}": value})


def test_another_process_reads_the_same_settings() -> None:
    some = Settings(store="sqlite:///a.db", api_keys="x:12345678", rate_limit=3.0)
    assert Settings.from_environment(some.to_environment()) == some


def test_secrets_are_not_in_what_is_printed() -> None:
    assert "hush" not in repr(Settings(hash_key="hush", api_keys="a:hush-hush"))


@pytest.mark.parametrize(
    "url", ["postgres://x/y", "sqlite://x.db", "sqlite:///", "nonsense", "sqlite:///:memory:"]
)
def test_an_unknown_store_url_says_which_are_known(url: str) -> None:
    with pytest.raises(SettingError, match=r"sqlite:///relative\.db, sqlite:////absolute\.db"):
        open_store(url)


def test_a_path_that_can_hold_no_store_is_an_unusable_setting(tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_text("Dear store, " * 1000)
    (tmp_path / "folder.db").mkdir()
    for path in ("letter.db", "folder.db", "letter.db/graph.db"):
        with pytest.raises(SettingError, match="give the path of a store"):
            open_store(f"sqlite:///{tmp_path}/{path}")


def test_a_store_whose_disk_is_full_is_no_unusable_setting_and_says_make_room(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/graph.db").close()
    assert [path.name for path in tmp_path.iterdir()] == ["graph.db"], "a reader makes the others anew"
    with full_disk(), pytest.raises(StoreUnavailableError, match="make room"):
        open_store(f"sqlite:///{tmp_path}/graph.db")
    open_store(f"sqlite:///{tmp_path}/graph.db").close()


def test_a_store_url_is_refused_without_its_password() -> None:
    with pytest.raises(SettingError) as refused:
        open_store("mysql://user:secret@host/db")
    assert "secret" not in str(refused.value)


def test_a_date_is_its_midnight_in_the_settings_time_zone() -> None:
    assert moment_given(Settings(), "2026-01-05").isoformat() == "2026-01-04T16:00:00+00:00"
    assert moment_given(Settings(), "2026-01-05T10:00:00Z").isoformat() == "2026-01-05T10:00:00+00:00"
    with pytest.raises(SettingError, match="ISO-8601"):
        moment_given(Settings(), "tomorrow")
