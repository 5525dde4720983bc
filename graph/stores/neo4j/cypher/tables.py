"""Cypher that reads a whole view for the weekly batch: ranges of a unique key, page by page, each page one
record of columns.
"""

from __future__ import annotations

import re

from graph.stores.neo4j.cypher.parts import (
    APPLICATION,
    DEVICE,
    EVENT,
    IDENTIFIER,
    LABEL,
    MERCHANT,
    OUTCOME,
    PLATFORM,
    TIE,
    TIE_LAST,
    TIE_ROLE,
    TIE_SINCE,
    TIE_VISIBLE,
    columns,
    visible,
)


def pages(label: str, key: str, result: str) -> str:
    """NodeUniqueIndexSeekByRange on the key, which gives its order too; `$after` is the key of the page
    before's last.
    """
    return f"""MATCH (f:{label}) WHERE f.{key} > $after WITH f ORDER BY f.{key} LIMIT $page
        WITH collect(f) AS page CALL (page) {{ UNWIND page AS f {result} }}
            RETURN page[-1].{key}, size(page), rows"""


def bounded(pages: str) -> str:
    """The same up to `$end`, a range's last key."""
    return re.sub(r"(f\.\w+) > \$after", r"\1 > $after AND \1 <= $end", pages, count=1)


def ends(label: str, key: str) -> str:
    """The key that is `$place` places beyond the first after `$after`; from the index alone."""
    return f"""MATCH (f:{label}) WHERE f.{key} > $after
        WITH f.{key} AS key ORDER BY key SKIP $place LIMIT 1 RETURN key"""


TIES = pages(
    "Applicant",
    "applicant_id",
    (
        f"MATCH (f)-[t:{TIE}]->(i:Identifier) WHERE {TIE_VISIBLE} "
        f"RETURN collect([f.applicant_id, i.node, {TIE_ROLE}, {TIE_SINCE}, {TIE_LAST}]) AS rows"
    ),
)
IDENTIFIERS = pages("Identifier", "node", f"RETURN collect({columns('f', IDENTIFIER)}) AS rows")
DEVICES = pages(
    "Identifier",
    "node",
    f"WITH f WHERE f.device_mark <= $mark RETURN collect({columns('f', DEVICE)}) AS rows",
)
APPLICATIONS = pages(
    "Application",
    "application_id",
    f"WITH f WHERE {visible('f')} RETURN collect({columns('f', APPLICATION[:-2])}) AS rows",
)
EVENTS = pages(
    "Event", "event_id", f"WITH f WHERE {visible('f')} RETURN collect({columns('f', EVENT[:-2])}) AS rows"
)
OUTCOMES = pages(
    "Application",
    "application_id",
    f"MATCH (f)-[:CAME_TO]->(o:Outcome) WHERE {visible('o')} RETURN collect({columns('o', OUTCOME)}) AS rows",
)
KNOWN = "l.known_at < $as_of AND l.mark <= $mark"
LABELS_OF_APPLICATIONS = pages(
    "Application",
    "application_id",
    f"MATCH (f)<-[:ABOUT]-(l:Label) WHERE {KNOWN} RETURN collect({columns('l', LABEL)}) AS rows",
)
LABELS_OF_PEOPLE = pages(
    "Applicant",
    "applicant_id",
    f"MATCH (f)<-[:ABOUT]-(l:Label) WHERE {KNOWN} RETURN collect({columns('l', LABEL)}) AS rows",
)
MERCHANTS = pages(
    "Merchant",
    "merchant_id",
    f"WITH f WHERE f.mark <= $mark RETURN collect({columns('f', MERCHANT)}) AS rows",
)
PLATFORMS = pages(
    "Platform",
    "platform_id",
    f"WITH f WHERE f.mark <= $mark RETURN collect({columns('f', PLATFORM)}) AS rows",
)

OF_APPLICANTS = ends("Applicant", "applicant_id")
OF_APPLICATIONS = ends("Application", "application_id")
OF_EVENTS = ends("Event", "event_id")
OF_IDENTIFIERS = ends("Identifier", "node")
OF_MERCHANTS = ends("Merchant", "merchant_id")
OF_PLATFORMS = ends("Platform", "platform_id")

# What is read: by name, the pages and what tells where their ranges end.
READS = {
    "ties": (TIES, OF_APPLICANTS),
    "events": (EVENTS, OF_EVENTS),
    "applications": (APPLICATIONS, OF_APPLICATIONS),
    "identifiers": (IDENTIFIERS, OF_IDENTIFIERS),
    "outcomes": (OUTCOMES, OF_APPLICATIONS),
    "labels of applications": (LABELS_OF_APPLICATIONS, OF_APPLICATIONS),
    "labels of people": (LABELS_OF_PEOPLE, OF_APPLICANTS),
    "devices": (DEVICES, OF_IDENTIFIERS),
    "merchants": (MERCHANTS, OF_MERCHANTS),
    "platforms": (PLATFORMS, OF_PLATFORMS),
}
