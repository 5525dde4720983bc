"""Erases people in a casebook: guarded rows are rewritten, each with a signed line that says so, and others
renamed or deleted.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from graph.model.moments import micros
from graph.signatures import Keys
from graph.stores.embedded import overwrite_free_space
from investigations.casebook.engine import Engines
from investigations.casebook.erasure_tables import ERASURES, REWRITABLE
from investigations.casebook.rewriting import REWRITTEN, Rewriting
from investigations.casebook.rewritten import row_digest, signature_of
from investigations.casebook.score_tables import BATCH_SCORES
from investigations.casebook.tables import ASSESSMENTS, ATTACHMENTS, CASES, CLAIMS
from investigations.casebook.view_tables import SAVED_VIEWS
from investigations.casebook.watch_tables import DELIVERIES
from investigations.erased_names import ErasedNames

_PAGE, _FILES = 500, 10  # rows read at once
_AT_ONCE = 50  # rows a transaction: nobody's answer waits for more
_IDS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedPeople:
    """Whom a casebook forgets, in which erasure, and by which keys that is signed. What came at `until` or
    later is somebody new's.
    """

    names: ErasedNames
    certificate: str
    until: datetime
    keys: Keys = field(repr=False)


class ErasureFiles:
    """Erasures in a casebook. Every method raises StoreUnavailableError when it cannot be used."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def erase(self, erased: ErasedPeople, now: datetime) -> Counter[str]:
        """Rewrite, rename and delete what names them; how many rows of which table. To be repeated until
        there are none: requests under way may write more. Safe to cut off and to repeat.
        """
        own = self._column(CASES.c.case_id, CASES.c.applicant_id, [*erased.names.people])
        rewriting = Rewriting(names=erased.names, own_cases=frozenset(own), certificate=erased.certificate)
        counts = Counter[str]()
        self._unguarded(erased, counts)
        for table in REWRITTEN:
            for rows in self._changed(table, rewriting, erased.until):
                self._rewrite(table, rows, (erased, now))
                counts[table.name] += len(rows)
        self._cases(erased, counts)  # last: by them a pass that was cut off knows whose notes are left
        return +counts

    def overwrite_free_space(self) -> bool:
        """Overwrite what the old rows left in the database's file; in PostgreSQL, let it be used again. False
        where others kept it from doing so.
        """
        if self._engines.reader.dialect.name == "sqlite":
            with closing(sqlite3.connect(Path(str(self._engines.reader.url.database)))) as connection:
                connection.isolation_level = None
                return overwrite_free_space(connection)
        with self._engines.reading() as connection:
            connection.exec_driver_sql("VACUUM")
        return True

    # -- guarded rows

    def _changed(
        self, table: sa.Table, rewriting: Rewriting, until: datetime
    ) -> Iterator[Sequence[tuple[Mapping[Any, Any], dict[str, Any]]]]:
        """Rows that an erasure changes, with what changes, some at once."""
        (key,) = table.primary_key.columns
        page_size = _PAGE if table is not ATTACHMENTS else _FILES
        query, last = sa.select(table).order_by(key).limit(page_size), None
        if table is ASSESSMENTS:
            query = query.where(table.c.as_of < micros(until))
        while True:
            page = query if last is None else query.where(key > last)
            with self._engines.reading() as connection:
                rows = connection.execute(page).mappings().all()
            found = [(row, new) for row in rows if (new := rewriting.of(table, row))]
            for first in range(0, len(found), _AT_ONCE):
                yield found[first : first + _AT_ONCE]
            if len(rows) < page_size:
                return
            last = rows[-1][key.name]

    def _rewrite(
        self,
        table: sa.Table,
        rows: Sequence[tuple[Mapping[Any, Any], dict[str, Any]]],
        by: tuple[ErasedPeople, datetime],
    ) -> None:
        """Rewrite those rows, each with its line in `erasures`, in one transaction."""
        erased, now = by
        (key,) = table.primary_key.columns
        lines, named = [], []
        for row, new in rows:
            line = {
                "table_name": table.name,
                "row_key": str(row[key.name]),
                "before": row_digest(table, row),
                "after": row_digest(table, {**row, **new}),
                "certificate": erased.certificate,
            }
            lines.append({**line, "at": micros(now), "signature": signature_of(line, erased.keys)})
            named.append({"table_name": table.name, "row_key": str(row[key.name])})
        with self._writing() as connection:
            connection.execute(sa.insert(ERASURES), lines)
            connection.execute(sa.insert(REWRITABLE), named)
            for row, new in rows:
                connection.execute(sa.update(table).where(key == row[key.name]).values(new))
            connection.execute(sa.delete(REWRITABLE))

    # -- rows that nobody guards

    def _unguarded(self, erased: ErasedPeople, counts: Counter[str]) -> None:
        """Keys of requests, scores of batches and saved views about them go; deliveries of messages and cases
        are renamed.
        """
        theirs = self._column(
            ASSESSMENTS.c.assessment_id,
            ASSESSMENTS.c.applicant_id,
            [*erased.names.people],
            ASSESSMENTS.c.as_of < micros(erased.until),
        )
        before = BATCH_SCORES.c.as_of < micros(erased.until)
        with self._writing() as connection:
            for first in range(0, len(theirs), _IDS_AT_ONCE):
                some = theirs[first : first + _IDS_AT_ONCE]
                gone = sa.delete(CLAIMS).where(CLAIMS.c.assessment_id.in_(some))
                counts[CLAIMS.name] += connection.execute(gone).rowcount
            people = [*erased.names.people]
            for first in range(0, len(people), _IDS_AT_ONCE):
                some = people[first : first + _IDS_AT_ONCE]
                gone = sa.delete(BATCH_SCORES).where(BATCH_SCORES.c.applicant_id.in_(some), before)
                counts[BATCH_SCORES.name] += connection.execute(gone).rowcount
            self._views(connection, erased.names, counts)
            self._renamed(connection, DELIVERIES, erased.names, counts)

    def _views(self, connection: sa.Connection, names: ErasedNames, counts: Counter[str]) -> None:
        columns = SAVED_VIEWS.c
        query = sa.select(columns.view_id, columns.node, columns.name, columns.content)
        for view_id, node, name, content in connection.execute(query).all():
            said = b" ".join((node.encode(), name.encode(), zlib.decompress(content)))
            if names.named_in(said):
                connection.execute(sa.delete(SAVED_VIEWS).where(columns.view_id == view_id))
                counts[SAVED_VIEWS.name] += 1

    def _cases(self, erased: ErasedPeople, counts: Counter[str]) -> None:
        with self._writing() as connection:
            self._renamed(connection, CASES, erased.names, counts)

    def _renamed(
        self, connection: sa.Connection, table: sa.Table, names: ErasedNames, counts: Counter[str]
    ) -> None:
        """Texts of an unguarded table with surrogates."""
        keys = list(table.primary_key.columns)
        texts = [c for c in table.columns if isinstance(c.type, sa.Text) and not c.primary_key]
        for row in connection.execute(sa.select(*keys, *texts)).mappings().all():
            said = {c.name: row[c.name] for c in texts if row[c.name] is not None}
            new = {name: changed for name, text in said.items() if (changed := names.text(text)) != text}
            if new:
                same = [key == row[key.name] for key in keys]
                connection.execute(sa.update(table).where(*same).values(new))
                counts[table.name] += 1

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """A transaction in which SQLite overwrites what goes."""
        with self._engines.writing() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
            yield connection

    def _column(
        self, wanted: sa.Column[Any], column: sa.Column[Any], values: Collection[str], *more: Any
    ) -> list[Any]:
        listed, found = sorted(values), dict[Any, None]()
        for first in range(0, len(listed), _IDS_AT_ONCE):
            some = listed[first : first + _IDS_AT_ONCE]
            with self._engines.reading() as connection:
                query = sa.select(wanted).where(column.in_(some), wanted.is_not(None), *more)
                found.update(dict.fromkeys(connection.execute(query).scalars()))
        return list(found)
