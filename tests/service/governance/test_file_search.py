"""Files outside store and casebook that still name somebody erased are found, however they are packed."""

from __future__ import annotations

import gzip
import json
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.model.types import Facts
from graph.stores.sqlite import SqliteStore
from scripts.cli.command import DONE, INCOMPLETE, UNUSABLE
from scripts.cli.main import main
from tests.support.contracts.erasure_contract import erased
from tests.support.small_worlds import applies, day, does, uses
from tests.support.stores import HASH_KEY

WHO, LOAN, EVENT, OTHER = "C-8841", "2026-000123", "E/77:1", "C-9002"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store that has erased one of two people, with a copy from before."""
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    path = tmp_path / "store.db"
    with SqliteStore(path) as opened:
        opened.refusal.open_with((("k1", HASH_KEY.encode()),))
        opened.add(
            Facts(
                applications=(
                    applies(WHO, 1, uses("device", "d"), application_id=LOAN),
                    applies(OTHER, 2, uses("device", "d"), application_id="2026-000124"),
                ),
                events=(does(WHO, "login", 2, event_id=EVENT),),
            )
        )
        (tmp_path / "backup").mkdir()
        for end in ("", "-wal"):
            shutil.copy(f"{path}{end}", tmp_path / "backup")
        erased(opened, WHO, until=day(50))
    return f"sqlite:///{path}"


def search(store: str, folder: Path, capsys: pytest.CaptureFixture[str], status: int) -> dict[str, Any]:
    assert main(["erase", "--search", str(folder), "--store", store, "--json"]) == status
    said: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return said


def test_files_that_name_somebody_erased_are_named_with_how_many_ids(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "exports"
    out.mkdir()
    (out / "scores.csv").write_text(f'"{WHO}";{LOAN},x\n{OTHER};1\n', encoding="utf-16")
    (out / "report.html").write_text(f'<a href="/desk/applicant:{WHO}">{OTHER}</a> path=application:{LOAN}.')
    (out / "others.html").write_text(f"<p>{OTHER} {WHO}5 x{LOAN}</p>")
    table = pa.table({"who": [OTHER, WHO], "steps": [[{"id": "x"}], [{"id": EVENT}]]})
    pq.write_table(table, out / "rings.parquet")
    with gzip.open(out / "answers.jsonl.gz", "wt") as packed:
        packed.write(json.dumps({"application_id": LOAN}))
    with zipfile.ZipFile(out / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(out / "rings.parquet", "deep/rings.parquet")
    with tarfile.open(out / "more.tar.gz", "w:gz") as tar:
        tar.add(out / "all.zip", "all.zip")
    (out / f"{WHO}.json").write_text("{}")
    said = search(store, out, capsys, INCOMPLETE)
    found = {
        Path(one["file"]).name: (one["people"], one["applications"], one["events"]) for one in said["found"]
    }
    assert found == {
        "scores.csv": (1, 1, 0),
        "report.html": (1, 1, 0),
        "rings.parquet": (1, 0, 1),
        "answers.jsonl.gz": (0, 1, 0),
        "all.zip": (1, 0, 1),
        "more.tar.gz": (1, 0, 1),
        f"{WHO}.json": (1, 0, 0),
    }
    assert (said["searched"], said["not_searched"]) == (8, [])
    assert (said["files_that_name_them"], said["files_not_searched"]) == (7, 0)


def test_a_copy_of_the_store_from_before_is_found_and_the_store_is_clean(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = search(store, tmp_path / "backup" / "store.db", capsys, INCOMPLETE)
    assert [(one["people"], one["applications"], one["events"]) for one in said["found"]] == [(1, 1, 1)]
    assert search(store, tmp_path / "store.db", capsys, DONE)["found"] == []


def test_what_cannot_be_searched_is_said_with_the_reason(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "odd"
    out.mkdir()
    (out / "case.pdf").write_bytes(b"%PDF-1.7 ...")
    (out / "torn.parquet").write_bytes(b"PAR1" + bytes(40))
    (out / "torn.gz").write_bytes(gzip.compress(b"C-1 " * 1000)[:30])
    (out / "linked").symlink_to(tmp_path / "backup")
    said = search(store, out, capsys, INCOMPLETE)
    assert said["found"] == []
    assert {Path(one["file"]).name for one in said["not_searched"]} == {"case.pdf", "torn.parquet", "torn.gz"}
    assert all(one["why"] for one in said["not_searched"])
    assert (said["files_that_name_them"], said["files_not_searched"]) == (0, 3)


def test_a_store_that_erased_nobody_and_a_folder_that_is_not_there_are_said(
    tmp_path: Path, store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with SqliteStore(tmp_path / "new.db"):
        pass
    assert main(["erase", "--search", str(tmp_path), "--store", f"sqlite:///{tmp_path}/new.db"]) == UNUSABLE
    assert "nobody was erased" in capsys.readouterr().err
    assert main(["erase", "--search", str(tmp_path / "none"), "--store", store]) == UNUSABLE
