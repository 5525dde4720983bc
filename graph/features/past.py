"""Application histories of the subject and the people around, and strong ties among them, in compiled
code.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graph.facts.fraud_labels import compiled_fraud_status
from graph.facts.loans import DECIDED_BITS, DEFAULTED_BITS, LATE_BITS, REJECTED_BITS, status_bits
from graph.facts.tables import KINDS, Column
from graph.facts.ties import STRONG_KINDS
from graph.features.workspace import EMPLOYER, MONTH, Precomputed
from graph.frame.neighbourhood import NOBODY, UNDATED, Neighbourhood
from graph.kernels.compiled import inner, lean

ALIKE = 0.05  # by how much of the amount asked for a look-alike's may differ
_STRONG_KIND = np.array([kind in STRONG_KINDS for kind in KINDS])


@inner
def pasts(n: Neighbourhood, r: Precomputed) -> None:
    """What everybody else in the subgraph asked for, what became of it, and what is known of them; nothing of
    the subject.
    """
    r.whole[0].mark = 0
    for p in range(n.subject[0].people):
        person, past = n.people[p], r.people[p]
        past.mark, past.counted = 0, 0
        past.first, past.latest, past.face_match, past.city = UNDATED, UNDATED, np.nan, NOBODY
        past.rejected = past.decided = past.lenders = past.alike = 0
        past.came_too = past.late = past.defaulted = past.bad = past.good = 0
        if not past.me:
            if person.applications:
                past.latest = n.applications[person.application].at
                past.first = n.applications[person.application + person.applications - 1].at
                _summarise((n.subject, n.applications, n.outcomes), person, past)
            verdict = compiled_fraud_status(n.labels, person.label, person.labels)
            past.bad, past.good = verdict.fraud, verdict.good


@lean
def _summarise(of: tuple[Column, Column, Column], person: Any, past: Any) -> None:
    """Their applications, added up, and what became of them."""
    whole, applications, outcomes = of
    subject, in_question, seen = whole[0], applications[0], 0
    amount = in_question.amount if subject.asked and in_question.amount != 0.0 else np.nan
    for row in range(person.application, person.application + person.applications):
        application = applications[row]
        fate = status_bits(outcomes, application.outcome, application.outcomes)
        past.rejected += fate & REJECTED_BITS != 0
        past.decided += fate & DECIDED_BITS != 0
        seen |= fate
        if past.city == NOBODY:
            past.city = application.city
        if np.isnan(past.face_match):
            past.face_match = application.face_match
        if subject.asked:
            past.came_too |= in_question.merchant != NOBODY and application.merchant == in_question.merchant
            past.came_too |= in_question.agent != NOBODY and application.agent == in_question.agent
        if subject.as_of - application.at <= MONTH:
            past.alike += (
                application.product == in_question.product
                and abs(application.amount - amount) <= amount * ALIKE
            )
            before = person.application
            while applications[before].platform != application.platform:
                before += 1
            past.lenders += before == row
    past.late, past.defaulted = seen & LATE_BITS != 0, seen & DEFAULTED_BITS != 0


@lean
def own(n: Neighbourhood, r: Precomputed) -> None:
    """The person's own earlier applications, newest first, of one moment by applicant id; and the ring they
    belong to.
    """
    whole = r.whole[0]
    whole.own, whole.ring, rank = 0, NOBODY, n.subject[0].people + n.subject[0].outsiders
    for p in range(n.subject[0].people):
        if not r.people[p].me:
            continue
        person = n.people[p]
        for row in range(person.application, person.application + person.applications):
            place = whole.own
            while place > 0 and _is_after(n.people, n.applications[row], n.applications[r.own[place - 1]]):
                r.own[place] = r.own[place - 1]
                place -= 1
            r.own[place] = row
            whole.own += 1
        if person.ring >= 0 and (p == 0 or person.name_rank < rank):
            whole.ring, rank = person.ring, -1 if p == 0 else person.name_rank


@lean
def _is_after(people: Column, one: Any, other: Any) -> bool:
    """Whether an application comes before another one where the newest is first; of one person they come so
    already.
    """
    if one.at != other.at or one.person == other.person:
        return bool(one.at > other.at)
    return bool(people[one.person].name_rank < people[other.person].name_rank)


@lean
def tie_strongly(n: Neighbourhood, r: Precomputed) -> None:
    """Who is tied to whom by something strong, and who can so be reached from the subject."""
    people = n.subject[0].people
    for p in range(people):
        for q in range(people):
            r.tied[p, q] = 0
    for row in range(n.subject[0].identifiers):
        one = n.identifiers[row]
        if one.ties < 2 or one.hub != 0 or r.shop[row] or not _STRONG_KIND[one.kind]:
            continue
        for i in range(one.tie, one.tie + one.ties):
            if n.ties[i].role == EMPLOYER:
                continue
            a = 0 if r.people[n.ties[i].person].me else n.ties[i].person
            for j in range(i + 1, one.tie + one.ties):
                if n.ties[j].role != EMPLOYER:
                    b = 0 if r.people[n.ties[j].person].me else n.ties[j].person
                    r.tied[a, b] = r.tied[b, a] = 1
    for p in range(people):
        r.tied[p, p] = 0
    _group(n, r)


@lean
def _group(n: Neighbourhood, r: Precomputed) -> None:
    people, front, reached = n.subject[0].people, r.joined[0], 1
    for p in range(people):
        r.people[p].grouped = p == 0
    front[0] = 0
    done = 0
    while done < reached:
        for p in range(people):
            if r.tied[front[done], p] and not r.people[p].grouped:
                r.people[p].grouped = 1
                front[reached] = p
                reached += 1
        done += 1
    r.people[0].grouped = 0
    r.whole[0].group = reached - 1
