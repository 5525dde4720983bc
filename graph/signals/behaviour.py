"""Signals of the applicant's own conduct: pace, haste, money moved on, and how well the identity was verified."""

from __future__ import annotations

from datetime import timedelta
from math import fsum

from graph.facts.loans import LATE, first_told, paid_out
from graph.facts.local_time import at_night
from graph.facts.verdicts import standing
from graph.model import IdentifierKind as Kind
from graph.model import OutcomeStatus
from graph.signals.paths import own, to_other_self, to_subject
from graph.signals.reading import DAY, MONTH, Reading
from graph.signals.registry import Family, Path

BEHAVIOUR = Family(path=to_subject)


def _applied(r: Reading, span: timedelta) -> int:
    return sum(r.within(a.applied_at, span) for a in r.own)


@BEHAVIOUR.signal("behaviour", "either", "days", ("The last application was {value} days ago", "上次申请在{value}天前"))
def days_since_application(r: Reading) -> float | None:
    """Days since the person's latest application; None for the first one."""
    return (r.t - r.own[0].applied_at) / DAY if r.own else None


@BEHAVIOUR.signal("behaviour", "either", "ratio", ("The pace of applications rose to {value} times the usual", "申请频率升至平时的{value}倍"))
def application_pace(r: Reading) -> float | None:
    """Applications in 7 days against the 90 days before, per day and smoothed: (n7 + 0.5) / 7 over (n90 + 0.5) / 90; None without any."""
    if not r.own:
        return None
    week = _applied(r, 7 * DAY)
    before = _applied(r, 97 * DAY) - week
    return ((week + 0.5) / 7) / ((before + 0.5) / 90)


@BEHAVIOUR.signal("behaviour", "either", "ratio", ("The amount asked for is {value}", "申请金额为{value}"))
def amount(r: Reading) -> float | None:
    """The amount asked for, in CNY."""
    return r.asked.amount if r.asked else None


@BEHAVIOUR.signal("behaviour", "either", "count", ("The term asked for is {value} months", "申请期限为{value}个月"))
def term_months(r: Reading) -> float | None:
    """The term asked for, in months."""
    return None if r.asked is None or r.asked.term_months is None else float(r.asked.term_months)


@BEHAVIOUR.signal("behaviour", "either", "count", ("The applicant is {value} years old", "申请人{value}岁"))
def age_years(r: Reading) -> float | None:
    """Years since the year of birth."""
    return None if r.asked is None or r.asked.birth_year is None else float(r.t.year - r.asked.birth_year)


@BEHAVIOUR.signal("behaviour", "either", "ratio", ("The amount is {value} times the highest one before", "申请金额为以往最高的{value}倍"))
def amount_to_highest(r: Reading) -> float | None:
    """The amount asked for over the highest ever asked for; None for a first application."""
    before = max((a.amount for a in r.own if a.amount), default=None)
    return r.asked.amount / before if r.asked and r.asked.amount and before else None


@BEHAVIOUR.signal("behaviour", "either", "share", ("{value} of the own applications came at night", "{value}的申请在夜间提交"))
def night_share(r: Reading) -> float | None:
    """Share of the own applications, this one included, between 22:00 and 6:00 local time."""
    moments = [a.applied_at for a in (*((r.asked,) if r.asked else ()), *r.own)]
    return sum(at_night(moment, r.evidence.zone) for moment in moments) / len(moments) if moments else None


def _own_came_to(r: Reading, statuses: frozenset[OutcomeStatus]) -> float | None:
    """How many of the own loans ever came to one of these; None for who never applied."""
    fates = (first_told(r.evidence.outcomes.get(a.application_id, ())) for a in r.own)
    return float(sum(not statuses.isdisjoint(fate) for fate in fates)) if r.own else None


@BEHAVIOUR.signal("behaviour", "up", "count", ("{value} loans late or in default", "{value}笔贷款逾期或违约"))
def own_late(r: Reading) -> float | None:
    """Own loans ever 30 days late or worse; None for who never applied."""
    return _own_came_to(r, LATE)


@BEHAVIOUR.signal("behaviour", "down", "count", ("{value} loans repaid in full", "已结清{value}笔贷款"))
def loans_closed(r: Reading) -> float | None:
    """Own loans repaid and closed; None for who never applied."""
    return _own_came_to(r, frozenset({OutcomeStatus.CLOSED}))


@BEHAVIOUR.signal("behaviour", "up", "count", ("A fraud is known of this person or their loans ({value})", "本人或其贷款有{value}条欺诈结论"))
def own_fraud_labels(r: Reading) -> float | None:
    """Own loans held for fraud, and the person as such; 0 for who is cleared, None where nobody has concluded anything."""
    found = [standing(labels) for one in r.entity.applicants if (labels := r.evidence.labels.get(one))]
    return float(sum(verdict.matters for verdict in found)) if found else None


@BEHAVIOUR.signal("behaviour", "down", "days", ("Known for {value} days", "已知{value}天"))
def known_days(r: Reading) -> float | None:
    """Days since anything was first heard of the person: 0 for a newcomer."""
    moments = [one.since for one in r.held if one.since] + [a.applied_at for a in r.own[-1:]] + [e.at for e in r.evidence.events[-1:]]
    return (r.t - min(moments)) / DAY if moments else 0.0


@BEHAVIOUR.signal("behaviour", "either", "count", ("{value} things done in 30 days", "30天内有{value}次行为记录"))
def events_30d(r: Reading) -> float | None:
    """Own events (logins, transfers, payments, ...) in the last 30 days; None where none was ever delivered."""
    return float(sum(r.within(e.at, MONTH) for e in r.evidence.events)) if r.evidence.events else None


@BEHAVIOUR.signal("behaviour", "down", "count", ("{value} repayments and payments", "{value}次还款或消费"))
def payments_ever(r: Reading) -> float | None:
    """Repayments and payments among the latest own events; None without events."""
    return float(sum(e.kind in ("repayment", "payment") for e in r.evidence.events)) if r.evidence.events else None


@BEHAVIOUR.signal(
    "behaviour", "up", "count", ("{value} changes of profile, number, device or card in 30 days", "30天内资料、号码、设备或银行卡变更{value}次")
)
def changes_30d(r: Reading) -> float | None:
    """Changes in the last 30 days, each a profile change or an own number, device or card that replaced or joined an earlier one."""
    changes = sum(e.kind == "profile_change" and r.within(e.at, MONTH) for e in r.evidence.events)
    for kind in (Kind.PHONE, Kind.DEVICE, Kind.BANK_CARD):
        mine = r.of(kind)
        new = sum(one.since is None or r.within(one.since, MONTH) for one in mine)
        changes += min(new, len(mine) - 1) if mine else 0
    return float(changes)


@BEHAVIOUR.signal("behaviour", "up", "share", ("{value} of a loan left the account within 3 days", "{value}的放款在3天内转出"))
def moved_on_3d(r: Reading) -> float | None:
    """The largest share of a disbursed amount that was transferred or withdrawn within 3 days of it, at most 1; None without a loan."""
    shares = []
    for a in r.own:
        outcomes = r.evidence.outcomes.get(a.application_id, ())
        at, amount = first_told(outcomes).get(OutcomeStatus.DISBURSED), paid_out(a, outcomes)
        if at is not None and amount:
            out = (e.amount for e in r.evidence.events if e.kind in ("transfer", "withdrawal") and at <= e.at < at + 3 * DAY and e.amount)
            shares.append(min(1.0, fsum(out) / amount))
    return max(shares, default=None)


def _to_payer(r: Reading) -> Path | None:
    last = next((e for e in r.evidence.received if e.kind == "transfer"), None)
    return Path((*(to_subject(r) or Path((), None)).nodes, f"applicant:{last.applicant_id}"), last.at) if last else None


@BEHAVIOUR.signal("behaviour", "either", "people", ("Received money from {value} other applicants", "收到{value}名其他申请人的转账"), _to_payer)
def payers(r: Reading) -> float | None:
    """Other applicants who sent the subject money."""
    return float(len({e.applicant_id for e in r.evidence.received if e.kind == "transfer"}))


def _collectors(r: Reading) -> dict[str, int]:
    """People whom the subject sent money -> how many other applicants sent them money too."""
    mine = sorted({f"applicant:{e.counterparty_id}" for e in r.evidence.events if e.kind == "transfer" and e.counterparty_id})
    found = {}
    for node in mine:
        if node in r.adjacency and node not in r.selves:
            found[node] = sum(other.startswith("applicant:") and other not in r.selves for other in r.adjacency[node])
    return found


def _to_collector(r: Reading) -> Path | None:
    found = _collectors(r)
    best = max(found, key=lambda node: (found[node], node), default=None)
    if best is None:
        return None
    payers = sorted(other for other in r.adjacency[best] if other.startswith("applicant:") and other not in r.selves)
    return Path((*(to_subject(r) or Path((), None)).nodes, best, *payers[:1]), r.adjacency[r.me].get(best, {}).get("since"))


@BEHAVIOUR.signal(
    "ring",
    "up",
    "people",
    ("Sends money to someone who gets it from {value} other applicants", "转账对象同时收取另外{value}名申请人的款项"),
    _to_collector,
)
def common_counterparty(r: Reading) -> float | None:
    """Most other applicants with whom somebody paid by the subject exchanges money or referrals; None for who pays nobody."""
    return float(max(found.values())) if (found := _collectors(r)) else None


# verification


@BEHAVIOUR.signal("verification", "down", "score", ("The face matched with {value}", "人脸比对得分{value}"))
def face_match(r: Reading) -> float | None:
    """Face match of this application, 0-1."""
    return r.asked.face_match if r.asked else None


@BEHAVIOUR.signal("verification", "down", "score", ("Liveness was {value}", "活体检测得分{value}"))
def liveness(r: Reading) -> float | None:
    """Liveness of this application, 0-1."""
    return r.asked.liveness if r.asked else None


@BEHAVIOUR.signal("verification", "up", "yes", ("Name, id and number do not belong together", "姓名、证件与手机号三要素不一致"))
def three_element_failed(r: Reading) -> float | None:
    """1 where the carrier says that name, national id and number do not belong together, 0 where they do."""
    return None if r.asked is None or r.asked.phone_three_element is None else float(not r.asked.phone_three_element)


@BEHAVIOUR.signal("verification", "up", "yes", ("The device is an emulator or rooted", "设备为模拟器或已越狱/Root"), own(Kind.DEVICE))
def device_tampered(r: Reading) -> float | None:
    """1 where a device in use is an emulator or rooted, 0 where none is; None where nothing is known of them."""
    known = [d for d in r.evidence.devices.values() if d.identifier.node in {one.node for one in r.devices}]
    flags = [flag for d in known for flag in (d.is_emulator, d.is_rooted) if flag is not None]
    return float(any(flags)) if flags else None


@BEHAVIOUR.signal("verification", "up", "yes", ("The national id could not be verified", "身份证号未通过校验"), own(Kind.NATIONAL_ID))
def national_id_unverified(r: Reading) -> float | None:
    """1 where a national id named fails its checksum or is a placeholder, 0 where all are sound; None without one."""
    ids = r.of(Kind.NATIONAL_ID)
    return float(any(one.hub == "not_linking" for one in ids)) if ids else None


@BEHAVIOUR.signal(
    "verification", "up", "count", ("The same person appears under {value} other applicant ids", "同一人另有{value}个申请人编号"), to_other_self
)
def other_applicant_ids(r: Reading) -> float | None:
    """Other applicant ids that are the same person (see `graph.entity`)."""
    return float(len(r.entity.applicants) - 1)
