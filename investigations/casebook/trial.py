"""A trial of whether the casebook takes an assessment again, after it refused one: a full disk is noticed by
rows alone that need room.
"""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa

from investigations.casebook.engine import Engines
from investigations.casebook.tables.answer_tables import ASSESSMENTS, CLAIMS

_NOBODY = ("stage", "applicant_id", "client", "request_id", "level", "decision", "policy_version")


def write_and_take_back(engines: Engines, size: int) -> None:
    """Write nobody's assessment of `size` bytes and take it back. Raises StoreUnavailableError.

    PostgreSQL needs the room when the row is inserted, SQLite when it is kept: so a claim is kept for a
    moment, too.
    """
    name = f"trial-{secrets.token_hex(12)}"
    claim = {"client": "", "key": name, "fingerprint": secrets.token_hex(size // 2), "assessment_id": name}
    with engines.writing() as connection:
        connection.execute(sa.insert(CLAIMS).values(claim | {"claimed_at": 0}))
        inner = connection.begin_nested()
        connection.execute(sa.insert(ASSESSMENTS).values(_row(name, size)))
        inner.rollback()
    with engines.writing() as connection:
        connection.execute(sa.delete(CLAIMS).where(CLAIMS.c.client == "", CLAIMS.c.key == name))


def _row(name: str, size: int) -> dict[str, Any]:
    row: dict[str, Any] = {"assessment_id": name, "as_of": 0, "score": 0, "audit": b""}
    return row | dict.fromkeys(_NOBODY, "") | {"answer": secrets.token_bytes(size)}
