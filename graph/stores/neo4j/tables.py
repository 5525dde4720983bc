"""Reads a whole view as columns; facts are insert-only and carry their revision, so all pages show one state
of the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from graph.facts.fraud_labels import by_person
from graph.facts.people_range import PeopleRange
from graph.facts.tables import KINDS, PLATFORM_TYPES, STATUSES, Column, Tables, as_column
from graph.stores.neo4j.cypher import tables as cypher_tables
from graph.stores.neo4j.people import read_people
from graph.stores.neo4j.ranges import SESSIONS, Rows, read_all

_STATUS_CODE = {status.value: code for code, status in enumerate(STATUSES)}
_TYPE_CODE = {kind.value: code for code, kind in enumerate(PLATFORM_TYPES)}
_KIND_CODE = {kind.value: code for code, kind in enumerate(KINDS)}


def read_tables(
    ask: Callable[..., Rows],
    as_of: int,
    within: PeopleRange | None = None,
    *,
    tokens: bool = False,
    sessions: int = SESSIONS,
) -> Tables:
    """All facts of the view behind `ask`, which is as of `as_of` microseconds, or those of a range of people,
    read by so many sessions at once; with the identifiers' `tokens` if they are asked for.
    """
    if within is None:
        read = read_all(ask, cypher_tables.READS, sessions)
    else:
        read = read_people(ask, within, sessions)
    rows, merchants, platforms = read["ties"], read["merchants"], read["platforms"]
    applications = sorted(read["applications"], key=lambda row: (row[2], row[0]))
    events = sorted(read["events"], key=lambda row: (row[2], row[0]))
    labels = read["labels of applications"] + read["labels of people"]
    labels.sort(key=lambda row: (row[2], row[0], row[1], row[3], row[4]))
    existing = [
        *(row[1] for row in applications),
        *(row[1] for row in events),
        *(row[4] for row in events),
        *(row[0] for row in rows),
    ]
    names = sorted({who for who in [*existing, *(row[1] for row in labels)] if who})
    people = _places(names)
    identifiers, node_place = _identifiers(read["identifiers"], {row[1] for row in rows}, tokens)
    merchant_ids = _ids(
        [row[0] for row in merchants], [row[7] for row in applications], [row[5] for row in events]
    )
    platform_ids = _ids([row[0] for row in platforms], [row[3] for row in applications])
    agent_ids = _ids([row[8] for row in applications])
    places = (people, _places(merchant_ids), _places(platform_ids), _places(agent_ids))
    columns = _application_columns(applications, places)
    application_place = _places([row[0] for row in applications])
    return Tables(
        as_of=as_of,
        applicant_ids=as_column(names, object),
        platform_ids=as_column(platform_ids, object),
        merchant_ids=as_column(merchant_ids, object),
        agent_ids=as_column(agent_ids, object),
        identifiers=identifiers,
        ties=_tie_columns(rows, people, node_place),
        applications=columns,
        outcomes=_outcome_columns(read["outcomes"], application_place),
        labels=_label_columns(labels, people, (application_place, columns["applicant"])),
        events=_event_columns(events, places),
        platforms=_platform_columns(platforms, platform_ids),
        merchants=_merchant_columns(merchants, merchant_ids),
        devices=_device_columns(read["devices"], node_place),
    )


def _identifiers(found: Rows, used: set[str], tokens: bool) -> tuple[dict[str, Column], dict[str, int]]:
    """The identifiers that have a tie, by kind and token, and node -> position."""
    rows = [
        (_KIND_CODE[kind], node[len(kind) + 1 :], linking, node)
        for node, kind, _, linking in found
        if node in used
    ]
    rows.sort()
    columns = {
        "kind": as_column([r[0] for r in rows], np.int8),
        "linking": as_column([bool(r[2]) for r in rows], np.bool_),
    }
    if tokens:
        columns["token"] = as_column([r[1] for r in rows], object)
    return columns, _places([r[3] for r in rows])


def _places(ids: Sequence[str]) -> dict[str, int]:
    return {i: n for n, i in enumerate(ids)}


def _ids(*sources: Iterable[str | None]) -> list[str]:
    """Every id that is named anywhere, sorted."""
    return sorted({i for source in sources for i in source if i is not None})


def _tie_columns(rows: Rows, people: dict[str, int], nodes: dict[str, int]) -> dict[str, Column]:
    ties = {
        "applicant": as_column([people[r[0]] for r in rows], np.int32),
        "identifier": as_column([nodes[r[1]] for r in rows], np.int32),
        "role": as_column([r[2] for r in rows], np.int8),
        "since": as_column([r[3] for r in rows], np.int64),
        "last": as_column([r[4] for r in rows], np.int64),
    }
    order = np.lexsort((ties["role"], ties["identifier"], ties["applicant"], ties["since"]))
    return {name: column[order] for name, column in ties.items()}


def _application_columns(rows: Rows, places: tuple[dict[str, int], ...]) -> dict[str, Column]:
    people, merchants, platforms, agents = places
    numbers = {
        "amount": 5,
        "term_months": 6,
        "face_match": 10,
        "liveness": 11,
        "phone_three_element": 12,
        "birth_year": 13,
        "new_citizen": 15,
    }
    return {
        "application_id": as_column([r[0] for r in rows], object),
        "applicant": as_column([people[r[1]] for r in rows], np.int32),
        "at": as_column([r[2] for r in rows], np.int64),
        "platform": as_column([platforms[r[3]] for r in rows], np.int32),
        "merchant": as_column([merchants.get(r[7]) for r in rows], np.int32),
        "agent": as_column([agents.get(r[8]) for r in rows], np.int32),
        **{name: as_column([r[n] for r in rows], np.float64) for name, n in numbers.items()},
        **{
            name: as_column([r[n] for r in rows], object)
            for name, n in {"product": 4, "channel": 9, "city": 14}.items()
        },
    }


def _event_columns(rows: Rows, places: tuple[dict[str, int], ...]) -> dict[str, Column]:
    people, merchants = places[:2]
    return {
        "applicant": as_column([people[r[1]] for r in rows], np.int32),
        "kind": as_column([r[3] for r in rows], object),
        "at": as_column([r[2] for r in rows], np.int64),
        "counterparty": as_column([people.get(r[4]) for r in rows], np.int32),
        "merchant": as_column([merchants.get(r[5]) for r in rows], np.int32),
        "amount": as_column([r[6] for r in rows], np.float64),
    }


def _outcome_columns(rows: Rows, place: dict[str, int]) -> dict[str, Column]:
    """Outcomes by time; one of an application that the view does not know yet is left out."""
    kept = sorted((r for r in rows if r[0] in place), key=lambda r: (r[2], r[0], r[1]))
    return {
        "application": as_column([place[r[0]] for r in kept], np.int32),
        "status": as_column([_STATUS_CODE[r[1]] for r in kept], np.int8),
        "at": as_column([r[2] for r in kept], np.int64),
        "amount": as_column([r[3] for r in kept], np.float64),
    }


def _label_columns(
    rows: Rows, people: dict[str, int], of: tuple[dict[str, int], Column]
) -> dict[str, Column]:
    """Labels by time; one of an application that the view does not know yet is left out."""
    place, applicant_of = of
    kept = [r for r in rows if not r[0] or r[0] in place]
    persons = {source: by_person(source) for source in {r[3] for r in kept}}
    applications = [place.get(r[0]) for r in kept]
    applicants = [
        people[r[1]] if a is None else int(applicant_of[a]) for r, a in zip(kept, applications, strict=True)
    ]
    return {
        "applicant": as_column(applicants, np.int32),
        "application": as_column(applications, np.int32),
        "fraud": as_column([r[4] == "fraud" for r in kept], np.bool_),
        "known_at": as_column([r[2] for r in kept], np.int64),
        "by_person": as_column([persons[r[3]] for r in kept], np.bool_),
    }


def _platform_columns(rows: Rows, ids: list[str]) -> dict[str, Column]:
    existing = {r[0]: (_TYPE_CODE[r[1]], bool(r[2])) for r in rows}
    unknown = (_TYPE_CODE["other"], False)
    return {
        "type": as_column([existing.get(i, unknown)[0] for i in ids], np.int8),
        "is_own": as_column([existing.get(i, unknown)[1] for i in ids], np.bool_),
    }


def _merchant_columns(rows: Rows, ids: list[str]) -> dict[str, Column]:
    existing = {r[0]: r for r in rows}
    values = [existing.get(i, (i, None, None, None)) for i in ids]
    return {
        "category": as_column([r[1] for r in values], object),
        "city": as_column([r[2] for r in values], object),
        "opened_at": as_column([r[3] for r in values], np.int64),
    }


def _device_columns(rows: Rows, place: dict[str, int]) -> dict[str, Column]:
    kept = sorted((r for r in rows if r[0] in place), key=lambda r: place[r[0]])
    return {
        "identifier": as_column([place[r[0]] for r in kept], np.int32),
        "os": as_column([r[1] for r in kept], object),
        "model": as_column([r[2] for r in kept], object),
        "is_emulator": as_column([r[3] for r in kept], np.float64),
        "is_rooted": as_column([r[4] for r in kept], np.float64),
    }
