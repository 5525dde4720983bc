"""SQL that reads labels and outcomes: all of them, or above the limits the decisive ones
(`graph.facts.decisive`).
"""

from __future__ import annotations

from operator import itemgetter

WHEN_IT_CAME = itemgetter(2, 1)
LABEL_KNOWN_AT = itemgetter(2, 0, 1, 3, 4)
"""The orders in which a store gives outcomes and labels, by the columns below."""

_VISIBLE = "at < :as_of AND mark <= :mark"
_KNOWN = "l.known_at < :as_of AND l.mark <= :mark"
_LABELS = "l.application_id, l.applicant_id, l.known_at, l.source, l.label, l.detail"
_OF_LOANS = (
    "CROSS JOIN application a ON a.applicant = p.key CROSS JOIN label l "
    "ON l.application_id = a.application_id"
)

# Of each of a list; both stop where somebody must have too many, and the next two say who. Columns end with
# who was asked for.
OUTCOMES_OF_EACH = f"""
    SELECT application_id, status, at, amount, j.value FROM json_each(:asked) j
        CROSS JOIN outcome ON application_id = j.value
    WHERE {_VISIBLE} LIMIT :most"""
LABELS_OF_EACH = f"""
    SELECT {_LABELS}, j.value FROM json_each(:asked) j CROSS JOIN label l ON l.applicant_id = j.value
        WHERE l.applicant_id <> '' AND {_KNOWN}
    UNION ALL
    SELECT {_LABELS}, j.value FROM json_each(:asked) j
        CROSS JOIN applicant p ON p.applicant_id = j.value {_OF_LOANS}
    WHERE a.at < :as_of AND a.mark <= :mark AND {_KNOWN} LIMIT :most"""
MANY_OUTCOMES = """SELECT j.value FROM json_each(:asked) j
    WHERE (SELECT count(*) FROM (SELECT 1 FROM outcome
        WHERE application_id = j.value LIMIT :limit + 1)) > :limit"""
MANY_LABELS = f"""SELECT j.value FROM json_each(:asked) j WHERE (SELECT count(*) FROM (
    SELECT 1 FROM label l WHERE l.applicant_id = j.value AND l.applicant_id <> ''
    UNION ALL SELECT 1 FROM applicant p {_OF_LOANS}
        WHERE p.applicant_id = j.value LIMIT :limit + 1)) > :limit"""

# Of one who has too many: everything by the primary keys, which are in the order of time, so that nothing is
# sorted.
FIRST_OUTCOMES = f"""
    SELECT application_id, status, min(at), amount FROM outcome
        WHERE application_id = :id AND {_VISIBLE} GROUP BY status
    UNION
    SELECT * FROM (SELECT application_id, status, at, amount FROM outcome
        WHERE application_id = :id AND status = 'disbursed' AND {_VISIBLE}
        ORDER BY at LIMIT :parts)"""
_OF_MATTER = f"l.application_id = m.application_id AND l.applicant_id = m.applicant_id AND {_KNOWN}"
_LAST = (
    f"(SELECT l.known_at FROM label l WHERE {_OF_MATTER} AND l.label = '{{}}' ORDER BY l.known_at DESC "
    "LIMIT 1)"
)
_HELD_FROM = f"""(SELECT l.known_at FROM label l
    WHERE {_OF_MATTER} AND l.label = 'fraud' AND l.known_at > coalesce(m.good_at, -{2**62})
    ORDER BY l.known_at LIMIT 1)"""
DECIDING_MOMENTS = f"""
    WITH about AS (
        SELECT '' AS application_id, :who AS applicant_id
        UNION ALL SELECT a.application_id, '' FROM applicant p CROSS JOIN application a ON a.applicant = p.key
        WHERE p.applicant_id = :who AND a.at < :as_of AND a.mark <= :mark),
    ended AS (SELECT *, {_LAST.format("fraud")} AS fraud_at, {_LAST.format("good")} AS good_at FROM about m),
    ranked AS (
        SELECT * FROM ended m WHERE fraud_at IS NOT NULL OR good_at IS NOT NULL
        ORDER BY application_id <> '', coalesce(fraud_at < good_at, fraud_at IS NULL),
            max(coalesce(fraud_at, good_at), coalesce(good_at, fraud_at)) DESC, application_id LIMIT :matters)
    SELECT application_id, applicant_id, 'fraud', fraud_at FROM ranked WHERE fraud_at IS NOT NULL
    UNION SELECT application_id, applicant_id, 'good', good_at FROM ranked WHERE good_at IS NOT NULL
    UNION SELECT application_id, applicant_id, 'fraud', {_HELD_FROM} FROM ranked m
        WHERE fraud_at IS NOT NULL"""
LABELS_AT = f"""SELECT {_LABELS} FROM label l
    WHERE l.application_id = :application_id AND l.applicant_id = :applicant_id AND l.label = :label
    AND l.known_at = :at AND l.mark <= :mark ORDER BY l.source LIMIT :sources"""
