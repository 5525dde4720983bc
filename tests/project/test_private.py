"""What is on disk is its owner's alone: stores, casebooks and whatever a command writes; a loose key is
refused, and no password is in `ps`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph import private
from graph.model.errors import SettingError
from graph.stores.sqlite import SqliteStore
from ingestion.identifiers.pseudonymise import own_key
from investigations.casebook import Casebook
from scripts.cli.command import Result, ended
from service.http.callers.auth import CallerKeyRing
from service.settings import Settings
from tests.support.casebooks import assessment, url_of
from tests.support.small_worlds import random_facts

ROOT = Path(__file__).parents[2]
SECRET = "k:" + "0123456789abcdef" * 4


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture(autouse=True)
def _careless() -> Iterator[None]:
    """A user whose umask lets everybody read."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_store_and_a_casebook_are_their_owners_alone_with_what_lies_beside_them(tmp_path: Path) -> None:
    store, book = SqliteStore(tmp_path / "graph.db"), Casebook(url_of(tmp_path))
    store.add(random_facts(1))
    book.record(assessment(1))
    result = {path.name: mode(path) for path in tmp_path.iterdir()}
    store.close()
    book.close()
    assert result == dict.fromkeys(
        ("graph.db", "graph.db-wal", "graph.db-shm", "casebook.db", "casebook.db-wal", "casebook.db-shm"),
        0o600,
    )


def test_a_store_that_was_open_to_others_is_closed_to_them_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for opened in (SqliteStore(tmp_path / "graph.db"), Casebook(url_of(tmp_path))):
        opened.close()
    for path in tmp_path.iterdir():
        path.chmod(0o664)
    SqliteStore(tmp_path / "graph.db").close()
    Casebook(url_of(tmp_path)).close()
    assert {mode(path) for path in tmp_path.iterdir()} == {0o600}
    assert "graph.db was open to others" in caplog.text
    assert "casebook.db was open to others" in caplog.text


def test_a_link_planted_beside_leads_to_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("x")
    (tmp_path / "rings.parquet").symlink_to(tmp_path / "elsewhere")
    private.tighten([tmp_path / "rings.parquet"])
    assert mode(tmp_path / "elsewhere") == 0o644


def test_what_a_command_writes_is_its_owners_alone_and_the_process_is_as_before(
    tmp_path: Path,
) -> None:
    def run() -> Result:
        (tmp_path / "reports" / "2026-W01").mkdir(parents=True)
        (tmp_path / "reports" / "2026-W01" / "report.html").write_text("x")
        return Result({})

    assert ended("a command", run) == 0
    (tmp_path / "else").write_text("x")
    assert [
        mode(tmp_path / name)
        for name in ("reports", "reports/2026-W01", "reports/2026-W01/report.html", "else")
    ] == [0o700, 0o700, 0o600, 0o644]


@pytest.mark.parametrize("loose", [0o644, 0o604, 0o620, 0o666])
def test_a_key_that_others_can_use_is_refused_wherever_it_stands(tmp_path: Path, loose: int) -> None:
    path = tmp_path / "graph.db.key"
    path.write_text(SECRET)
    path.chmod(loose)
    linked = tmp_path / "link"
    linked.symlink_to(path)
    for use in (
        lambda: own_key(path, print),
        lambda: Settings.from_environment({"RINGFENCE_HASH_KEY_FILE": str(path)}),
        lambda: Settings.from_environment({"RINGFENCE_STORE_FILE": str(linked)}),
        lambda: CallerKeyRing("", str(path)).keys(),
    ):
        with pytest.raises(SettingError, match="chmod 600"):
            use()


@pytest.mark.parametrize("fit", [0o400, 0o600, 0o640])
def test_a_key_of_its_owners_or_for_a_services_group_to_read_is_taken(tmp_path: Path, fit: int) -> None:
    path = tmp_path / "key"
    path.write_text(SECRET)
    path.chmod(fit)
    assert own_key(path, print) == SECRET
    assert Settings.from_environment({"RINGFENCE_HASH_KEY_FILE": str(path)}).hash_key == SECRET


def test_a_key_that_a_store_makes_can_be_read_again(tmp_path: Path) -> None:
    created = own_key(tmp_path / "new.key", lambda _: None)
    assert own_key(tmp_path / "new.key", print) == created
    assert mode(tmp_path / "new.key") == 0o600


def test_what_a_containers_runtime_mounts_has_modes_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text(SECRET)
    with pytest.raises(SettingError, match="open to others"):
        private.refuse_loose(tmp_path / "key", "it")
    monkeypatch.setattr(private, "_MOUNTED", tmp_path)
    private.refuse_loose(tmp_path / "key", "it")


WAITS = """
import sys, time
from scripts.cli.arguments import Arguments
parser = Arguments("waits", "")
parser.add_argument("store")
parser.add_argument("--casebook")
options = parser.parse_args()
print(options.store, options.casebook, flush=True)
time.sleep(30)
"""
URLS = (
    "neo4j://neo4j:s3cr3t-one@db:7687/neo4j",
    "postgresql+psycopg://db/ringfence?user=u&password=s3cr3t-two",
)


@pytest.mark.skipif(
    not Path("/proc/self/mem").exists(),
    reason="no /proc here: an argument cannot be taken back, the advice is all",
)
def test_a_password_among_the_arguments_is_hidden_and_a_better_way_is_told() -> None:
    command = [sys.executable, "-c", WAITS, URLS[0], "--casebook", URLS[1]]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert process.stdout.readline().split() == list(URLS)
            shown = Path(f"/proc/{process.pid}/cmdline").read_text().split("\0")
        finally:
            process.terminate()
        message = process.stderr.read()
    assert shown[3:6] == [
        "neo4j://neo4j:**********@db:7687/neo4j",
        "--casebook",
        "postgresql+psycopg://db/ringfence?user=u&password=**********",
    ]
    assert "--store @FILE" in message
    assert "RINGFENCE_STORE_FILE" in message
    assert "s3cr3t" not in message


def test_a_url_may_stand_in_a_file_that_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "store"
    path.write_text(f"{URLS[0]}\n")
    quick = WAITS.replace("time.sleep(30)", "")
    path.chmod(0o600)
    read = subprocess.run(
        [sys.executable, "-c", quick, f"@{path}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (read.stdout.split(), read.stderr) == ([URLS[0], "None"], "")
    path.chmod(0o644)
    refused = subprocess.run(
        [sys.executable, "-c", quick, f"@{path}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert "chmod 600" in refused.stderr


def test_what_is_written_is_on_the_disk_before_anybody_relies_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced, sync = set[int](), os.fsync

    def seen(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", seen)
    private.write(tmp_path / "certificate.json", b"{}")
    assert synced == {(tmp_path / "certificate.json").stat().st_ino, tmp_path.stat().st_ino}
