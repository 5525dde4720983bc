"""A week is compared with the files of the week before as with the snapshot that a store has kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.model.errors import SettingError
from graph.model.rings_in_turn import RingsInTurn
from graph.model.types import Facts, LabelValue
from graph.rings.projected import InThisProcess
from graph.store.port import GraphStore
from investigations.review.earlier_files import earlier_rings
from investigations.review.ring_files import AS_OF as MOMENT
from investigations.review.source import OfStore
from investigations.review.weekly import ReviewPlan, review, reviewed
from tests.support.small_worlds import day, fraud
from tests.support.worlds.rings import AS_OF, CREW, both, crew, honest, town

FILES = ("rings", "members", "changes")
LATER = day(207)


@dataclass(frozen=True)
class OfFiles(OfStore):
    """A store that has kept no rings: those of before come from files."""

    previous: Path = Path()

    def rings_before(self, at: datetime) -> RingsInTurn | None:
        before = earlier_rings(self.previous, SHANGHAI)
        return before if before.as_of <= at else None

    def save(self, snapshot: object) -> None:
        return None


def plan(out: Path, as_of: datetime) -> ReviewPlan:
    return ReviewPlan(as_of=as_of, out=out, now=as_of, back_steps=1)


SHANGHAI = plan(Path(), AS_OF).zone


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    """A crew among honest people."""
    facts = both(honest(families=20, dormitory=12, customers=20), crew(known_on=190))
    with town(tmp_path / "town.db", facts) as opened:
        yield opened


@pytest.fixture
def first(store: GraphStore, tmp_path: Path) -> Path:
    """The files of the first week, which the store keeps too."""
    review(store, None, plan(tmp_path / "w1", AS_OF))
    return tmp_path / "w1"


@pytest.mark.parametrize("cleared", [False, True])
def test_the_second_week_is_that_of_a_store_with_both(
    store: GraphStore, first: Path, tmp_path: Path, cleared: bool
) -> None:
    if cleared:
        ids = [f"{who}@{100 + n / 4}" for n, who in enumerate(CREW)]
        store.add(Facts(labels=tuple(fraud(one, 203, LabelValue.GOOD) for one in ids)))
    source = OfFiles(store, InThisProcess(), previous=first)
    of_files = reviewed(source, None, plan(tmp_path / "of files", LATER))
    of_store = review(store, None, plan(tmp_path / "of store", LATER))
    for name in FILES:
        written = [
            (tmp_path / folder / f"{name}.parquet").read_bytes() for folder in ("of files", "of store")
        ]
        assert written[0] == written[1], name
    assert (of_files.previous, of_files.record) == (of_store.previous, of_store.record)
    assert of_store.previous is not None
    assert {change.change for change in of_store.snapshot.changes} != {"born"}
    assert of_store.figures["no_longer_flagged"] == int(cleared)


def test_every_ring_comes_back_as_it_was_saved(store: GraphStore, first: Path) -> None:
    kept = store.view(AS_OF).rings()
    assert kept is not None
    read = earlier_rings(first, SHANGHAI)
    assert (read.name, read.as_of) == (kept.name, kept.as_of)
    assert sorted(read.rings, key=lambda ring: ring.ring_id) == list(kept.rings)
    of_flags = [(change.ring_id, change.change, change.flag) for change in read.changes]
    assert of_flags == [(change.ring_id, change.change, change.flag) for change in kept.changes]


def test_files_of_two_reviews_are_no_week(store: GraphStore, first: Path, tmp_path: Path) -> None:
    review(store, None, plan(tmp_path / "w2", LATER))
    members = pq.read_table(tmp_path / "w2" / "members.parquet")
    pq.write_table(members.slice(1), first / "members.parquet")
    with pytest.raises(SettingError, match=r"members\.parquet is damaged or not of the same review as"):
        earlier_rings(first, SHANGHAI)
    pq.write_table(members.take(list(range(len(members)))[::-1]), first / "members.parquet")
    with pytest.raises(SettingError, match=r"members\.parquet is damaged or not of the same review as"):
        list(earlier_rings(first, SHANGHAI).rings)


def without_moment(folder: Path) -> None:
    table = pq.read_table(folder / "rings.parquet")
    pq.write_table(table.replace_schema_metadata({}), folder / "rings.parquet")


def without_zone(folder: Path) -> None:
    table = pq.read_table(folder / "rings.parquet")
    said = {**table.schema.metadata, MOMENT: b"2025-07-01T00:00:00"}
    pq.write_table(table.replace_schema_metadata(said), folder / "rings.parquet")


def with_value(folder: Path, name: str, column: str, value: pa.Array) -> None:
    """As a disk that turned a bit leaves it: the first value of that column is another."""
    table = pq.read_table(folder / f"{name}.parquet")
    at = table.schema.get_field_index(column)
    damaged = pa.concat_arrays([value, table[column].combine_chunks()[1:]])
    pq.write_table(table.set_column(at, table.schema.field(column), damaged), folder / f"{name}.parquet")


LONG_AGO = pa.array([-(2**62)]).cast(pa.timestamp("us", "UTC"))
NO_UTF8 = pa.StringArray.from_buffers(1, pa.array([0, 2], pa.int32()).buffers()[1], pa.py_buffer(b"\x92\xff"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (shutil.rmtree, r"rings\.parquet cannot be read \(No such file"),
        (lambda folder: (folder / "changes.parquet").unlink(), r"changes\.parquet cannot be read \(No such"),
        (lambda folder: (folder / "members.parquet").write_bytes(b"x"), r"members\.parquet cannot be read"),
        (
            lambda folder: pq.write_table(pa.table({"ring_id": ["a"]}), folder / "rings.parquet"),
            r"rings\.parquet has other columns than this version of Ringfence writes",
        ),
        (without_moment, r"rings\.parquet does not say its moment"),
        (without_zone, r"rings\.parquet says its moment without a zone"),
        (
            partial(with_value, name="members", column="joined_at", value=LONG_AGO),
            r"members\.parquet is damaged",
        ),
        (
            partial(with_value, name="members", column="ring_id", value=NO_UTF8),
            r"members\.parquet is damaged",
        ),
        (
            partial(with_value, name="rings", column="shared_by_kind", value=pa.array(["{"])),
            r"rings\.parquet is damaged",
        ),
        (
            partial(with_value, name="rings", column="kind", value=pa.array(["x"])),
            r"rings\.parquet is damaged",
        ),
    ],
)
def test_a_folder_that_is_no_reviews_is_named(
    first: Path, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(first)
    with pytest.raises(SettingError, match=f"--previous {first}: {said}"):
        list(earlier_rings(first, SHANGHAI).rings)
