"""Which application and applicant ids are unknown to the embedded store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection

from graph.store.port import UnknownIds

# Short lists, each id looked up by its index; the first application or event ends the look.
APPLICATIONS = (
    "SELECT j.value FROM json_each(?) j WHERE NOT EXISTS (SELECT 1 FROM application "
    "WHERE application_id = j.value)"
)
PEOPLE = """SELECT j.value FROM json_each(?) j WHERE NOT EXISTS (SELECT 1 FROM applicant p
    CROSS JOIN {known_by} f ON f.applicant = p.key
    WHERE p.applicant_id = j.value)"""


def unknown_ids(
    connection: sqlite3.Connection, application_ids: Collection[str], applicant_ids: Collection[str]
) -> UnknownIds:
    """`GraphStore.strangers`."""
    loans = (
        connection.execute(APPLICATIONS, (json.dumps(sorted(application_ids)),)) if application_ids else ()
    )
    known_by = (
        "application"
        if connection.execute("SELECT EXISTS (SELECT 1 FROM application)").fetchone()[0]
        else "event"
    )
    people = (
        connection.execute(PEOPLE.format(known_by=known_by), (json.dumps(sorted(applicant_ids)),))
        if applicant_ids
        else ()
    )
    return UnknownIds(frozenset(row[0] for row in loans), frozenset(row[0] for row in people))
