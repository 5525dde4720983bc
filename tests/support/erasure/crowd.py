"""Two thousand people, of whom half are erased, and a search for every name of theirs in a folder's bytes."""

from __future__ import annotations

import re
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from graph.journal.entry import decode
from graph.model.types import Facts
from tests.support.small_service import body
from tests.support.small_worlds import PLATFORMS, applies, does, uses

PEOPLE, GONE = 2_000, 1_000  # the first so many are erased
ASKED = 60  # so many of these, and of the others, have applied to the service before
TOGETHER = 3  # people who share a device
_MARK = "feedfacecafe"  # in every pseudonym of somebody's own
_NAMES = re.compile(rb"(?:CUSTOMER|LOAN|EVENT|LIVE)-(\d{5})-zq")
_TOKENS = re.compile(
    _MARK.encode() + rb"([0-9a-f]{20})|" + re.escape(bytes.fromhex(_MARK)) + rb"(.{10})", re.S
)
_STREAM = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_LONGEST = 1 << 16  # bytes of a stream that are looked at


def customer(n: int) -> str:
    """The id of a person: nothing else looks like it."""
    return f"CUSTOMER-{n:05d}-zq"


def crowd() -> Facts:
    """Everybody's application, login and own phone; some share a device."""
    people = range(PEOPLE)
    return Facts(
        platforms=PLATFORMS,
        applications=tuple(
            applies(
                customer(n),
                n % 50,
                uses("device", f"device-{n // TOGETHER}"),
                uses("phone", f"k1.{_MARK}{n:020x}"),
                application_id=f"LOAN-{n:05d}-zq",
                face_match=n % 10 / 10,
            )
            for n in people
        ),
        events=tuple(does(customer(n), "login", n % 50, event_id=f"EVENT-{n:05d}-zq") for n in people),
    )


def applying(n: int) -> dict[str, Any]:
    """A person's request to the service, the same each time."""
    return body(f"LIVE-{n:05d}-zq", applicant_id=customer(n), phone=None, national_id=None,
                device_id=f"{n // TOGETHER:016x}")  # fmt: skip


def traces(folder: Path) -> Counter[str]:
    """How often each file names one of the erased, in its bytes, in streams that are compressed in it, and in
    the rows of a database.
    """
    found = Counter[str]()
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for path, held in files.items():  # all bytes are read: who opens a database may change them
        for some in (held, *_streams(held), *_rows(path, held)):
            found[path.name] += gone_in(some)
    return +found


def gone_in(held: bytes) -> int:
    """How often these bytes name one of the erased."""
    return sum(n < GONE for n in _people(held))


def _people(held: bytes) -> Iterator[int]:
    yield from (int(one) for one in _NAMES.findall(held))
    for digits, packed in _TOKENS.findall(held):
        yield int(digits, 16) if digits else int.from_bytes(packed, "big")


def _streams(held: bytes) -> Iterator[bytes]:
    """What is compressed in it and stands in one piece."""
    for one in _STREAM.finditer(held):
        try:
            yield zlib.decompressobj().decompress(held[one.start() : one.start() + _LONGEST])
        except zlib.error:
            continue


def _rows(path: Path, held: bytes) -> Iterator[bytes]:
    """Compressed values of a database, and the texts of a journal's entries."""
    if not held.startswith(b"SQLite format 3"):
        return
    with closing(sqlite3.connect(path)) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in database.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    if isinstance(value, bytes):
                        yield decode(value).heap.tobytes() if table == "journal" else _inflated(value)


def _inflated(value: bytes) -> bytes:
    try:
        return zlib.decompress(value)
    except zlib.error:
        return value
