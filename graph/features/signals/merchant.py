"""Signals of the merchant and the agent: their latest customers, summed once for the signals of both."""

from __future__ import annotations

from typing import Any

import numpy as np

from graph.facts.fraud_labels import compiled_fraud_status
from graph.facts.loans import DECIDED_BITS, DEFAULTED_BITS, REJECTED_BITS, status_bits
from graph.facts.tables import KINDS, ROLES, Column
from graph.features.path_rules import TO_AGENT, TO_MERCHANT
from graph.features.registry import Family
from graph.features.workspace import DAY, MONTH, Precomputed
from graph.frame.neighbourhood import NOBODY, UNDATED, Neighbourhood
from graph.kernels.compiled import compiled, inner, lean
from graph.model.types import IdentifierKind as Kind
from graph.model.types import Role

MERCHANT = Family(path_rule=TO_MERCHANT)
PERSONAL = frozenset(
    {(Kind.BANK_CARD, Role.OWN), (Kind.PHONE, Role.CONTACT), (Kind.PHONE, Role.OWN), (Kind.EMAIL, Role.OWN)}
)
SAME_AMOUNT = 0.02  # by how much of the amount asked for another's may differ

SHOP, AGENT = range(2)  # places in `Precomputed.places`
_PERSONAL = np.array([[(kind, role) in PERSONAL for role in ROLES] for kind in KINDS])
_NEW, _RECENT, _BAD, _ENTANGLED = 1, 2, 4, 8  # what a customer is, as bits


@inner
def summarise_places(n: Neighbourhood, r: Precomputed) -> None:
    """Fill `r.places`: the shop and the agent that the application in question names."""
    subject = n.subject[0]
    for place in range(2):
        one = r.places[place]
        one.made = one.week = one.three_days = one.month = one.customers = one.bad = one.decided = (
            one.rejected
        ) = 0
        one.entangled = one.priced = one.alike = one.named = 0
        if subject.asked:
            one.named = (n.applications[0].merchant if place == SHOP else n.applications[0].agent) != NOBODY
        if one.named:
            first, size = (
                (subject.at_merchant, subject.at_merchant_n)
                if place == SHOP
                else (subject.at_agent, subject.at_agent_n)
            )
            _add_up(n, r, one, (first, first + size))


@inner
def _add_up(n: Neighbourhood, r: Precomputed, one: Any, rows: tuple[int, int]) -> None:
    t, amount = n.subject[0].as_of, n.applications[0].amount
    customers = np.zeros(n.subject[0].people + n.subject[0].outsiders, np.int8)
    for row in range(rows[0], rows[1]):
        application = n.applications[row]
        if _is_me(n, r, application.person):
            continue
        since, fate = t - application.at, status_bits(n.outcomes, application.outcome, application.outcomes)
        one.made += 1
        one.oldest = application.at
        one.week += since <= 7 * DAY
        one.three_days += since <= 3 * DAY
        one.decided += fate & DECIDED_BITS != 0
        one.rejected += fate & REJECTED_BITS != 0
        customers[application.person] |= _NEW | (_BAD if fate & DEFAULTED_BITS else 0)
        if since <= MONTH:
            customers[application.person] |= _RECENT
            if application.amount != 0.0 and not np.isnan(application.amount):
                one.priced += 1
                one.alike += abs(application.amount - amount) <= amount * SAME_AMOUNT
    _entangle(n, r, rows, customers)
    for person in range(len(customers)):
        values = customers[person]
        if values:
            one.customers += 1
            bad = (
                values & _BAD != 0
                or compiled_fraud_status(n.labels, n.people[person].label, n.people[person].labels).fraud
            )
            one.bad += bad
            one.month += values & _RECENT != 0
            one.entangled += values & _ENTANGLED != 0


@inner
def _entangle(n: Neighbourhood, r: Precomputed, rows: tuple[int, int], customers: Column) -> None:
    """Mark who in the last 30 days named a card, number, contact or e-mail that another customer named."""
    size = 16
    for row in range(rows[0], rows[1]):
        size += 2 * n.applications[row].mentions
    while size & (size - 1):
        size &= size - 1
    size *= 2
    names, by = np.empty(size, np.int32), np.full(size, NOBODY, np.int32)  # who named it first
    for row in range(rows[0], rows[1]):
        application = n.applications[row]
        if _is_me(n, r, application.person) or n.subject[0].as_of - application.at > MONTH:
            continue
        for m in range(application.mention, application.mention + application.mentions):
            mention = n.mentions[m]
            if mention.linking and _PERSONAL[mention.kind, mention.role]:
                place = (mention.id * 40_503) & (size - 1)
                while by[place] != NOBODY and names[place] != mention.id:
                    place = (place + 1) & (size - 1)
                if by[place] == NOBODY:
                    names[place], by[place] = mention.id, application.person
                elif by[place] != application.person:
                    customers[by[place]] |= _ENTANGLED
                    customers[application.person] |= _ENTANGLED


@lean
def _is_me(n: Neighbourhood, r: Precomputed, person: int) -> bool:
    return bool(person < n.subject[0].people and r.people[person].me)


@lean
def _bad_share(r: Precomputed, place: int) -> float:
    """Customers of whom a fraud is known or who defaulted, among all, drawn towards one in twenty: (bad +
    0.5) / (customers + 10).
    """
    one = r.places[place]
    return (one.bad + 0.5) / (one.customers + 10) if one.made else np.nan


@MERCHANT.signal(
    "merchant",
    "up",
    "share",
    ("{value} of the merchant's customers proved bad", "该商户{value}的客户有欺诈或违约"),
)
@lean
def merchant_bad_share(n: Neighbourhood, r: Precomputed) -> float:
    """Known frauds and defaults among the merchant's latest customers, drawn towards one in twenty."""
    return _bad_share(r, SHOP)


@MERCHANT.signal(
    "merchant",
    "up",
    "share",
    ("{value} of the agent's customers proved bad", "该中介{value}的客户有欺诈或违约"),
    TO_AGENT,
)
@lean
def agent_bad_share(n: Neighbourhood, r: Precomputed) -> float:
    """Known frauds and defaults among the agent's latest customers, drawn towards one in twenty."""
    return _bad_share(r, AGENT)


@lean
def _rejected_share(r: Precomputed, place: int) -> float:
    """Rejections among the decided applications; NaN with fewer than 3 decided."""
    one = r.places[place]
    return one.rejected / one.decided if one.decided > 2 else np.nan


@MERCHANT.signal(
    "merchant",
    "either",
    "share",
    ("{value} of the merchant's applications were rejected", "该商户{value}的申请被拒"),
)
@lean
def merchant_rejected_share(n: Neighbourhood, r: Precomputed) -> float:
    """Rejections among the merchant's latest decided applications."""
    return _rejected_share(r, SHOP)


@MERCHANT.signal(
    "merchant",
    "either",
    "share",
    ("{value} of the agent's applications were rejected", "该中介{value}的申请被拒"),
    TO_AGENT,
)
@lean
def agent_rejected_share(n: Neighbourhood, r: Precomputed) -> float:
    """Rejections among the agent's latest decided applications."""
    return _rejected_share(r, AGENT)


@lean
def _week(r: Precomputed, place: int) -> float:
    return float(r.places[place].week) if r.places[place].named else np.nan


@MERCHANT.signal(
    "merchant",
    "either",
    "count",
    ("{value} [application|applications] at this merchant in 7 days", "该商户7天内有{value}笔申请"),
)
@lean
def merchant_applications_7d(n: Neighbourhood, r: Precomputed) -> float:
    """Other people's applications at the merchant in the last 7 days (of the latest 64)."""
    return _week(r, SHOP)


@MERCHANT.signal(
    "merchant",
    "either",
    "ratio",
    ("The merchant's pace rose to {value} times its usual", "该商户申请频率升至平时的{value}倍"),
)
@lean
def merchant_burst(n: Neighbourhood, r: Precomputed) -> float:
    """The merchant's applications in 3 days against its own rate before; None for a merchant with no past."""
    shop = r.places[SHOP]
    before = shop.made - shop.three_days
    if before < 3:
        return np.nan
    span = (n.subject[0].as_of - 3 * DAY - shop.oldest) / DAY
    return float(((shop.three_days + 0.5) / 3) / ((before + 0.5) / max(span, 1.0)))


@lean
def _entangled_share(r: Precomputed, place: int) -> float:
    """Share of the customers of 30 days who name a card, number, contact or e-mail that another customer
    names; NaN with fewer than 3.
    """
    one = r.places[place]
    return one.entangled / one.month if one.month > 2 else np.nan


@MERCHANT.signal(
    "merchant",
    "up",
    "share",
    ("{value} of the merchant's customers share personal identifiers", "该商户{value}的客户共享个人标识"),
)
@lean
def merchant_entangled_share(n: Neighbourhood, r: Precomputed) -> float:
    """Share of the merchant's customers of 30 days who share a card, number, contact or e-mail; a shop's
    tablet or Wi-Fi does not count.
    """
    return _entangled_share(r, SHOP)


@MERCHANT.signal(
    "merchant",
    "up",
    "share",
    (
        "{value} of the merchant's applications ask for nearly the same amount",
        "该商户{value}的申请金额几乎相同",
    ),
)
@lean
def merchant_same_amount_share(n: Neighbourhood, r: Precomputed) -> float:
    """Share of the merchant's applications of 30 days within 2 % of this one's amount; None with fewer than
    3.
    """
    shop = r.places[SHOP]
    if shop.priced <= 2:  # of nobody's shop either: there may be no application at all
        return np.nan
    amount = n.applications[0].amount
    return shop.alike / shop.priced if amount != 0.0 and not np.isnan(amount) else np.nan


@MERCHANT.signal(
    "merchant", "either", "days", ("The merchant opened {value} [day|days] ago", "该商户开业{value}天")
)
@lean
def merchant_age_days(n: Neighbourhood, r: Precomputed) -> float:
    """Days since the merchant opened; None where that is not known."""
    opened = n.subject[0].merchant_opened_at
    return (
        max(0.0, (n.subject[0].as_of - opened) / DAY)
        if r.places[SHOP].named and opened != UNDATED
        else np.nan
    )


@MERCHANT.signal("merchant", "up", "yes", ("The merchant is in another city", "商户位于其他城市"))
@lean
def merchant_elsewhere(n: Neighbourhood, r: Precomputed) -> float:
    """1 where the merchant is in another city than the applicant, 0 in the same; None where either is not
    known.
    """
    if not r.places[SHOP].named or n.subject[0].merchant_city == NOBODY or n.applications[0].city == NOBODY:
        return np.nan
    return 1.0 if n.subject[0].merchant_city != n.applications[0].city else 0.0


@MERCHANT.signal(
    "merchant",
    "up",
    "count",
    ("{value} [application|applications] through this agent in 7 days", "该中介7天内提交{value}笔申请"),
    TO_AGENT,
)
@lean
def agent_applications_7d(n: Neighbourhood, r: Precomputed) -> float:
    """Other people's applications through the agent in the last 7 days (of the latest 64)."""
    return _week(r, AGENT)


@MERCHANT.signal(
    "merchant",
    "up",
    "share",
    ("{value} of the agent's customers share personal identifiers", "该中介{value}的客户共享个人标识"),
    TO_AGENT,
)
@lean
def agent_entangled_share(n: Neighbourhood, r: Precomputed) -> float:
    """Share of the agent's customers of 30 days who share a card, number, contact or e-mail."""
    return _entangled_share(r, AGENT)


@compiled
def fill(n: Neighbourhood, r: Precomputed, into: Column) -> None:
    """All of MERCHANT for one subject, into float64 (len(MERCHANT),)."""
    summarise_places(n, r)
    into[0] = merchant_bad_share(n, r)
    into[1] = agent_bad_share(n, r)
    into[2] = merchant_rejected_share(n, r)
    into[3] = agent_rejected_share(n, r)
    into[4] = merchant_applications_7d(n, r)
    into[5] = merchant_burst(n, r)
    into[6] = merchant_entangled_share(n, r)
    into[7] = merchant_same_amount_share(n, r)
    into[8] = merchant_age_days(n, r)
    into[9] = merchant_elsewhere(n, r)
    into[10] = agent_applications_7d(n, r)
    into[11] = agent_entangled_share(n, r)
