"""Cypher that reads the facts of a range of people: pages of people with what is theirs, and what that names
by its key (NodeUniqueIndexSeek).
"""

from __future__ import annotations

from graph.stores.neo4j.cypher.parts import (
    APPLICATION,
    DEVICE,
    EVENT,
    IDENTIFIER,
    LABEL,
    MERCHANT,
    OUTCOME,
    PLATFORM,
    columns,
    visible,
)
from graph.stores.neo4j.cypher.tables import KNOWN, LABELS_OF_PEOPLE, TIES, pages


def _of_people(path: str, fact: str, of: tuple[str, ...], seen: str) -> str:
    found = f"MATCH (f){path} WHERE {seen} RETURN collect({columns(fact, of)}) AS rows"
    return pages("Applicant", "applicant_id", found)


APPLICATIONS = _of_people("-[:APPLIED]->(a:Application)", "a", APPLICATION[:-2], visible("a"))
EVENTS = _of_people("-[:DID]->(e:Event)", "e", EVENT[:-2], visible("e"))
OUTCOMES = _of_people("-[:APPLIED]->(:Application)-[:CAME_TO]->(o:Outcome)", "o", OUTCOME, visible("o"))
LABELS = _of_people("-[:APPLIED]->(:Application)<-[:ABOUT]-(l:Label)", "l", LABEL, KNOWN)

# What is read of people: by name, the pages.
READS = {
    "ties": TIES,
    "events": EVENTS,
    "applications": APPLICATIONS,
    "outcomes": OUTCOMES,
    "labels of applications": LABELS,
    "labels of people": LABELS_OF_PEOPLE,
}


def _named(label: str, key: str, of: tuple[str, ...], seen: str = "true") -> str:
    return (
        f"UNWIND $ids AS id MATCH (f:{label} {{{key}: id}}) WHERE {seen} "
        f"RETURN collect({columns('f', of)}) AS rows"
    )


IDENTIFIERS = _named("Identifier", "node", IDENTIFIER)
DEVICES = _named("Identifier", "node", DEVICE, "f.device_mark <= $mark")
MERCHANTS = _named("Merchant", "merchant_id", MERCHANT, "f.mark <= $mark")
PLATFORMS = _named("Platform", "platform_id", PLATFORM, "f.mark <= $mark")
