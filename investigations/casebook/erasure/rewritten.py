"""What erasures made of guarded rows: digests before and after, each signed by a key outside the database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from graph.signatures import Keys, SignatureState, sign, state_of
from investigations.casebook.tables.erasure_tables import ERASURES

_PURPOSE = b"ringfence erasure, version 1"


def row_digest(table: sa.Table, row: Mapping[Any, Any]) -> str:
    """SHA-256 of a row: of the table's name and every column, each with its length before it."""
    digest = hashlib.sha256()
    for part in (table.name.encode(), *(_bytes(column, row[column.name]) for column in table.columns)):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def signature_of(rewriting: Mapping[str, Any], keys: Keys) -> str:
    """VERSION:CODE over which row of which table was rewritten to what, in which erasure."""
    return ":".join(sign(_signed(rewriting), keys, _PURPOSE))


class Rewritten:
    """All rewritings of a casebook, in their order."""

    def __init__(self, connection: sa.Connection) -> None:
        self._rows = connection.execute(sa.select(ERASURES).order_by(ERASURES.c.position)).mappings().all()
        self._of_row: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for one in self._rows:
            steps = self._of_row.setdefault((one["table_name"], one["row_key"]), [])
            steps.append((one["before"], one["after"]))

    def knows(self, table: str, key: str) -> bool:
        """Whether that row was rewritten."""
        return (table, key) in self._of_row

    def since(self, table: str, key: str, sealed: str) -> str:
        """The digest that a row has now which had that one when it was sealed."""
        for before, after in self._of_row.get((table, key), ()):
            if before == sealed:
                sealed = after
        return sealed

    def forged(self, keys: Keys) -> Iterator[str]:
        """The positions of those that are not signed by one of the keys: all where there are no keys."""
        for one in self._rows:
            version, _, code = str(one["signature"]).partition(":")
            if state_of(_signed(one), version, code, keys, _PURPOSE) is not SignatureState.VALID:
                yield str(one["position"])


def _signed(rewriting: Mapping[Any, Any]) -> bytes:
    names = ("table_name", "row_key", "before", "after", "certificate")
    return json.dumps([rewriting[name] for name in names]).encode()


def _bytes(column: sa.Column[Any], value: Any) -> bytes:
    """A value with its sort before it: no two values of a column are the same bytes."""
    if value is None:
        return b"-"
    if isinstance(value, bytes | memoryview):
        return b"b" + bytes(value)
    if isinstance(value, int | float):
        return b"f" + float(value).hex().encode() if isinstance(column.type, sa.Float) else b"i%d" % value
    return b"s" + str(value).encode()
