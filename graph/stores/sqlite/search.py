"""The investigators' search: ids first, then what they begin with; identifiers by token or masked form."""

from __future__ import annotations

import sqlite3
from time import perf_counter
from typing import Any

from graph.model.errors import StoreUnavailableError
from graph.store.search_hit import SEARCH_S, SearchHit
from graph.stores.sqlite.codec import KINDS

_LOOK_AGAIN = 10_000  # steps of SQLite between two looks at the clock

# Each gives (name, what to show). An id is looked up as it is and as a beginning; the range ends before the
# highest character.
APPLICANTS = """SELECT p.applicant_id, p.applicant_id FROM applicant p
    WHERE p.applicant_id >= :text AND p.applicant_id < :end
    AND (EXISTS (SELECT 1 FROM application a WHERE a.applicant = p.key AND a.at < :as_of AND a.mark <= :mark)
      OR EXISTS (SELECT 1 FROM event e WHERE e.applicant = p.key AND e.at < :as_of AND e.mark <= :mark)
      OR EXISTS (SELECT 1 FROM tie t WHERE t.applicant = p.key AND t.since < :as_of AND t.mark <= :mark))
    ORDER BY p.applicant_id LIMIT :limit"""
APPLICATIONS = """SELECT application_id, application_id FROM application
    WHERE application_id >= :text AND application_id < :end AND at < :as_of
    AND mark <= :mark ORDER BY application_id LIMIT :limit"""
RINGS = (
    "SELECT ring_id, ring_id FROM ring WHERE snapshot = :snapshot AND ring_id >= :text "
    "AND ring_id < :end ORDER BY ring_id LIMIT :limit"
)
_KINDS = ", ".join(str(code) for code in range(len(KINDS)))
IDENTIFIERS = f"""SELECT i.kind, i.token, i.masked FROM identifier i
    WHERE (i.masked = :text OR (i.kind IN ({_KINDS}) AND i.token >= :text AND i.token < :end))
    AND EXISTS (SELECT 1 FROM tie t WHERE t.identifier = i.key AND t.since < :as_of AND t.mark <= :mark)
    ORDER BY i.masked, i.kind, i.token LIMIT :limit"""


def search(connection: sqlite3.Connection, text: str, parameters: dict[str, Any]) -> tuple[SearchHit, ...]:
    """At most `limit` hits for `text`, of what was searched in time. `parameters` carries limit, snapshot (or
    None), as_of and revision.
    """
    text = text.strip()
    if not text:
        return ()
    parameters = {**parameters, "text": text, "end": text + "\U0010ffff"}
    hits: list[SearchHit] = []
    until = perf_counter() + SEARCH_S
    connection.set_progress_handler(lambda: perf_counter() > until, _LOOK_AGAIN)
    try:
        for kind, sql in _BY_ID:
            hits += [
                SearchHit(f"{kind}:{name}", kind, label)
                for name, label in connection.execute(sql, parameters)
            ]
        for code, token, masked in connection.execute(IDENTIFIERS, parameters):
            kind = KINDS[code].value
            hits.append(SearchHit(f"{kind}:{token}", kind, masked or token))
    except StoreUnavailableError:
        if perf_counter() <= until:
            raise  # anything but the time that was up: then what was found by then is all
    finally:
        connection.set_progress_handler(None, 0)
    return tuple(
        sorted(hits, key=lambda hit: text not in (hit.label, hit.node.partition(":")[2]))[
            : parameters["limit"]
        ]
    )


_BY_ID = (("applicant", APPLICANTS), ("application", APPLICATIONS), ("ring", RINGS))
