"""Reads the rows of a range of people, and what these name."""

from __future__ import annotations

from collections.abc import Iterator

from graph.facts.people_range import PeopleRange
from graph.stores.neo4j.cypher import people as cypher_people
from graph.stores.neo4j.cypher import tables as cypher_tables
from graph.stores.neo4j.ranges import (
    PAGE,
    RANGE,
    Ask,
    KeyRange,
    Rows,
    gathered,
    plain_before,
    plain_behind,
    ranges,
    read_all,
)

_OWNER = {"ties": 0, "events": 1, "applications": 1, "labels of people": 1}  # whose a row is: its column
_PLACES = ("merchants", "platforms")


def people_ranges(ask: Ask, size: int) -> Iterator[PeopleRange]:
    """`GraphView.people_ranges`."""
    return (PeopleRange(*bounds) for bounds in ranges(ask, cypher_tables.OF_APPLICANTS, size))


def read_people(ask: Ask, within: PeopleRange, sessions: int) -> dict[str, Rows]:
    """What `read_all` gives, of a range of people. One that begins or ends at a sign that the server has in
    two orders is read with more than is in it.
    """
    after, last = plain_before(within.after), plain_behind(within.last)
    parts = (
        KeyRange(name, pages, *bounds)
        for bounds in ranges(ask, cypher_tables.OF_APPLICANTS, RANGE, after, last)
        for name, pages in cypher_people.READS.items()
    )
    read = gathered(ask, parts, cypher_people.READS, sessions)
    if (after, last) != (within.after, within.last):
        for name, owner in _OWNER.items():
            read[name] = [row for row in read[name] if within.holds(row[owner])]
    nodes = [row[1] for row in read["ties"]]
    read["identifiers"] = _named(ask, cypher_people.IDENTIFIERS, nodes)
    read["devices"] = _named(ask, cypher_people.DEVICES, nodes)
    if within.is_first:
        return read | read_all(ask, {name: cypher_tables.READS[name] for name in _PLACES}, sessions)
    shops = [row[7] for row in read["applications"]] + [row[5] for row in read["events"]]
    read["merchants"] = _named(ask, cypher_people.MERCHANTS, shops)
    read["platforms"] = _named(ask, cypher_people.PLATFORMS, [row[3] for row in read["applications"]])
    return read


def _named(ask: Ask, statement: str, ids: list[str | None]) -> Rows:
    """The rows of those keys."""
    named = sorted({i for i in ids if i is not None})
    rows = Rows()
    for start in range(0, len(named), PAGE):
        [[found]] = ask(statement, ids=named[start : start + PAGE])
        rows += found
    return rows
