"""Whole groups of applicants with all that lies inside them: what their measures are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from graph.facts.tables import Column, Tables
from graph.rings.applicants.everybody import Rows
from graph.rings.links.projection import ApplicantLinks
from graph.rings.sharing.incidence import Incidence

AT_ONCE = 500_000  # people who are looked at at once: some 500 MB
ASKED = ("platform", "agent", "merchant")


@dataclass(frozen=True)
class WholeGroups:
    """Some groups of three people or more, `people` (N,) positions in ascending order, with their ids `names`
    (N,) and each with the number of their `group` (N,).

    Everything else names people by their places among these: the `links` between two of one group, what they
    hold (`sharing`), the `events` from one member of a group to another (applicant, counterparty, kind, at),
    what was `asked` for (applicant, ASKED), and the columns `given` (N,).
    """

    people: Column
    names: Column
    group: Column
    links: ApplicantLinks
    sharing: Incidence
    events: Mapping[str, Column]
    asked: Mapping[str, Column]
    given: Mapping[str, Column]


def whole_groups(
    facts: tuple[Tables, Incidence, ApplicantLinks], inside: Rows, given: Rows
) -> Iterator[WholeGroups]:
    """The groups of `inside`, of three or more, those of some AT_ONCE people after the other: `who` is in
    which `group` of what `size`, and columns (N,); and with columns `given` (A,) of everybody.
    """
    first = np.unique(inside["group"], return_index=True)[1]
    size = inside["size"][first].astype(np.int64)
    batch = (np.cumsum(size) // AT_ONCE)[np.unique(inside["group"], return_inverse=True)[1]]
    for number in range(int(batch.max(initial=-1)) + 1):
        some = {name: column[batch == number] for name, column in inside.items()}
        if len(some["who"]):
            yield _inside(facts, some, given)


def _inside(facts: tuple[Tables, Incidence, ApplicantLinks], some: Rows, given: Rows) -> WholeGroups:
    people, group = some["who"], np.full(len(facts[0].applicant_ids), -1, np.int32)
    group[people] = some["group"]
    tables, sharing, links = facts
    place = np.full(len(group), -1, np.int32)
    place[people] = np.arange(len(people))
    ends = place[links.a], place[links.b]
    links = links.of((ends[0] >= 0) & (ends[1] >= 0) & (group[links.a] == group[links.b]))
    sharing = sharing.of(people)
    to = tables.events["counterparty"]
    sent = np.flatnonzero((to >= 0) & (place[tables.events["applicant"]] >= 0))
    sent = sent[group[to[sent]] == group[tables.events["applicant"][sent]]]
    asked = np.flatnonzero(place[tables.applications["applicant"]] >= 0)
    return WholeGroups(
        people,
        tables.applicant_ids[people],
        group[people],
        replace(links, a=place[links.a], b=place[links.b]),
        replace(sharing, who=place[sharing.who]),
        {
            **{name: tables.events[name][sent] for name in ("kind", "at")},
            **{end: place[tables.events[end][sent]] for end in ("applicant", "counterparty")},
        },
        {
            "applicant": place[tables.applications["applicant"][asked]],
            **{name: tables.applications[name][asked] for name in ASKED},
        },
        {**some, **{name: column[people] for name, column in given.items()}},
    )
