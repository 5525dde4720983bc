"""The applicant's own conduct: loans, money moved, changes and labels of the resolved person, summed once for
all signals that use them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graph.facts.fraud_labels import compiled_fraud_status
from graph.facts.hubs import NOT_LINKING
from graph.facts.loans import CLOSED_BITS, DISBURSED, LATE_BITS, first_step, payout, status_bits
from graph.facts.local_time import night
from graph.features.sums import exact_add, exact_total
from graph.features.workspace import BANK_CARD, DAY, DEVICE, MONTH, NATIONAL_ID, OWN, PHONE, Precomputed
from graph.frame.neighbourhood import EVENT_KINDS, UNDATED, Neighbourhood
from graph.kernels.compiled import inner, lean

TRANSFER, WITHDRAWAL, REPAYMENT, PAYMENT, PROFILE_CHANGE, REFERRAL = range(len(EVENT_KINDS))


@inner
def summarise_conduct(n: Neighbourhood, r: Precomputed) -> None:
    """Fill `r.conduct`."""
    one = r.conduct[0]
    one.first_heard = UNDATED
    _loans(n, r, one)
    _verdicts(n, r, one)
    _events(n, one)
    _identifiers(n, r, one)
    one.payers = _payers(n)
    one.collected = _collected(n, r)


@lean
def _first_seen(one: Any, at: int) -> None:
    if one.first_heard == UNDATED or at < one.first_heard:
        one.first_heard = at


@lean
def _loans(n: Neighbourhood, r: Precomputed, one: Any) -> None:
    t = n.subject[0].as_of
    one.highest, one.moved_on = np.nan, np.nan
    one.week = one.quarter = one.late = one.closed = 0
    one.nights = n.subject[0].asked and night(n.applications[0].at, n.zone)
    for place in range(r.whole[0].own):
        application = n.applications[r.own[place]]
        fate = status_bits(n.outcomes, application.outcome, application.outcomes)
        _first_seen(one, application.at)
        one.week += t - application.at <= 7 * DAY
        one.quarter += t - application.at <= 97 * DAY
        one.nights += night(application.at, n.zone)
        one.late += fate & LATE_BITS != 0
        one.closed += fate & CLOSED_BITS != 0
        # NaN is *not known*, and what the first is held against
        if application.amount != 0.0 and not application.amount <= one.highest:
            one.highest = one.highest if np.isnan(application.amount) else application.amount
        if fate & 1 << DISBURSED:
            share = _moved_on(n, r, r.own[place])
            one.moved_on = one.moved_on if share <= one.moved_on or np.isnan(share) else share


@lean
def _moved_on(n: Neighbourhood, r: Precomputed, row: int) -> float:
    """The share of one payout that was transferred or withdrawn within 3 days of it; NaN where no amount is
    known.
    """
    application = n.applications[row]
    at, amount = (
        first_step(n.outcomes, application.outcome, application.outcomes, DISBURSED),
        payout(n.outcomes, application.outcome, application.outcomes, application.amount),
    )
    if np.isnan(amount) or amount == 0.0:
        return np.nan
    used = 0
    for place in range(n.subject[0].received):
        event = n.events[place]
        is_out = event.kind == TRANSFER or event.kind == WITHDRAWAL
        if is_out and at <= event.at < at + 3 * DAY and not np.isnan(event.amount):
            used = exact_add(r.parts, used, event.amount)
    return min(1.0, exact_total(r.parts, used) / amount)


@inner
def _verdicts(n: Neighbourhood, r: Precomputed, one: Any) -> None:
    one.judged = one.matters = 0
    for person in range(n.subject[0].people):
        if r.people[person].me and n.people[person].labels:
            one.judged = 1
            one.matters += compiled_fraud_status(
                n.labels, n.people[person].label, n.people[person].labels
            ).fraud_count


@lean
def _events(n: Neighbourhood, one: Any) -> None:
    one.month = one.payments = one.changes = 0
    for place in range(n.subject[0].received):
        event = n.events[place]
        recent = n.subject[0].as_of - event.at <= MONTH
        _first_seen(one, event.at)
        one.month += recent
        one.payments += event.kind == REPAYMENT or event.kind == PAYMENT
        one.changes += recent and event.kind == PROFILE_CHANGE


@lean
def _identifiers(n: Neighbourhood, r: Precomputed, one: Any) -> None:
    """Changes of what the person uses, and what is wrong with it; `_events` comes before."""
    one.tampered = one.unverified = -1
    phones = devices = cards = new_phones = new_devices = new_cards = 0
    for h in range(r.whole[0].held):
        held = r.held[h]
        if held.since != UNDATED:
            _first_seen(one, held.since)
        new = held.since == UNDATED or n.subject[0].as_of - held.since <= MONTH
        if held.kind == PHONE and held.role == OWN:
            phones, new_phones = phones + 1, new_phones + new
        elif held.kind == BANK_CARD:
            cards, new_cards = cards + 1, new_cards + new
        elif held.kind == DEVICE:
            devices, new_devices = devices + 1, new_devices + new
            one.tampered = max(
                one.tampered, n.identifiers[held.identifier].emulator, n.identifiers[held.identifier].rooted
            )
        elif held.kind == NATIONAL_ID:
            one.unverified = max(one.unverified, held.hub == NOT_LINKING)
    one.changes += (
        max(min(new_phones, phones - 1), 0)
        + max(min(new_devices, devices - 1), 0)
        + max(min(new_cards, cards - 1), 0)
    )


@lean
def _payers(n: Neighbourhood) -> int:
    """Other applicants who sent the subject money."""
    payers, subject = 0, n.subject[0]
    for place in range(subject.received, subject.events):
        new = n.events[place].kind == TRANSFER
        for before in range(subject.received, place):
            new = new and not (
                n.events[before].kind == TRANSFER and n.events[before].other == n.events[place].other
            )
        payers += new
    return payers


@lean
def _collected(n: Neighbourhood, r: Precomputed) -> int:
    """Most other applicants with whom somebody paid by the subject exchanges money or referrals; -1 where
    nobody in the subgraph is paid.
    """
    most = -1
    for person in range(n.subject[0].people):
        paid = False
        for place in range(n.subject[0].received):
            paid = paid or (n.events[place].kind == TRANSFER and n.events[place].other == n.people[person].id)
        if paid and not r.people[person].me:
            others = 0
            for place in range(n.subject[0].dealings):
                a, b = n.dealings[place].a, n.dealings[place].b
                others += (a == person and not r.people[b].me) or (b == person and not r.people[a].me)
            most = max(most, others)
    return most
