"""Applications beyond the walk's bounds under the subject's keys: `graph.store.keys` in compiled code, over
the frame.
"""

from __future__ import annotations

import numpy as np

from graph.facts.hubs import GUARD
from graph.facts.tables import KINDS, ROLES
from graph.frame.columns.layout import Arrays, Int
from graph.frame.columns.order import sort_by_text
from graph.frame.neighbourhood import Neighbourhood
from graph.frame.walk.admission import find_identifier, find_person, link_of
from graph.frame.walk.past import add_application, newest
from graph.frame.walk.query import SubjectQuery
from graph.frame.walk.reach import latest_held
from graph.frame.walk.scratch import IDENTIFIERS, INSIDE, LACKS, Scratch
from graph.kernels.compiled import lean
from graph.model.types import Role
from graph.store.keys import KEY_KINDS

OWN = ROLES.index(Role.OWN)
_IS_KEY = np.array([kind in KEY_KINDS for kind in KINDS])
_HOLDERS = max(GUARD.values())  # of a key, who are asked what they applied for


@lean
def mark_keys(q: SubjectQuery, work: Scratch, out: Neighbourhood) -> None:
    """Mark the subject's keys that more people hold than the walk met."""
    if q.about[0].asked:
        for m in range(q.about[0].mentions):
            mention = q.mentions[m]
            if mention.role == OWN:
                _mark(work, out, find_identifier(work, out, np.int64(mention.id)))
        return
    for n in range(work.state[IDENTIFIERS]):
        link = link_of(work, n, 0)
        if link >= 0 and work.links[link].role == OWN:
            _mark(work, out, n)


@lean
def _mark(work: Scratch, out: Neighbourhood, identifier: Int) -> None:
    one = out.identifiers[identifier]
    work.things[identifier].cut = (
        _IS_KEY[one.kind] and one.hub == 0 and one.holders > work.things[identifier].dated
    )


@lean
def add_beyond_bounds(arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood) -> None:
    """The applications by people who are not in the subgraph that name a marked key as their own, by id."""
    people, count = _holders(arrays, q, work, out), 0
    for n in range(people):
        for k in range(newest(arrays, q, arrays.people[work.followed[n]].applications, work.rows)):
            row = work.rows[k]
            if _names_key(arrays, work, out, np.int64(row)):
                if count == len(work.collected):
                    work.state[LACKS] = 1
                    return
                work.collected[count], work.names[count], work.order[count] = (
                    row,
                    arrays.applications[row].id,
                    count,
                )
                count += 1
    sort_by_text(arrays.texts, work.names, work.keys, work.order, work.spare, count)
    for n in range(count):
        row = np.int64(work.collected[work.order[n]])
        add_application(
            arrays, q, work, out, row, find_person(work, out, np.int64(arrays.applications[row].applicant))
        )


@lean
def _holders(arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood) -> Int:
    """How many people who are not in the subgraph hold a marked key as their own; they stand in
    `followed`.
    """
    people = np.int64(0)
    for n in range(work.state[IDENTIFIERS]):
        if not work.things[n].cut:
            continue
        for k in range(
            latest_held(arrays, q, np.int64(out.identifiers[n].id), work.rows, np.int64(_HOLDERS))
        ):
            tie = arrays.ties[work.rows[k]]
            if tie.role != OWN or 0 <= find_person(work, out, np.int64(tie.person)) < work.state[INSIDE]:
                continue
            known = False
            for other in range(people):
                known |= work.followed[other] == tie.person
            if not known and people == len(work.followed):
                work.state[LACKS] = 1
            elif not known:
                work.followed[people] = tie.person
                people += 1
    return people


@lean
def _names_key(arrays: Arrays, work: Scratch, out: Neighbourhood, application: Int) -> bool:
    loan = arrays.applications[application]
    for n in range(loan.mention, loan.mention + loan.mentions):
        packed = np.int64(arrays.mentions[n])
        if packed & 3 == OWN:
            identifier = find_identifier(work, out, packed >> 2)
            if identifier >= 0 and work.things[identifier].cut:
                return True
    return False
