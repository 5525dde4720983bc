"""A delivery at an address of a storage is read as the folder is, by ranges, and no credentials are shown."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from graph.model.errors import DeliveryError, RingfenceError
from ingestion.identifiers.pseudonymise import Keyring
from ingestion.loading.delivery import open_delivery
from ingestion.loading.found import find_delivery
from ingestion.loading.load import load
from ingestion.sources.paths import path_of
from ingestion.sources.remote import RemotePath, is_address
from ingestion.spark.pieces import pieces_of
from ingestion.spark.plan import name_of_stages
from tests.support.deliveries import (
    APPLICATION,
    NOW,
    deliver,
    parse_context,
    write_csv,
    write_jsonl,
    write_parquet,
)
from tests.support.stores import open_store
from tests.support.worlds.troubled_deliveries import troubled_delivery

BUCKET = "memory://bucket"
TIMED = ("seconds",)


class RefusingStorage(MemoryFileSystem):
    """A storage that answers nothing but `error`."""

    protocol = "refusing"
    error: Exception = OSError()

    def info(self, path: str, **_more: Any) -> Any:
        raise self.error

    def ls(self, path: str, detail: bool = True, **_more: Any) -> Any:
        raise self.error


@pytest.fixture(autouse=True)
def storage() -> Iterator[MemoryFileSystem]:
    """Empty before and after each test."""
    files = fsspec.filesystem("memory")
    files.store.clear()
    fsspec.register_implementation("refusing", RefusingStorage, clobber=True)
    yield files
    files.store.clear()


def uploaded(folder: Path, name: str = "week") -> str:
    """The address of a copy of the folder."""
    files = fsspec.filesystem("memory")
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            files.pipe_file(f"/bucket/{name}/{path.relative_to(folder)}", path.read_bytes())
    return f"{BUCKET}/{name}"


def every_format(folder: Path) -> Path:
    """The same people in tables of every format that a load reads."""
    deliver(folder, applications=[APPLICATION])
    at = "2025-06-03T10:00:00+08:00"
    (folder / "labels.csv.gz").write_bytes(
        gzip.compress(f"application_id,label,known_at\nA1,fraud,{at}\nnobody,good,{at}\n".encode())
    )
    write_jsonl(folder / "outcomes.jsonl", [{"application_id": "A1", "status": "disbursed", "at": at}])
    for part in (1, 2):
        days = folder / "events.parquet" / f"kind=login/part-{part}"
        days.mkdir(parents=True)
        row = {"event_id": f"e{part}", "at": at, "applicant_id": "U1"}
        write_parquet(days / "part-0.parquet", [row])
    (folder / "events.parquet" / "_SUCCESS").touch()
    write_csv(folder / "phones.csv", [{"who": "U1", "phone": "15073157066", "at": at}])
    with zipfile.ZipFile(folder / "phones.zip", "w") as packed:
        packed.write(folder / "phones.csv", "phones.csv")
    (folder / "phones.csv").unlink()
    return folder


def mapped(folder: Path) -> Path:
    """With a mapping beside, that reads them all."""
    tables = {
        "platforms": "platforms.csv",
        "applications": "applications.csv",
        "labels": "labels.csv.gz",
        "outcomes": "outcomes.jsonl",
        "events": "events.parquet",
    }
    own = "".join(f"  - {{table: {table}, source: {source}}}\n" for table, source in tables.items())
    phones = "  - {table: contacts, source: phones.zip, columns: {applicant_id: who, phone: phone, at: at}}\n"
    (folder / "mapping.yaml").write_text(f"name: all\ntables:\n{own}{phones}", encoding="utf-8")
    return folder


def loaded(delivery: Path | str, into: Path) -> tuple[dict[str, Any], bytes, Any]:
    """What a load of it says, its rejects, and what a store then holds."""
    with open_store(into / "s.db") as store:
        report = load(open_delivery(delivery), store, parse_context(), report_to=into).as_json()
        said = {name: value for name, value in report.items() if name not in TIMED}
        return said, (into / "rejects.jsonl").read_bytes(), store.counts()


@pytest.mark.parametrize("made", ["every format", "troubled"])
def test_a_delivery_at_an_address_comes_to_what_the_folder_comes_to(tmp_path: Path, made: str) -> None:
    folder = tmp_path / "week"
    if made == "troubled":
        folder = troubled_delivery(folder, applicants=100, days=100)
    else:
        folder = mapped(every_format(folder))
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one = loaded(folder, tmp_path / "one")
    other = loaded(uploaded(folder, folder.name), tmp_path / "other")
    assert other == one
    assert one[0]["read"] > 6


@pytest.mark.parametrize("at_an_address", [False, True])
def test_a_mapping_may_lie_elsewhere_than_the_delivery(
    tmp_path: Path, storage: MemoryFileSystem, at_an_address: bool
) -> None:
    folder = mapped(every_format(tmp_path / "week"))
    mapping = tmp_path / "own.yaml"
    (folder / "mapping.yaml").rename(mapping)
    address = uploaded(folder)
    storage.pipe_file("/bucket/own.yaml", mapping.read_bytes())
    given = f"{BUCKET}/own.yaml" if at_an_address else str(mapping)
    delivery = open_delivery(address, given)
    assert {feed.table.name for feed in delivery.feeds} >= {"contacts", "events"}
    keys, asked = Keyring.parse("a key for tests"), ("Asia/Shanghai", (NOW,))
    name = name_of_stages(find_delivery(address, given), given, keys, asked)
    for path in (mapping, storage):
        content = b"name: changed\n" + mapping.read_bytes().partition(b"\n")[2]
        path.write_bytes(content) if isinstance(path, Path) else path.pipe_file("/bucket/own.yaml", content)
    assert name_of_stages(find_delivery(address, given), given, keys, asked) != name


def test_a_new_version_of_a_file_has_other_stages(tmp_path: Path) -> None:
    folder = deliver(tmp_path / "week", applications=[APPLICATION])
    keys, asked = Keyring.parse("a key for tests"), ("Asia/Shanghai", (NOW,))
    names = [name_of_stages(find_delivery(uploaded(folder)), None, keys, asked) for _ in range(2)]
    same = name_of_stages(find_delivery(f"{BUCKET}/week"), None, keys, asked)
    assert names[0] != names[1] == same


@pytest.mark.parametrize(("rows", "columns"), [(200_000, 0), (20_000, 60)])
def test_a_large_file_is_read_by_ranges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, columns: int
) -> None:
    deliver(tmp_path / "week")
    people = pa.table(
        {
            "application_id": [f"a{n}" for n in range(rows)],
            "applied_at": ["2025-06-01T10:00:00+08:00"] * rows,
            "applicant_id": [f"{n * 7_919 % rows:020d}" for n in range(rows)],
            "platform_id": ["P1"] * rows,
            **{f"more_{n}": [f"{n}{row * 7:010d}" for row in range(rows)] for n in range(columns)},
        }
    )
    path = tmp_path / "week" / "applications.parquet"
    pq.write_table(people, path, row_group_size=rows, compression="none", use_dictionary=False)
    taken = list[int]()
    usual = MemoryFileSystem.cat_file

    def counted(self: Any, path: str, start: int | None = None, end: int | None = None, **more: Any) -> bytes:
        result = usual(self, path, start=start, end=end, **more)
        taken.append(len(result))
        return result

    monkeypatch.setattr(MemoryFileSystem, "cat_file", counted)
    delivery = open_delivery(uploaded(tmp_path / "week"))
    feed = delivery.feeds[1]
    assert sum(1 for _ in delivery.records(feed)) == rows
    assert path.stat().st_size > 10 * max(taken)
    assert max(taken) <= 1 << 20
    assert sum(taken) < 4.5 * path.stat().st_size, (
        "read through and then read, each time the pages' heads first"
    )


def test_a_file_that_has_gone_or_changed_since_is_named(tmp_path: Path, storage: MemoryFileSystem) -> None:
    address = uploaded(deliver(tmp_path / "week", applications=[APPLICATION]))
    delivery = open_delivery(address)
    piece = pieces_of(delivery)[1]
    assert len([*piece.records(delivery)]) == 1
    storage.pipe_file("/bucket/week/applications.csv", b"application_id\nA1\n")
    with pytest.raises(RingfenceError, match=r"applications\.csv was changed while it was loaded"):
        [*piece.records(delivery)]
    storage.rm("/bucket/week/applications.csv")
    with pytest.raises(
        RingfenceError, match=r"applications\.csv is no longer at memory://bucket/week.*again"
    ):
        [*piece.records(delivery)]


def test_an_executor_that_may_not_read_any_more_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = open_delivery(uploaded(deliver(tmp_path / "week", applications=[APPLICATION])))

    def refused(*_: Any, **__: Any) -> bytes:
        raise PermissionError("Access Denied")

    monkeypatch.setattr(MemoryFileSystem, "cat_file", refused)
    with pytest.raises(RingfenceError, match=r"Access Denied.*every executor may read memory://bucket/week/"):
        [*pieces_of(delivery)[1].records(delivery)]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            PermissionError("Forbidden"),
            r"may not be listed and read \(Forbidden\): grant that",
        ),
        (
            LookupError("no token"),
            r"cannot be reached \(LookupError: no token\); credentials",
        ),
        (
            TimeoutError("late"),
            r"cannot be reached \(TimeoutError: late\); credentials come from",
        ),
        (
            FileNotFoundError("bucket"),
            "is not there: look at its name, and whether these credentials may see it",
        ),
    ],
)
def test_a_storage_that_does_not_answer_says_what_to_do(error: Exception, said: str) -> None:
    RefusingStorage.error = error
    with pytest.raises(DeliveryError, match=rf"^refusing://week {said}"):
        open_delivery("refusing://week")


def test_a_package_that_fsspec_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = {"class": "nowhere_fs.NowhereFileSystem", "err": "Install nowhere_fs to read nowhere"}
    known = import_module("fsspec.registry").known_implementations
    monkeypatch.setitem(known, "nowhere", lacking)
    with pytest.raises(DeliveryError, match=r"Install nowhere_fs.*for the executors' Python"):
        open_delivery("nowhere://bucket/week")


@pytest.mark.parametrize(
    "given",
    [
        "s3://me:hidden@bucket/week",
        "https://host/week?sig=hidden",
        "zip://a::s3://b/hidden",
        "s3://b/w#hidden",
    ],
)
def test_what_may_hold_a_secret_is_refused_and_not_shown(given: str) -> None:
    with pytest.raises(DeliveryError) as refused:
        open_delivery(given)
    assert "hidden" not in str(refused.value)
    assert "address" in str(refused.value)


def test_a_name_that_is_a_file_and_a_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = uploaded(deliver(tmp_path / "week", applications=[APPLICATION]))
    usual = MemoryFileSystem.ls

    def twice(self: Any, path: str, detail: bool = True, **more: Any) -> Any:
        listed = usual(self, path, detail=True, **more)
        return [*listed, {**listed[0], "type": "directory"}]

    monkeypatch.setattr(MemoryFileSystem, "ls", twice)
    with pytest.raises(DeliveryError, match="is both a file and a folder"):
        open_delivery(address)


def test_an_address_of_this_machine_is_its_folder(tmp_path: Path) -> None:
    folder = deliver(tmp_path / "week", applications=[APPLICATION])
    assert path_of(f"file://{folder}") == folder
    assert open_delivery(f"file://{folder}") == open_delivery(folder)


def test_an_address_is_told_from_a_path_and_from_a_database() -> None:
    assert is_address("s3://bucket/week")
    assert not is_address("postgresql://reader@db/lending")
    assert not is_address("/data/week")
    assert RemotePath("memory://b/w/x.csv").relative_to(RemotePath("memory://b/w")) == "x.csv"
