"""What people put to a case beside words: files kept with their checksum, and links to other cases."""

from __future__ import annotations

import hashlib
from datetime import datetime

import sqlalchemy as sa

from graph.model.errors import ConflictError, InputError
from graph.model.moments import micros
from investigations.casebook.cases.case_rows import step
from investigations.casebook.cases.case_work import CaseWork
from investigations.casebook.tables.case_tables import ATTACHMENTS, CASE_EVENTS, CASES
from investigations.cases import LINKED, UNLINKED, Case, CaseState

MOST_ATTACHMENTS = 20  # of one case


class CasePapers(CaseWork):
    """Files and links of cases. Neither collides with what others do, so no version is asked for."""

    def attach(
        self, case_id: str, name: str, media_type: str, content: bytes, *, at: datetime, by: str
    ) -> Case:
        """Put a file to a case; the same content by the same name is put once.

        Raises UnknownCaseError, and ConflictError for a closed case or one that holds as many as it may.
        """
        digest = hashlib.sha256(content).hexdigest()
        of_case = ATTACHMENTS.c.case_id == case_id
        with self._engines.writing() as connection:
            self._lock(connection, case_id)
            state = self._hold(connection, case_id, None)
            known = connection.execute(
                sa.select(ATTACHMENTS.c.sha256, ATTACHMENTS.c.name).where(of_case)
            ).all()
            if (digest, name) not in {(row.sha256, row.name) for row in known}:
                if len(known) >= MOST_ATTACHMENTS:
                    raise ConflictError(
                        f"case {case_id} has {MOST_ATTACHMENTS} attachments, as many as it may"
                    )
                values = {"case_id": case_id, "at": micros(at), "by": by, "name": name, "sha256": digest}
                values |= {"media_type": media_type, "content": content}
                connection.execute(sa.insert(ATTACHMENTS), values)
                note = f"{name} (sha256 {digest[:16]}…)"
                connection.execute(sa.insert(CASE_EVENTS), step(case_id, at, by, "attached", state, note))
        return self.case(case_id)

    def link(self, case_id: str, other: str, linked: bool, *, at: datetime, by: str) -> Case:
        """Link two cases, or take their link away: it stands in both histories. Twice is once.

        Raises UnknownCaseError for either, InputError for a case and itself.
        """
        if case_id == other:
            raise InputError("other: a case is not linked to itself")
        kind = LINKED if linked else UNLINKED
        with self._engines.writing() as connection:
            for one in sorted(
                (case_id, other)
            ):  # in one order, so that nobody waits for one who waits for them
                self._lock(connection, one)
            if _are_linked(connection, case_id, other) != linked:
                for one, note in ((case_id, other), (other, case_id)):
                    after = step(one, at, by, kind, _state(connection, one), note)
                    connection.execute(sa.insert(CASE_EVENTS), after)
        return self.case(case_id)


def _state(connection: sa.Connection, case_id: str) -> CaseState:
    return CaseState(
        connection.execute(sa.select(CASES.c.state).where(CASES.c.case_id == case_id)).scalar_one()
    )


def _are_linked(connection: sa.Connection, case_id: str, other: str) -> bool:
    """Whether the latest of what was done between two cases is that they were linked."""
    steps = sa.select(CASE_EVENTS.c.kind).where(
        CASE_EVENTS.c.case_id == case_id,
        CASE_EVENTS.c.note == other,
        CASE_EVENTS.c.kind.in_((LINKED, UNLINKED)),
    )
    latest = connection.execute(steps.order_by(CASE_EVENTS.c.position.desc()).limit(1)).scalar()
    return latest == LINKED
