"""Erases people in a casebook: guarded rows are rewritten, each with a signed line that says so, and others
renamed or deleted.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from graph.model.moments import micros
from graph.progress import bar
from graph.signatures import Keys
from graph.stores.embedded import overwrite_free_space
from graph.stores.embedded_connection import open_file
from investigations.casebook.engine import Engines
from investigations.casebook.erasure.erasure_rights import tries
from investigations.casebook.erasure.rewriting import REWRITTEN, Rewriting
from investigations.casebook.erasure.rewritten import row_digest, signature_of
from investigations.casebook.tables.answer_tables import ASSESSMENTS, CLAIMS, OWED
from investigations.casebook.tables.case_tables import ATTACHMENTS, CASES
from investigations.casebook.tables.erasure_tables import ERASURES, REWRITABLE
from investigations.casebook.tables.score_tables import BATCH_SCORES
from investigations.casebook.tables.shadow_tables import SHADOW_ANSWERS
from investigations.casebook.tables.view_tables import SAVED_VIEWS
from investigations.casebook.tables.watch_tables import ALERTS, DELIVERIES
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
        rewriting = self._rewriting(erased)
        with self._engines.erasing() as connection:
            counts = self._unguarded(connection, erased)
        with bar("rewriting the casebook", None, "rows") as progress:
            for table in REWRITTEN:
                for keys in self._changed(table, rewriting, erased.until):
                    rewritten = self._rewrite(table, keys, (rewriting, erased, now))
                    counts[table.name] += rewritten
                    progress.update(rewritten)
        with self._engines.erasing() as connection:
            # last: a pass that was cut off knows by them whose notes are left
            counts += self._cases(connection, erased.names)
        return +counts

    def found(self, erased: ErasedPeople) -> Counter[str]:
        """How many rows of which table the first pass of an erasure would change; nothing changes."""
        rewriting = self._rewriting(erased)
        with self._engines.writing() as connection:
            counts = self._unguarded(connection, erased)
            counts += self._cases(connection, erased.names)
            connection.rollback()
        for table in REWRITTEN:
            counts[table.name] += sum(map(len, self._changed(table, rewriting, erased.until)))
        return +counts

    def try_rights(self) -> None:
        """Raises StoreUnavailableError where this role, or this user, may not do all that an erasure does;
        nothing is changed.
        """
        with self._engines.erasing() as connection:
            for one in tries():
                connection.execute(one)
            connection.rollback()

    def rewritten(self, certificate: str) -> dict[str, int]:
        """How many guarded rows of which table that erasure has rewritten so far."""
        rows = sa.func.count(sa.distinct(ERASURES.c.row_key))
        query = sa.select(ERASURES.c.table_name, rows).where(ERASURES.c.certificate == certificate)
        with self._engines.reading() as connection:
            found = connection.execute(query.group_by(ERASURES.c.table_name).order_by(ERASURES.c.table_name))
            return {table: int(count) for table, count in found}

    def overwrite_free_space(self) -> bool:
        """Overwrite what the old rows left in the database's file, and say whether nothing of it is left
        there: False where others kept it from doing so. In PostgreSQL let it be used again, which is False:
        what overwrites it would keep everybody waiting; and have columns sampled anew, because the samples
        that its planner keeps (`pg_stats`) name people of before.
        """
        if self._engines.reader.dialect.name == "sqlite":
            file = Path(str(self._engines.reader.url.database))
            with closing(open_file("casebook", file, 0.0)) as connection:
                return overwrite_free_space(connection)
        with self._engines.reading() as connection:
            connection.exec_driver_sql("VACUUM (ANALYZE)")
        return False

    # -- guarded rows

    def _changed(self, table: sa.Table, rewriting: Rewriting, until: datetime) -> Iterator[Sequence[Any]]:
        """The keys of rows that an erasure changes, some at once."""
        (key,) = table.primary_key.columns
        page_size = _PAGE if table is not ATTACHMENTS else _FILES
        query, last = sa.select(table).order_by(key).limit(page_size), None
        if table is ASSESSMENTS:
            query = query.where(table.c.as_of < micros(until))
        while True:
            page = query if last is None else query.where(key > last)
            with self._engines.reading() as connection:
                rows = connection.execute(page).mappings().all()
            found = [row[key.name] for row in rows if rewriting.of(table, row)]
            for first in range(0, len(found), _AT_ONCE):
                yield found[first : first + _AT_ONCE]
            if len(rows) < page_size:
                return
            last = rows[-1][key.name]

    def _rewrite(
        self, table: sa.Table, keys: Sequence[Any], by: tuple[Rewriting, ErasedPeople, datetime]
    ) -> int:
        """Rewrite those rows, each with its line in `erasures`, in one transaction; how many were rewritten.
        They are read again in it: another erasure may be at the same row.
        """
        rewriting, erased, now = by
        (key,) = table.primary_key.columns
        with self._engines.erasing() as connection:
            rows = connection.execute(sa.select(table).where(key.in_(keys)).with_for_update()).mappings()
            changed = [(row, new) for row in rows.all() if (new := rewriting.of(table, row))]
            if not changed:
                return 0
            lines = [_line(table, row, new, erased) | {"at": micros(now)} for row, new in changed]
            named = [{"table_name": table.name, "row_key": one["row_key"]} for one in lines]
            connection.execute(sa.insert(ERASURES), lines)
            connection.execute(sa.insert(REWRITABLE), named)
            for row, new in changed:
                connection.execute(sa.update(table).where(key == row[key.name]).values(new))
            connection.execute(sa.delete(REWRITABLE))
        return len(changed)

    # -- rows that nobody guards

    def _unguarded(self, connection: sa.Connection, erased: ErasedPeople) -> Counter[str]:
        """Keys of requests, applications that are owed to the store, answers in shadow, scores of batches and
        saved views about them go; deliveries of messages are renamed.
        """
        counts, people = Counter[str](), erased.names.people
        theirs = self._column(
            ASSESSMENTS.c.assessment_id,
            ASSESSMENTS.c.applicant_id,
            [*people, *people.values()],  # a request may have come after its assessment was rewritten
            ASSESSMENTS.c.as_of < micros(erased.until),
        )
        for table in (CLAIMS, OWED, SHADOW_ANSWERS):
            counts[table.name] += _deleted(connection, table.c.assessment_id, theirs)
        before = BATCH_SCORES.c.as_of < micros(erased.until)
        counts[BATCH_SCORES.name] += _deleted(connection, BATCH_SCORES.c.applicant_id, [*people], before)
        counts[SAVED_VIEWS.name] += self._views(connection, erased.names)
        named = {DELIVERIES.c.subject: erased.names.node, DELIVERIES.c.error: erased.names.text}
        return counts + self._renamed(connection, DELIVERIES, named)

    def _views(self, connection: sa.Connection, names: ErasedNames) -> int:
        columns, theirs = SAVED_VIEWS.c, list[str]()
        query = sa.select(columns.view_id, columns.node, columns.name, columns.content)
        for view_id, node, name, content in connection.execute(query).all():
            made = orjson.loads(zlib.decompress(content))
            if names.node(node) != node or _says([name, made], names):
                theirs.append(view_id)
        return _deleted(connection, columns.view_id, theirs)

    def _cases(self, connection: sa.Connection, names: ErasedNames) -> Counter[str]:
        return self._renamed(
            connection, CASES, {CASES.c.applicant_id: names.person, CASES.c.reason: names.text}
        )

    def _renamed(
        self,
        connection: sa.Connection,
        table: sa.Table,
        new_of: Mapping[sa.Column[Any], Callable[[str], Any]],
    ) -> Counter[str]:
        """Columns of an unguarded table with surrogates."""
        keys, counts = list(table.primary_key.columns), Counter[str]()
        for row in connection.execute(sa.select(*keys, *new_of).with_for_update()).mappings().all():
            said = {c: (row[c.name], name) for c, name in new_of.items() if row[c.name] is not None}
            new = {c.name: name(old) for c, (old, name) in said.items() if name(old) != old}
            if new:
                same = [key == row[key.name] for key in keys]
                connection.execute(sa.update(table).where(*same).values(new))
                counts[table.name] += 1
        return counts

    def _rewriting(self, erased: ErasedPeople) -> Rewriting:
        own = self._column(CASES.c.case_id, CASES.c.applicant_id, [*erased.names.people])
        bare = Rewriting(names=erased.names, own_cases=frozenset(own), certificate=erased.certificate)
        columns = ALERTS.c
        query = sa.select(columns.alert_id, columns.subject, columns.code, columns.cause)
        with self._engines.reading() as connection:
            alerts = connection.execute(query).mappings().all()
        changed = {row["alert_id"]: new["alert_id"] for row in alerts if (new := bare.alert(row))}
        return replace(bare, alert_ids=changed)

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


def _line(table: sa.Table, row: Mapping[Any, Any], new: Mapping[str, Any], e: ErasedPeople) -> dict[str, Any]:
    """The line in `erasures` about a row, signed."""
    (key,) = table.primary_key.columns
    line = {
        "table_name": table.name,
        "row_key": str(row[key.name]),
        "before": row_digest(table, row),
        "after": row_digest(table, {**row, **new}),
        "certificate": e.certificate,
    }
    return {**line, "signature": signature_of(line, e.keys)}


def _deleted(connection: sa.Connection, column: sa.Column[Any], values: Sequence[Any], *more: Any) -> int:
    """Delete the rows with one of these values; how many."""
    gone = 0
    for first in range(0, len(values), _IDS_AT_ONCE):
        some = values[first : first + _IDS_AT_ONCE]
        gone += connection.execute(sa.delete(column.table).where(column.in_(some), *more)).rowcount
    return gone


def _says(made: Any, names: ErasedNames) -> bool:
    """Whether a JSON value says an old name anywhere, in keys too."""
    if isinstance(made, Mapping):
        return any(_says(one, names) for pair in made.items() for one in pair)
    if isinstance(made, list):
        return any(_says(one, names) for one in made)
    return isinstance(made, str) and names.text(made) != made
