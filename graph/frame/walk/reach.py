"""The walk from a subject over shared identifiers: `graph.store.walk` in compiled code over the frame, step
by step the same.
"""

from __future__ import annotations

import numpy as np

from graph.facts.decisive import DEALINGS
from graph.facts.hubs import COUNT_CAP, GUARD, MANY_HOLDERS, NOT_LINKING
from graph.facts.tables import KINDS, Column
from graph.frame.columns.insert import KIND_RANK
from graph.frame.columns.layout import Arrays, Int
from graph.frame.columns.lists import (
    BY_EVENT,
    BY_HOLDER,
    BY_NODE,
    before,
    count_recorded,
    counterparty_of,
    last_mention,
    latest_of,
    mark_at,
    recorded,
    row_at,
)
from graph.frame.columns.order import sort_by_text
from graph.frame.neighbourhood import OTHER, UNDATED, Neighbourhood
from graph.frame.walk.admission import admit_within, clear, join, link_of, met, seat, tie_to
from graph.frame.walk.query import BEYOND, IN_FRAME, SubjectQuery
from graph.frame.walk.scratch import (
    APPLICANTS,
    BUCKETS,
    DEALS,
    HOLDERS,
    HUBS,
    IDENTIFIERS,
    LACKS,
    PEOPLE,
    STEPS,
    TIES,
    TRUNCATED,
    Scratch,
)
from graph.kernels.compiled import lean
from graph.store.walk import AT_ONCE

GUARDS = np.array([GUARD[kind] for kind in KINDS])
_CAP = np.int64(COUNT_CAP)
assert (max(GUARD.values()) + 1) * 16 <= BUCKETS


@lean
def reach(arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood) -> None:
    """People, identifiers and what joins them; LACKS says where an array has too little room."""
    clear(work, out)
    seat(work, out, q.about[0].person if q.about[0].person >= 0 else BEYOND, np.int64(0))
    begin, end = np.int64(0), np.int64(1)
    for step in range(1, STEPS + 1):
        fresh = work.state[IDENTIFIERS]
        for person in range(begin, end):
            if out.people[person].id < IN_FRAME:
                _ties_of(arrays, q, work, out, person)
        if step == 1:
            _mentioned(q, work, out)
        if work.state[LACKS]:
            return
        reached = work.state[PEOPLE]
        _holders(arrays, q, work, out, fresh, step)
        for person in range(begin, end):
            if out.people[person].id < IN_FRAME:
                _counterparties(arrays, q, work, out, person, step)
        begin, end = reached, work.state[PEOPLE]


@lean
def latest_held(arrays: Arrays, q: SubjectQuery, identifier: Int, rows: Column, limit: Int) -> Int:
    """How many of the latest ties of an identifier of the frame, at most `limit`, now stand in `rows`, newest
    first.
    """
    return latest_of(
        arrays,
        BY_HOLDER,
        arrays.identifiers[identifier].ties,
        (q.about[0].as_of, q.about[0].mark),
        rows,
        limit,
    )


@lean
def _ties_of(arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood, person: Int) -> None:
    """A person's ties; of one with more than TIES, the latest so many of each kind."""
    held = arrays.people[out.people[person].id].ties
    count = latest_of(arrays, BY_NODE, held, (q.about[0].as_of, q.about[0].mark), work.rows, TIES + 1)
    if count > TIES:
        count = _latest_of_each_kind(arrays, q, work, np.int64(held.start), np.int64(held.count))
        if count > TIES:
            work.state[TRUNCATED] = 1
    for k in range(count):
        row = np.int64(work.rows[k])
        tie = arrays.ties[row]
        number = met(
            work,
            out,
            np.int64(tie.identifier),
            np.int64(tie.kind),
            np.int64(arrays.identifiers[tie.identifier].linking),
        )
        if number >= 0:
            tie_to(work, out, person, number, np.int64(tie.role), np.int64(tie.since), _last(arrays, q, row))


@lean
def _latest_of_each_kind(arrays: Arrays, q: SubjectQuery, work: Scratch, start: Int, count: Int) -> Int:
    counts, total, n = work.buckets, np.int64(0), before(arrays, BY_NODE, start, count, q.about[0].as_of) - 1
    for kind in range(len(GUARDS)):
        counts[kind] = 0
    while n >= 0:
        row = row_at(arrays, start, count, n)
        if recorded(arrays.ties, row, mark_at(arrays, BY_NODE, start, count, n), q.about[0].mark):
            kind = arrays.ties[row].kind
            counts[kind] += 1
            if counts[kind] <= TIES:
                work.rows[total] = row
                total += 1
        n -= 1
    return total


@lean
def _mentioned(q: SubjectQuery, work: Scratch, out: Neighbourhood) -> None:
    """What only the application in question says is tied since no moment that anything tells."""
    for m in range(q.about[0].mentions):
        mention = q.mentions[m]
        number = met(work, out, np.int64(mention.id), np.int64(mention.kind), np.int64(mention.linking))
        if number >= 0 and link_of(work, number, np.int64(0)) < 0:
            join(work, out, np.int64(0), number, np.int64(mention.role), UNDATED, UNDATED)


@lean
def _holders(
    arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood, fresh: Int, step: Int
) -> None:
    """Follow the identifiers that are new, the rarest first; whether there are people enough is asked once in
    so many.
    """
    state, buckets, done = work.state, work.buckets, 0
    followed = _by_holders(arrays, q, work, out, fresh)
    for bucket in range(BUCKETS):
        begin, end = done, buckets[bucket]
        if begin < end and end - begin > 1:
            _sort(arrays, work, out, begin, end)
        for n in range(begin, end):
            if n % AT_ONCE == 0 and state[PEOPLE] >= APPLICANTS:
                state[TRUNCATED] = 1
                return
            _follow(arrays, q, work, out, np.int64(work.followed[n]), step)
        done = end
        if done == followed:
            return


@lean
def _by_holders(arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood, fresh: Int) -> Int:
    """Count the holders of new identifiers. How many lead further: in `followed` by holders and kind;
    `buckets` has where each sort ends.
    """
    buckets, count, upto = work.buckets, np.int64(0), work.state[IDENTIFIERS]
    for bucket in range(len(buckets)):
        buckets[bucket] = 0
    for n in range(fresh, upto):
        one = out.identifiers[n]
        if one.id < IN_FRAME:
            one.holders = count_recorded(
                arrays, BY_HOLDER, arrays.identifiers[one.id].ties, q.about[0].as_of, q.about[0].mark, _CAP
            )
        one.hub = NOT_LINKING if not one.linking else MANY_HOLDERS if one.holders > GUARDS[one.kind] else 0
        if one.hub != 0:
            work.state[HUBS] += 1
        elif one.holders > work.things[n].dated:
            buckets[_bucket(out, n) + 1] += 1
            count += 1
    for bucket in range(1, len(buckets)):
        buckets[bucket] += buckets[bucket - 1]
        if buckets[bucket] == count:  # beyond it is nobody
            break
    for n in range(fresh, upto):
        if out.identifiers[n].hub == 0 and out.identifiers[n].holders > work.things[n].dated:
            bucket = _bucket(out, n)
            work.followed[buckets[bucket]] = n
            buckets[bucket] += 1
    return count


@lean
def _bucket(out: Neighbourhood, identifier: Int) -> Int:
    return np.int64(out.identifiers[identifier].holders) * 16 + np.int64(
        KIND_RANK[out.identifiers[identifier].kind]
    )


@lean
def _sort(arrays: Arrays, work: Scratch, out: Neighbourhood, begin: Int, end: Int) -> None:
    """Those of as many holders and one kind stand by their token."""
    for n in range(begin, end):
        row = work.followed[n]
        work.names[row] = arrays.identifiers[out.identifiers[row].id].token
    sort_by_text(arrays.texts, work.names, work.keys, work.followed[begin:end], work.spare, end - begin)


@lean
def _follow(
    arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood, identifier: Int, step: Int
) -> None:
    one = out.identifiers[identifier]
    count = latest_held(arrays, q, np.int64(one.id), work.rows, np.int64(HOLDERS))
    if one.holders > count:
        work.state[TRUNCATED] = 1
    for k in range(count):
        row = np.int64(work.rows[k])
        tie = arrays.ties[row]
        person = admit_within(work, out, np.int64(tie.person), step)
        if person >= 0:
            tie_to(
                work, out, person, identifier, np.int64(tie.role), np.int64(tie.since), _last(arrays, q, row)
            )


@lean
def _counterparties(
    arrays: Arrays, q: SubjectQuery, work: Scratch, out: Neighbourhood, person: Int, step: Int
) -> None:
    """Whom somebody dealt with: transfers and referrals, on either side."""
    me = np.int64(out.people[person].id)
    dealt = arrays.people[me].dealings
    for k in range(
        latest_of(arrays, BY_EVENT, dealt, (q.about[0].as_of, q.about[0].mark), work.rows, np.int64(DEALINGS))
    ):
        event = arrays.events[work.rows[k]]
        other = (
            counterparty_of(arrays, np.int64(work.rows[k]))
            if event.applicant == me
            else np.int64(event.applicant)
        )
        if other != me:
            there = admit_within(work, out, other, step)
            if there >= 0:
                _deal(work, person, there, event_kind(event.kind), np.int64(event.at))


@lean
def event_kind(word: Int) -> Int:
    """The first words are the kinds of events that mean something."""
    return np.int64(min(word, OTHER))


@lean
def _deal(work: Scratch, one: Int, other: Int, kind: Int, at: Int) -> None:
    a, b = min(one, other), max(one, other)
    place = work.dealt[a, b]
    if place != 0:
        deal = work.deals[place - 1]
        deal.since, deal.last = min(deal.since, at), max(deal.last, at)
        return
    number, chain = work.state[DEALS], work.partners[a]
    deal = work.deals[number]
    deal.since, deal.last, deal.other, deal.kind, deal.next = at, at, b, kind, -1
    if chain.first < 0:
        chain.first = number
    else:
        work.deals[chain.last].next = number
    chain.last = number
    work.dealt[a, b] = number + 1
    work.state[DEALS] = number + 1


@lean
def _last(arrays: Arrays, q: SubjectQuery, tie: Int) -> Int:
    return last_mention(arrays, tie, q.about[0].as_of, q.about[0].mark)
