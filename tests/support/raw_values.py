"""Marked identifiers that occur nowhere else, and a search for them in whatever a run has left, bytewise:
files, databases, and what is compressed in them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

import pyarrow.parquet as pq

MARKED = {
    "phone": "15912340987",
    "contact_phone_1": "13698760125",
    "employer_phone": "02168754321",
    "national_id": "110105198503077755",
    "bank_card": "6222021234567890128",
    "device_id": "d3adb33f5ca1ab1e",
    "email": "marked.person.77@mail.example.com",
    "ip": "203.0.113.77",
    "wifi": "a2:bb:cc:dd:ee:77",
    "address": "标记路七十七号幸福小区3栋502",
    "employer": "标记七十七科技有限公司",
}
NAME = "欧阳标记"  # of no column of ours: a field that nobody asked for
SECRET = "a marked password of seventy-seven"


def needles() -> dict[bytes, str]:
    """Every form in which a marked value might be written down, and what it is: as text, in JSON, in an
    address, wide, without punctuation, and as a digest that anybody can make.
    """
    found: dict[bytes, str] = {}
    for kind, value in {**MARKED, "name": NAME, "password": SECRET}.items():
        bare = re.sub(r"[\s:.\-@]", "", value)
        forms = {value, value.upper(), value.lower(), bare, json.dumps(value)[1:-1], quote(value)}
        for form in forms:
            found[form.encode()] = kind
            found[form.encode("utf-16-le")] = f"{kind}, wide"
        for form in (value, value.upper(), bare):
            for digest in (hashlib.sha256, hashlib.md5, hashlib.sha1):
                hashed = digest(form.encode())
                found[hashed.digest()] = f"{kind}, as a bare digest"
                found[hashed.hexdigest().encode()] = f"{kind}, as a bare digest"
    return found


def raw_values(folder: Path, besides: dict[str, bytes] | None = None) -> set[str]:
    """Where a marked value stands in the files below a folder, or in what else is given by its name."""
    looked_for = needles()
    wrong = set()
    for where, content in [*_files(folder), *(besides or {}).items()]:
        for part, data in _unpacked(where, content):
            wrong |= {f"{what}: {part}" for needle, what in looked_for.items() if needle in data}
    return wrong


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()
            if path.suffix == ".parquet":
                yield f"{path.name}, its rows", str(pq.read_table(path).to_pylist()).encode()
            if path.read_bytes()[:15] == b"SQLite format 3":
                yield from _rows(path)
        yield f"{path.name}, its name", path.name.encode()


def _rows(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every cell of every table, with what stands in the write-ahead log."""
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                for cell in row:
                    if isinstance(cell, str | bytes):
                        yield f"{path.name}, {table}", cell.encode() if isinstance(cell, str) else cell


def _unpacked(where: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """The content, and what is compressed in it: zlib from its beginning or a little later, gzip, and the
    streams of a PDF.
    """
    yield where, content
    for begin in [0, *(at for at in range(1, 17) if content[at : at + 1] == b"\x78")]:
        with suppress(zlib.error):
            yield f"{where}, unpacked", zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(content[begin:])
    if content.startswith(b"%PDF"):
        for stream in re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
            packed = stream.strip()
            with suppress(ValueError, zlib.error):
                text = base64.a85decode(packed, adobe=packed.endswith(b"~>"))
                yield f"{where}, a stream", zlib.decompress(text)
            with suppress(zlib.error):
                yield f"{where}, a stream", zlib.decompress(packed)
