"""Erases people in Neo4j: surrogates in the place of names, in every node and the journal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from graph.journal.entry import decode
from graph.journal.parts import head_of
from graph.journal.renaming import names_in, renamed_mentions
from graph.model.erasure import Erasure
from graph.stores.neo4j import codec
from graph.stores.neo4j.cypher import erase as cypher_erase
from graph.stores.neo4j.cypher import write as cypher_write
from graph.stores.neo4j.database import Ask
from graph.stores.neo4j.journal import ENTRY, tail

_AT_ONCE = 2_000  # rows a statement


def erase(ask: Ask, erasure: Erasure) -> bool:
    """`GraphStore.erase`, in one transaction: `ask` runs a statement of it."""
    r, texts = erasure.renaming, erasure.renaming.texts
    [[upto, edition]] = ask(cypher_erase.STATE)
    if edition != erasure.before:
        return False
    if any(names_in(decode(body), texts) for _, body in tail(ask, erasure.upto, upto)):
        return False
    ask(cypher_erase.DRAFTS)  # whoever is saving one begins again
    _mentions(ask, erasure)
    _run(ask, cypher_erase.PEOPLE, r.people.items())
    _run(ask, cypher_erase.APPLICATIONS, r.applications.items())
    _run(ask, cypher_erase.EVENTS, r.events.items())
    things = ((node, thing.node, thing.masked) for node, thing in r.identifiers.items())
    _run(ask, cypher_erase.IDENTIFIERS, things)
    ask(cypher_erase.SNAPSHOTS, edition=erasure.edition)
    _journal(ask, erasure)
    _run(ask, cypher_erase.REFUSED, erasure.refused.items())
    ask(cypher_erase.EDITION, edition=erasure.edition)
    return True


def _journal(ask: Ask, erasure: Erasure) -> None:
    for (revision, number), body in erasure.entries.items():
        if number == 0:
            ask(cypher_erase.ENTRIES, entries=[[revision, body]])
            continue
        [[head]] = ask(ENTRY, revision=revision)
        ask(cypher_erase.PARTS, parts=[[head_of(decode(bytes(head)).head).key, number, body]])


def _run(ask: Ask, statement: str, rows: Iterable[Iterable[object]]) -> None:
    listed = [list(row) for row in rows]
    for first in range(0, len(listed), _AT_ONCE):
        ask(statement, rows=listed[first : first + _AT_ONCE])


def _each(ask: Ask, statement: str, **names: list[str]) -> Iterator[list[Any]]:
    """The rows that a statement has for these names, so many at a time."""
    [(parameter, all_names)] = names.items()
    for first in range(0, len(all_names), _AT_ONCE):
        yield from ask(statement, **{parameter: all_names[first : first + _AT_ONCE]})


def _mentions(ask: Ask, erasure: Erasure) -> None:
    """The mentions of what is renamed, in words; the facts still have their old ids."""
    nodes = [*erasure.renaming.identifiers]
    people = sorted(
        {*erasure.renaming.people, *(who for [who] in _each(ask, cypher_erase.HOLDERS, nodes=nodes))}
    )
    for statement, correct in (
        (cypher_erase.MENTIONS["APPLIED"], cypher_write.CORRECT["applications"]),
        (cypher_erase.MENTIONS["DID"], cypher_write.CORRECT["events"]),
    ):
        rows = []
        for name, text in _each(ask, statement, people=people):
            before = codec.unpack_mentions(text)
            after = renamed_mentions(before, erasure.renaming)
            if after != before:
                shown = {m.identifier.node: m.identifier for m in after}
                rows.append([name, codec.packer(shown)(after)])
        _run(ask, correct, rows)
