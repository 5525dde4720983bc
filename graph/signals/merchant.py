"""Signals of where the loan is taken: the pace at a merchant or through an agent, and what the customers there share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from graph.facts.loans import DECIDED, DEFAULTED
from graph.facts.verdicts import standing
from graph.model import Application, OutcomeStatus, Role
from graph.model import IdentifierKind as Kind
from graph.signals.paths import to_agent, to_merchant
from graph.signals.reading import DAY, MONTH, Reading
from graph.signals.registry import Family

MERCHANT = Family(path=to_merchant)
PERSONAL = frozenset({(Kind.BANK_CARD, Role.OWN), (Kind.PHONE, Role.CONTACT), (Kind.PHONE, Role.OWN), (Kind.EMAIL, Role.OWN)})
SAME_AMOUNT = 0.02  # by how much of the amount asked for another's may differ


def _there(r: Reading) -> Sequence[Application] | None:
    """The latest applications of other people at the merchant; None where this one names none."""
    return _by_others(r, r.evidence.at_merchant) if r.asked and r.asked.merchant_id else None


def _by_agent(r: Reading) -> Sequence[Application] | None:
    return _by_others(r, r.evidence.at_agent) if r.asked and r.asked.agent_id else None


def _by_others(r: Reading, made: Iterable[Application]) -> list[Application]:
    mine = frozenset(r.entity.applicants)
    return [a for a in made if a.applicant_id not in mine]


def _fate(made: Application, r: Reading) -> frozenset[OutcomeStatus]:
    return frozenset(o.status for o in r.evidence.outcomes.get(made.application_id, ()))


def _count(made: Sequence[Application] | None, r: Reading, span: timedelta) -> float | None:
    return None if made is None else float(sum(r.within(a.applied_at, span) for a in made))


def _burst(made: Sequence[Application] | None, r: Reading) -> float | None:
    """The last 3 days against the place's own rate before, per day and smoothed; None with fewer than 3 applications before."""
    if made is None:
        return None
    recent = sum(r.within(a.applied_at, 3 * DAY) for a in made)
    before = made[recent:]
    if len(before) < 3:
        return None
    span = (r.t - 3 * DAY - before[-1].applied_at) / DAY
    return ((recent + 0.5) / 3) / ((len(before) + 0.5) / max(span, 1.0))


def _entangled(made: Sequence[Application] | None, r: Reading) -> float | None:
    """Share of the customers of 30 days who name a card, number, contact or e-mail that another customer names; None with fewer than 3."""
    if made is None:
        return None
    named: dict[str, set[str]] = {}
    people = set()
    for a in made:
        if r.within(a.applied_at, MONTH):
            people.add(a.applicant_id)
            for mention in a.mentions:
                if (mention.identifier.kind, mention.role) in PERSONAL and mention.identifier.linking:
                    named.setdefault(mention.identifier.node, set()).add(a.applicant_id)
    if len(people) < 3:
        return None
    return len({one for holders in named.values() if len(holders) > 1 for one in holders}) / len(people)


def _bad_share(made: Sequence[Application] | None, r: Reading) -> float | None:
    """Customers of whom a fraud is known or who defaulted, among all, drawn towards one in twenty: (bad + 0.5) / (customers + 10)."""
    if not made:
        return None
    bad = {a.applicant_id for a in made if standing(r.evidence.labels.get(a.applicant_id, ())).fraud}
    bad |= {a.applicant_id for a in made if not DEFAULTED.isdisjoint(_fate(a, r))}
    return (len(bad) + 0.5) / (len({a.applicant_id for a in made}) + 10)


def _rejected_share(made: Sequence[Application] | None, r: Reading) -> float | None:
    """Rejections among the decided applications; None with fewer than 3 decided."""
    decided = [fate for a in made or () if not DECIDED.isdisjoint(fate := _fate(a, r))]
    return sum(OutcomeStatus.REJECTED in fate for fate in decided) / len(decided) if len(decided) > 2 else None


@MERCHANT.signal("merchant", "up", "share", ("{value} of the merchant's customers proved bad", "该商户{value}的客户有欺诈或违约"))
def merchant_bad_share(r: Reading) -> float | None:
    """Known frauds and defaults among the merchant's latest customers, drawn towards one in twenty."""
    return _bad_share(_there(r), r)


@MERCHANT.signal("merchant", "up", "share", ("{value} of the agent's customers proved bad", "该中介{value}的客户有欺诈或违约"), to_agent)
def agent_bad_share(r: Reading) -> float | None:
    """Known frauds and defaults among the agent's latest customers, drawn towards one in twenty."""
    return _bad_share(_by_agent(r), r)


@MERCHANT.signal("merchant", "either", "share", ("{value} of the merchant's applications were rejected", "该商户{value}的申请被拒"))
def merchant_rejected_share(r: Reading) -> float | None:
    """Rejections among the merchant's latest decided applications."""
    return _rejected_share(_there(r), r)


@MERCHANT.signal("merchant", "either", "share", ("{value} of the agent's applications were rejected", "该中介{value}的申请被拒"), to_agent)
def agent_rejected_share(r: Reading) -> float | None:
    """Rejections among the agent's latest decided applications."""
    return _rejected_share(_by_agent(r), r)


@MERCHANT.signal("merchant", "either", "count", ("{value} applications at this merchant in 7 days", "该商户7天内有{value}笔申请"))
def merchant_applications_7d(r: Reading) -> float | None:
    """Other people's applications at the merchant in the last 7 days (of the latest 64)."""
    return _count(_there(r), r, 7 * DAY)


@MERCHANT.signal("merchant", "either", "ratio", ("The merchant's pace rose to {value} times its usual", "该商户申请频率升至平时的{value}倍"))
def merchant_burst(r: Reading) -> float | None:
    """The merchant's applications in 3 days against its own rate before; None for a merchant with no past."""
    return _burst(_there(r), r)


@MERCHANT.signal("merchant", "up", "share", ("{value} of the merchant's customers share personal identifiers", "该商户{value}的客户共享个人标识"))
def merchant_entangled_share(r: Reading) -> float | None:
    """Share of the merchant's customers of 30 days who share a card, number, contact or e-mail; a shop's tablet or Wi-Fi does not count."""
    return _entangled(_there(r), r)


@MERCHANT.signal(
    "merchant", "up", "share", ("{value} of the merchant's applications ask for nearly the same amount", "该商户{value}的申请金额几乎相同")
)
def merchant_same_amount_share(r: Reading) -> float | None:
    """Share of the merchant's applications of 30 days within 2 % of this one's amount; None with fewer than 3."""
    made = _there(r)
    if made is None or r.asked is None or not r.asked.amount:
        return None
    recent = [a for a in made if a.amount and r.within(a.applied_at, MONTH)]
    near = r.asked.amount * SAME_AMOUNT
    return sum(abs((a.amount or 0) - r.asked.amount) <= near for a in recent) / len(recent) if len(recent) > 2 else None


@MERCHANT.signal("merchant", "either", "days", ("The merchant opened {value} days ago", "该商户开业{value}天"))
def merchant_age_days(r: Reading) -> float | None:
    """Days since the merchant opened; None where that is not known."""
    merchant = r.evidence.merchants.get(r.asked.merchant_id) if r.asked and r.asked.merchant_id else None
    return max(0.0, (r.t - merchant.opened_at) / DAY) if merchant and merchant.opened_at else None


@MERCHANT.signal("merchant", "up", "yes", ("The merchant is in another city", "商户位于其他城市"))
def merchant_elsewhere(r: Reading) -> float | None:
    """1 where the merchant is in another city than the applicant, 0 in the same; None where either is not known."""
    merchant = r.evidence.merchants.get(r.asked.merchant_id) if r.asked and r.asked.merchant_id else None
    return float(merchant.city != r.asked.city) if merchant and merchant.city and r.asked and r.asked.city else None


@MERCHANT.signal("merchant", "up", "count", ("{value} applications through this agent in 7 days", "该中介7天内提交{value}笔申请"), to_agent)
def agent_applications_7d(r: Reading) -> float | None:
    """Other people's applications through the agent in the last 7 days (of the latest 64)."""
    return _count(_by_agent(r), r, 7 * DAY)


@MERCHANT.signal(
    "merchant", "up", "share", ("{value} of the agent's customers share personal identifiers", "该中介{value}的客户共享个人标识"), to_agent
)
def agent_entangled_share(r: Reading) -> float | None:
    """Share of the agent's customers of 30 days who share a card, number, contact or e-mail."""
    return _entangled(_by_agent(r), r)
