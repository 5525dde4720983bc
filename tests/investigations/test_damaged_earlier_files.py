"""Damage in the files of an earlier week is named by file, row and column before anything is compared."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.model.errors import SettingError
from graph.model.types import Ring, RingChange, RingKind, RingMember, RingSnapshot
from investigations.review import earlier_files, ring_files
from investigations.review.earlier_files import earlier_rings
from investigations.review.file_laws import laws
from investigations.review.names_on_disk import NamesOnDisk

AS_OF = datetime(2025, 7, 1, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOT_READ = {"would_flag_at", "first_default_at", "days_early", "loans_after", "amount_after", "why"}
READ = [(file, column) for file, columns in laws(AS_OF).items() for column in columns]
NAN, MANY = float("nan"), [-1]

# of each column, what the writer of these files never writes
WRONG: dict[tuple[str, str], list[Any]] = {
    ("rings", "ring_id"): [""],
    ("rings", "kind"): ["gang", ""],
    ("rings", "score"): [NAN, -0.1, 1.5],
    ("rings", "size"): [-1, 0, 2],
    ("rings", "state"): ["born"],
    ("rings", "first_seen"): [AS_OF + timedelta(microseconds=1)],
    ("rings", "last_seen"): [AS_OF + timedelta(days=1)],
    ("rings", "confirmed_bad"): MANY,
    ("rings", "suspected"): MANY,
    ("rings", "bad_rate"): [NAN, 1.1],
    ("rings", "exposure"): [NAN, -1.0, float("inf")],
    ("rings", "shared_by_kind"): ["{", "[]", "null", "3", '{"device": "x"}', '{"gait": 1}', '{"device": -1}'],
    ("rings", "crew_id"): [""],
    ("rings", "hubs_ignored"): MANY,
    ("rings", "density"): [NAN, 2.0],
    ("rings", "burst_days"): [NAN, -1.0],
    ("rings", "platforms"): MANY,
    ("rings", "reason_codes"): [["RING_DENSE", None]],
    ("members", "ring_id"): [""],
    ("members", "applicant_id"): [""],
    ("members", "role"): ["boss"],
    ("members", "joined_at"): [AS_OF + timedelta(days=1)],
    ("members", "distance_to_core"): [-1, 3],
    ("members", "strength"): [NAN, 1.1],
    ("changes", "ring_id"): [""],
    ("changes", "change"): ["new"],
    ("changes", "from_rings"): [[None]],
    ("changes", "joined"): MANY,
    ("changes", "left"): MANY,
    ("changes", "jaccard"): [NAN, -0.5],
    ("changes", "flag"): ["gone"],
}
LONG_AGO = pa.array([-(2**62)]).cast(pa.timestamp("us", "UTC"))
NO_UTF8 = pa.StringArray.from_buffers(1, pa.array([0, 2], pa.int32()).buffers()[1], pa.py_buffer(b"\x92\xff"))


def a_ring(number: int, size: int) -> Ring:
    people = [
        RingMember(
            applicant_id=f"p{number}-{place}",
            role="core",
            joined_at=AS_OF - timedelta(days=30 - place),
            distance_to_core=0,
            strength=0.5,
        )
        for place in range(size)
    ]
    return Ring(
        ring_id=f"R{number}",
        kind=RingKind.RING if number < 2 else RingKind.HOUSEHOLD,
        score=0.9 - number / 100,
        state="new",
        first_seen=AS_OF - timedelta(days=30),
        last_seen=AS_OF - timedelta(days=4 - number),  # the last one is of people of whom only others speak
        confirmed_bad=1,
        suspected=1,
        bad_rate=0.25,
        exposure=1000.5,
        shared_by_kind={"device": 2, "address": 1},
        hubs_ignored=0,
        density=0.5,
        burst_days=3.0,
        platforms=2,
        reason_codes=("RING_DENSE",),
        members=tuple(people),
        crew_id="R0",
    )


def a_change(ring_id: str, change: str) -> RingChange:
    return RingChange(ring_id=ring_id, change=change, from_rings=("R9",), joined=3, left=0, jaccard=0.0)


WEEK = RingSnapshot(
    name="2025-W27",
    as_of=AS_OF,
    rings=tuple(a_ring(number, 3 + number) for number in range(5)),
    changes=(*(a_change(f"R{number}", "born") for number in range(5)), a_change("R9", "dissolved")),
)


def write(folder: Path, file: str, table: pa.Table) -> None:
    pq.write_table(table, folder / f"{file}.parquet")


def replaced(folder: Path, file: str, column: str, row: int, value: pa.Array) -> None:
    """As a damaged disk leaves it: that column of the row, counted from 0, has another value."""
    table = pq.read_table(folder / f"{file}.parquet")
    was, at = table[column].combine_chunks(), table.schema.get_field_index(column)
    now = pa.concat_arrays([was[:row], value, was[row + 1 :]])
    write(folder, file, table.set_column(at, table.schema.field(column), now))


def with_value(folder: Path, file: str, column: str, row: int, value: object) -> None:
    replaced(folder, file, column, row, pa.array([value], ring_files.SCHEMAS[file].field(column).type))


@pytest.fixture
def week(tmp_path: Path) -> Path:
    """The files of a week, as a review writes them."""
    for file in ring_files.SCHEMAS:
        table = ring_files.table_of(WEEK, file)
        stated = {ring_files.AS_OF: AS_OF.isoformat().encode()} if file == "rings" else {}
        write(tmp_path, file, table.replace_schema_metadata(stated))
    return tmp_path


def refused(folder: Path, message: str) -> None:
    """Before any walk."""
    with pytest.raises(SettingError, match=f"^--previous {re.escape(str(folder))}: {message}"):
        earlier_rings(folder, SHANGHAI)


def test_each_column_that_a_later_week_reads_has_its_law() -> None:
    for file, columns in laws(AS_OF).items():
        assert {*columns} == {*ring_files.SCHEMAS[file].names} - NOT_READ
    read = {field.name for one in (Ring, RingMember, RingChange) for field in fields(one)}
    assert read - {column for _, column in READ} == {"members", "why"}


@pytest.mark.parametrize("at_once", [1, 2, 3, 7, 1_000])
def test_undamaged_files_are_the_week_that_was_written(
    week: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(earlier_files, "AT_ONCE", at_once)
    found = earlier_rings(week, SHANGHAI)
    for _ in range(2):
        assert (tuple(found.rings), tuple(found.changes)) == (WEEK.rings, WEEK.changes)
    assert (found.name, found.as_of) == (WEEK.name, WEEK.as_of)


def test_a_week_without_a_ring_is_one(week: Path) -> None:
    for file in ring_files.SCHEMAS:
        write(week, file, pq.read_table(week / f"{file}.parquet")[:0])
    found = earlier_rings(week, SHANGHAI)
    assert (list(found.rings), list(found.changes)) == ([], [])


@pytest.mark.parametrize(("file", "column"), READ)
def test_an_empty_cell_is_named(week: Path, monkeypatch: pytest.MonkeyPatch, file: str, column: str) -> None:
    monkeypatch.setattr(earlier_files, "AT_ONCE", 2)
    with_value(week, file, column, 4, None)
    refused(week, rf"{file}\.parquet is damaged in row 5: {column} is empty, and has to be ")


@pytest.mark.parametrize(
    ("file", "column", "value"), [(*where, value) for where, values in WRONG.items() for value in values]
)
def test_a_value_that_no_review_writes_is_named(week: Path, file: str, column: str, value: object) -> None:
    with_value(week, file, column, 3, value)
    refused(week, rf"{file}\.parquet is damaged in row 4: {column} is .+, and has to be ")


def test_a_moment_is_named_as_people_write_it(week: Path) -> None:
    with_value(week, "members", "joined_at", 0, AS_OF + timedelta(days=1))
    refused(
        week,
        r"members\.parquet is damaged in row 1: joined_at is 2025-07-02T00:00:00\+00:00, and has to be a "
        r"moment up to the review's, 2025-07-01T00:00:00\+00:00: name the --out of an earlier review",
    )


def test_no_column_is_without_a_wrong_value() -> None:
    assert {*WRONG} == {*READ}


@pytest.mark.parametrize(
    ("file", "column"),
    [(file, column.name) for file, schema in ring_files.SCHEMAS.items() for column in schema],
)
def test_a_column_of_another_type_is_named(week: Path, file: str, column: str) -> None:
    table = pq.read_table(week / f"{file}.parquet")
    at, other = table.schema.get_field_index(column), pa.nulls(len(table), pa.bool_())
    write(week, file, table.set_column(at, column, other))
    own = re.escape(str(ring_files.SCHEMAS[file].field(column).type))
    refused(week, rf"{file}\.parquet has other columns .+\({column} holds bool, not {own}\)")
    write(week, file, table.drop_columns([column]))
    refused(week, rf"{file}\.parquet has other columns .+\(no {column}\)")


@pytest.mark.parametrize(("file", "column"), READ)
def test_what_is_no_text_and_no_moment_is_named(week: Path, file: str, column: str) -> None:
    kind = ring_files.SCHEMAS[file].field(column).type
    if pa.types.is_timestamp(kind):
        value = LONG_AGO
    elif pa.types.is_string(kind):
        value = NO_UTF8
    elif pa.types.is_list(kind):
        value = pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), NO_UTF8)
    else:
        return
    replaced(week, file, column, 3, value)
    refused(week, rf"{file}\.parquet is damaged in row 4: {column} is .+, and has to be ")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            partial(with_value, file="members", column="applicant_id", row=9, value="p0-1"),
            "members.parquet is damaged in row 10: applicant_id is 'p0-1', and is that in row 2 already",
        ),
        (
            partial(with_value, file="members", column="applicant_id", row=2, value="p0-1"),
            "members.parquet is damaged in row 3: applicant_id is 'p0-1', and is that in row 2 already",
        ),
        (
            partial(with_value, file="members", column="ring_id", row=3, value="R7"),
            "members.parquet is damaged or not of the same review as rings.parquet: "
            "it has in row 4 ring 'R7', not 'R1' as rings.parquet counts",
        ),
        (
            partial(with_value, file="rings", column="size", row=1, value=5),
            "members.parquet is damaged or not of the same review as rings.parquet: "
            "it has in row 8 ring 'R2', not 'R1' as rings.parquet counts",
        ),
        (
            partial(with_value, file="rings", column="size", row=1, value=2**31 - 1),
            "members.parquet is damaged or not of the same review as rings.parquet: "
            "it has in row 8 ring 'R2', not 'R1' as rings.parquet counts",
        ),
        (
            partial(with_value, file="rings", column="size", row=4, value=9),
            "members.parquet is damaged or not of the same review as rings.parquet: "
            "it lacks members of ring 'R4'",
        ),
        (
            partial(with_value, file="rings", column="size", row=4, value=6),
            "members.parquet is damaged or not of the same review as rings.parquet: "
            "it has in row 25 ring 'R4', and no more are there",
        ),
        (
            partial(with_value, file="members", column="joined_at", row=4, value=AS_OF - timedelta(days=31)),
            "members.parquet is damaged in row 5: joined_at is before first_seen of ring 'R1'",
        ),
        (
            partial(with_value, file="changes", column="ring_id", row=5, value="R2"),
            "changes.parquet is damaged in row 6: ring_id is 'R2', and is that in row 3 already",
        ),
        (
            partial(with_value, file="changes", column="ring_id", row=2, value="R8"),
            "changes.parquet is damaged or not of the same review as rings.parquet: it lacks ring R2",
        ),
    ],
)
@pytest.mark.parametrize("at_once", [2, 1_000])
def test_rows_that_contradict_others_are_named(
    week: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path], None],
    message: str,
    at_once: int,
) -> None:
    monkeypatch.setattr(earlier_files, "AT_ONCE", at_once)
    spoil(week)
    refused(week, re.escape(message))


def test_a_ring_that_is_there_twice_is_named(week: Path) -> None:
    for file, column, rows in (("rings", "ring_id", [4]), ("members", "ring_id", range(18, 25))):
        for row in rows:
            with_value(week, file, column, row, "R0")
    refused(week, r"rings\.parquet is damaged in row 5: ring_id is 'R0', and is that in row 1 already")


@pytest.mark.parametrize(
    "moment", [b"", b"2025", b"\xff", b"0001-01-01T00:00:00+00:00", b"9999-12-31T23:00:00+00:00"]
)
def test_a_moment_that_is_none_is_named(week: Path, moment: bytes) -> None:
    table = pq.read_table(week / "rings.parquet")
    write(week, "rings", table.replace_schema_metadata({ring_files.AS_OF: moment}))
    refused(week, r"rings\.parquet (does not say its moment|says its moment without a zone)")


@pytest.mark.parametrize("file", ring_files.SCHEMAS)
@pytest.mark.parametrize("seed", range(40))
def test_bytes_that_a_disk_has_turned_are_damage_or_another_number(week: Path, file: str, seed: int) -> None:
    path, draw = week / f"{file}.parquet", random.Random(seed)
    table = pq.read_table(path)
    pq.write_table(table, path, compression="NONE", use_dictionary=False)
    content = bytearray(path.read_bytes())
    for _ in range(draw.choice((1, 1, 4))):
        content[draw.randrange(4, len(content) - 8)] ^= 1 << draw.randrange(8)
    path.write_bytes(content)
    with suppress(SettingError):
        found = earlier_rings(week, SHANGHAI)
        rings, changes = list(found.rings), list(found.changes)
        assert [ring.size for ring in rings] == [ring.size for ring in WEEK.rings]
        assert len(changes) == len(WEEK.changes)


@pytest.mark.parametrize("seed", range(5))
def test_names_on_the_disk_are_counted_as_in_memory(seed: int) -> None:
    draw, names = random.Random(seed), NamesOnDisk()
    drawn = [f"人{draw.randrange(200)}" for _ in range(draw.randrange(400))]
    for begin in range(0, len(drawn), 7):
        names.add(pa.array(drawn[begin : begin + 7], pa.string()))
    names.sort()
    count, asked = Counter(drawn), [f"人{number}" for number in range(220)]
    assert names.times(pa.array(asked)).tolist() == [count[name] for name in asked]
    assert names.some_twice() == any(times > 1 for times in count.values())
