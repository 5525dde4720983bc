"""Another user ends an erasure that somebody began; who lacks a right to a file is told so."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.cli.command import DONE, UNUSABLE
from scripts.cli.main import main
from service.settings import Settings
from tests.support.erasure.killed import killed
from tests.support.erasure.worlds import GONE, filled, traces
from tests.support.stores import HASH_KEY, open_url, sqlite_only

pytestmark = [
    sqlite_only,
    pytest.mark.skipif(os.geteuid() != 0, reason="who may become another user is root"),
]
NOBODY, FELL = 65_534, 99
WHY = ("--purpose", "request of 12 March")


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that every user of the machine can reach."""
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
def settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a service in a folder of root's; `out` beside it is everybody's."""
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    (folder / "out").mkdir()
    (folder / "out").chmod(0o777)
    made = filled(folder / "service")
    given = ["erase", *GONE, *WHY, "--check", "--store", made.store, "--casebook", made.casebook]
    assert main(given) == DONE  # so that whatever the command imports is there: nobody may not read it
    return made


def arguments(settings: Settings, folder: Path, *given: str) -> list[str]:
    where = ["--store", settings.store, "--casebook", settings.casebook, "--out", str(folder / "out")]
    return ["erase", *given, *where]


def as_nobody(given: list[str]) -> int:
    """The exit status of the command for a user who owns nothing."""
    child = os.fork()
    if child == 0:
        status = FELL
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.environ["TMPDIR"] = tempfile.tempdir = "/tmp"
            status = main(given)
            sys.stderr.flush()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (0o600, "store.db cannot be opened"),
        (0o644, "attempt to write a readonly database"),
        (0o666, "attempt to write a readonly database"),
    ],
)
def test_who_may_not_write_the_files_or_their_folder_erases_nobody(
    settings: Settings, folder: Path, mode: int, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with open_url(settings.store) as store:
        edition = store.edition()
    for path in (folder / "service").rglob("*"):
        path.chmod(0o755 if path.is_dir() else mode)
    (folder / "service").chmod(0o755)
    assert as_nobody(arguments(settings, folder, *GONE, *WHY)) == UNUSABLE
    assert words in capfd.readouterr().err
    assert [*(folder / "out").iterdir()] == []
    with open_url(settings.store) as store:
        assert store.edition() == edition
    assert main(arguments(settings, folder, *GONE, *WHY)) == DONE


def test_another_user_who_owns_the_files_by_now_ends_an_erasure(settings: Settings, folder: Path) -> None:
    killed("once the store has changed", arguments(settings, folder, *GONE, *WHY))
    for path in (folder / "service", *(folder / "service").rglob("*")):
        shutil.chown(path, NOBODY, NOBODY)
    assert as_nobody(arguments(settings, folder, "--resume")) == DONE
    assert [path.suffix for path in (folder / "out").iterdir()] == [".json"]
    assert [*traces(folder, *GONE)] == []
