"""What an SqliteView asks of SQLite: every statement filters by moment (`as_of`) and revision (`mark`)."""

from __future__ import annotations

from graph.facts.hubs import COUNT_CAP
from graph.stores.sqlite.codec import APPLICATION_COLUMNS, EVENT_COLUMNS

_MINE = "(SELECT key FROM applicant WHERE applicant_id = :who)"
_VISIBLE = "at < :as_of AND mark <= :mark"
_TIE_VISIBLE = "t.since < :as_of AND t.mark <= :mark AND t.superseded > :mark"
_LAST = """(SELECT max(m.at) FROM mention m WHERE m.applicant = t.applicant AND m.identifier = t.identifier
            AND m.role = t.role
            AND m.at < :as_of AND m.mark <= :mark)"""

APPLICATION = f"SELECT {APPLICATION_COLUMNS} FROM application WHERE application_id = :id AND {_VISIBLE}"
APPLICATIONS = (
    f"SELECT {APPLICATION_COLUMNS} FROM application WHERE at >= :since "
    f"AND {_VISIBLE} ORDER BY at, application_id"
)
APPLICATIONS_AT = (
    f"SELECT key FROM application WHERE {{column}} = :place AND {_VISIBLE} ORDER BY at DESC, application_id "
    "LIMIT :limit"
)
EVENTS_OF = (
    f"SELECT {EVENT_COLUMNS} FROM event WHERE applicant = {_MINE} AND {_VISIBLE} ORDER BY at DESC, event_id "
    "LIMIT :limit"
)
DEALINGS_OF = f"""
    SELECT * FROM (SELECT {EVENT_COLUMNS} FROM event
        WHERE applicant = {_MINE} AND counterparty IS NOT NULL AND {_VISIBLE}
                   ORDER BY at DESC, event_id LIMIT :limit)
    UNION
    SELECT * FROM (SELECT {EVENT_COLUMNS} FROM event WHERE counterparty = {_MINE} AND {_VISIBLE}
        ORDER BY at DESC, event_id LIMIT :limit)
    ORDER BY 3 DESC, 1 LIMIT :limit"""
DEALERS = """SELECT j.value FROM json_each(:asked) j CROSS JOIN applicant p ON p.applicant_id = j.value
    WHERE EXISTS (SELECT 1 FROM event WHERE applicant = p.key AND counterparty IS NOT NULL)
       OR EXISTS (SELECT 1 FROM event WHERE counterparty = p.key)"""

# Reads of many subjects at once. `CROSS JOIN` makes SQLite walk the short list and look each one up, never
# scan the table. What one subject may answer is bounded: a read of the list stops where somebody must have
# too many rows (thousands); `_MANY` finds them, and each is read by itself.
_EACH = "json_each(:asked) j CROSS JOIN applicant p ON p.applicant_id = j.value CROSS JOIN"
APPLICATIONS_OF_EACH = (
    f"SELECT a.key, j.value FROM {_EACH} application a ON a.applicant = p.key WHERE {_VISIBLE} LIMIT :most"
)
TIES_OF_EACH = (
    f"SELECT t.identifier, t.role, t.since, {_LAST}, j.value FROM {_EACH} tie t ON t.applicant = p.key "
    f"WHERE {_TIE_VISIBLE} LIMIT :most"
)
TIES_OF_KIND = f"""
    SELECT t.identifier, t.role, t.since, {_LAST} FROM tie t JOIN identifier i ON i.key = t.identifier
    WHERE t.applicant = {_MINE} AND t.kind = :kind AND {_TIE_VISIBLE}
        ORDER BY t.since DESC, i.token, t.role LIMIT :limit"""
HOLDER_COUNTS = f"""
    SELECT j.value, (SELECT count(*) FROM (SELECT 1 FROM tie t
        WHERE t.identifier = j.value AND {_TIE_VISIBLE} LIMIT {COUNT_CAP}))
    FROM json_each(:asked) j"""
HOLDERS = f"""
    SELECT t.identifier, p.applicant_id, t.role, t.since, {_LAST} FROM json_each(:asked) j
        CROSS JOIN tie t ON t.identifier = j.value
    CROSS JOIN applicant p ON p.key = t.applicant WHERE {_TIE_VISIBLE}
        ORDER BY t.since DESC, p.applicant_id, t.role"""
LATEST_HOLDERS = f"""
    SELECT t.identifier, p.applicant_id, t.role, t.since, {_LAST} FROM tie t
        CROSS JOIN applicant p ON p.key = t.applicant
    WHERE t.identifier = :key AND {_TIE_VISIBLE} ORDER BY t.since DESC, p.applicant_id, t.role LIMIT :limit"""
_MANY = """SELECT j.value FROM json_each(:asked) j WHERE (SELECT count(*) FROM (SELECT 1 FROM {table}
    WHERE applicant =
    (SELECT key FROM applicant WHERE applicant_id = j.value) LIMIT :limit + 1)) > :limit"""
MANY_TIES, MANY_APPLICATIONS = _MANY.format(table="tie"), _MANY.format(table="application")
APPLICATIONS_OF = (
    f"SELECT key FROM application WHERE applicant = {_MINE} AND {_VISIBLE} ORDER BY at DESC, application_id "
    "LIMIT :limit"
)
DEVICES = """SELECT d.identifier, d.os, d.model, d.is_emulator, d.is_rooted FROM json_each(:asked) j
             CROSS JOIN device d ON d.identifier = j.value
             WHERE d.mark <= :mark"""
# who comes so many places after the first one beyond `after`: from the index alone
PERSON_AT = (
    "SELECT applicant_id FROM applicant WHERE applicant_id > :after ORDER BY applicant_id "
    "LIMIT 1 OFFSET :place"
)
MERCHANTS = (
    "SELECT merchant_id, category, city, opened_at FROM json_each(:ids) j JOIN merchant "
    "ON merchant_id = j.value WHERE mark <= :mark"
)
