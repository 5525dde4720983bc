"""Signals of the applicant's own behaviour: pace of applications, money moved on, and identity checks."""

from __future__ import annotations

import numpy as np

from graph.facts.local_time import year
from graph.facts.tables import Column
from graph.features.conduct import summarise_conduct
from graph.features.path_rules import TO_COLLECTOR, TO_OTHER_SELF, TO_PAYER, TO_SUBJECT, own
from graph.features.registry import Family
from graph.features.workspace import DAY, Precomputed
from graph.frame.neighbourhood import NOBODY, UNDATED, Neighbourhood
from graph.kernels.compiled import compiled, lean
from graph.model.types import IdentifierKind as Kind

BEHAVIOUR = Family(path_rule=TO_SUBJECT)


@BEHAVIOUR.signal(
    "behaviour",
    "either",
    "days",
    ("The last application was {value} [day|days] ago", "上次申请在{value}天前"),
)
@lean
def days_since_application(n: Neighbourhood, r: Precomputed) -> float:
    """Days since the person's latest application; None for the first one."""
    return (n.subject[0].as_of - n.applications[r.own[0]].at) / DAY if r.whole[0].own else np.nan


@BEHAVIOUR.signal(
    "behaviour",
    "either",
    "ratio",
    ("The pace of applications rose to {value} times the usual", "申请频率升至平时的{value}倍"),
)
@lean
def application_pace(n: Neighbourhood, r: Precomputed) -> float:
    """Applications in 7 days against the 90 days before, per day and smoothed: (n7 + 0.5) / 7 over (n90 +
    0.5) / 90; None without any.
    """
    week, before = r.conduct[0].week, r.conduct[0].quarter - r.conduct[0].week
    return ((week + 0.5) / 7) / ((before + 0.5) / 90) if r.whole[0].own else np.nan


@BEHAVIOUR.signal("behaviour", "either", "ratio", ("The amount asked for is {value}", "申请金额为{value}"))
@lean
def amount(n: Neighbourhood, r: Precomputed) -> float:
    """The amount asked for, in CNY."""
    return float(n.applications[0].amount) if n.subject[0].asked else np.nan


@BEHAVIOUR.signal(
    "behaviour", "either", "count", ("The term asked for is {value} [month|months]", "申请期限为{value}个月")
)
@lean
def term_months(n: Neighbourhood, r: Precomputed) -> float:
    """The term asked for, in months."""
    return float(n.applications[0].term_months) if n.subject[0].asked else np.nan


@BEHAVIOUR.signal(
    "behaviour", "either", "count", ("The applicant is {value} [year|years] old", "申请人{value}岁")
)
@lean
def age_years(n: Neighbourhood, r: Precomputed) -> float:
    """Years since the year of birth."""
    if not n.subject[0].asked or n.applications[0].birth_year == NOBODY:
        return np.nan
    return float(year(n.subject[0].as_of) - n.applications[0].birth_year)


@BEHAVIOUR.signal(
    "behaviour",
    "either",
    "ratio",
    ("The amount is {value} times the highest one before", "申请金额为以往最高的{value}倍"),
)
@lean
def amount_to_highest(n: Neighbourhood, r: Precomputed) -> float:
    """The amount asked for over the highest ever asked for; None for a first application."""
    asked = n.applications[0].amount if n.subject[0].asked else 0.0
    return asked / r.conduct[0].highest if asked != 0.0 else np.nan  # NaN where either is not known


@BEHAVIOUR.signal(
    "behaviour",
    "either",
    "share",
    ("{value} of the own applications came at night", "{value}的申请在夜间提交"),
)
@lean
def night_share(n: Neighbourhood, r: Precomputed) -> float:
    """Share of the own applications, this one included, between 22:00 and 6:00 local time."""
    moments = r.whole[0].own + n.subject[0].asked
    return r.conduct[0].nights / moments if moments else np.nan


@BEHAVIOUR.signal(
    "behaviour", "up", "count", ("{value} [loan|loans] late or in default", "{value}笔贷款逾期或违约")
)
@lean
def own_late(n: Neighbourhood, r: Precomputed) -> float:
    """Own loans ever 30 days late or worse; None for who never applied."""
    return float(r.conduct[0].late) if r.whole[0].own else np.nan


@BEHAVIOUR.signal(
    "behaviour", "down", "count", ("{value} [loan|loans] repaid in full", "已结清{value}笔贷款")
)
@lean
def loans_closed(n: Neighbourhood, r: Precomputed) -> float:
    """Own loans repaid and closed; None for who never applied."""
    return float(r.conduct[0].closed) if r.whole[0].own else np.nan


@BEHAVIOUR.signal(
    "behaviour",
    "up",
    "count",
    ("A fraud is known of this person or their loans ({value})", "本人或其贷款有{value}条欺诈结论"),
)
@lean
def own_fraud_labels(n: Neighbourhood, r: Precomputed) -> float:
    """Own loans held for fraud, and the person as such; 0 for who is cleared, None where nobody has concluded
    anything.
    """
    return float(r.conduct[0].matters) if r.conduct[0].judged else np.nan


@BEHAVIOUR.signal("behaviour", "down", "days", ("Known for {value} [day|days]", "已知{value}天"))
@lean
def known_days(n: Neighbourhood, r: Precomputed) -> float:
    """Days since the first fact about the person: 0 for a newcomer."""
    heard = r.conduct[0].first_heard
    return (n.subject[0].as_of - heard) / DAY if heard != UNDATED else 0.0


@BEHAVIOUR.signal(
    "behaviour", "either", "count", ("{value} [thing|things] done in 30 days", "30天内有{value}次行为记录")
)
@lean
def events_30d(n: Neighbourhood, r: Precomputed) -> float:
    """Own events (logins, transfers, payments, ...) in the last 30 days; None where none was ever
    delivered.
    """
    return float(r.conduct[0].month) if n.subject[0].received else np.nan


@BEHAVIOUR.signal(
    "behaviour",
    "down",
    "count",
    ("{value} [repayment or payment|repayments and payments]", "{value}次还款或消费"),
)
@lean
def payments_ever(n: Neighbourhood, r: Precomputed) -> float:
    """Repayments and payments among the latest own events; None without events."""
    return float(r.conduct[0].payments) if n.subject[0].received else np.nan


@BEHAVIOUR.signal(
    "behaviour",
    "up",
    "count",
    (
        "{value} [change|changes] of profile, number, device or card in 30 days",
        "30天内资料、号码、设备或银行卡变更{value}次",
    ),
)
@lean
def changes_30d(n: Neighbourhood, r: Precomputed) -> float:
    """Changes in the last 30 days, each a profile change or an own number, device or card that replaced or
    joined an earlier one.
    """
    return float(r.conduct[0].changes)


@BEHAVIOUR.signal(
    "behaviour",
    "up",
    "share",
    ("{value} of a loan left the account within 3 days", "{value}的放款在3天内转出"),
)
@lean
def moved_on_3d(n: Neighbourhood, r: Precomputed) -> float:
    """The largest share of a disbursed amount that was transferred or withdrawn within 3 days of it, at most
    1; None without a loan.
    """
    return float(r.conduct[0].moved_on)


@BEHAVIOUR.signal(
    "behaviour",
    "either",
    "people",
    ("Received money from {value} other [applicant|applicants]", "收到{value}名其他申请人的转账"),
    TO_PAYER,
)
@lean
def payers(n: Neighbourhood, r: Precomputed) -> float:
    """Other applicants who sent the subject money."""
    return float(r.conduct[0].payers)


@BEHAVIOUR.signal(
    "ring",
    "up",
    "people",
    (
        "Sends money to someone who gets it from {value} other [applicant|applicants]",
        "转账对象同时收取另外{value}名申请人的款项",
    ),
    TO_COLLECTOR,
)
@lean
def common_counterparty(n: Neighbourhood, r: Precomputed) -> float:
    """Most other applicants with whom somebody paid by the subject exchanges money or referrals; None for who
    pays nobody.
    """
    return float(r.conduct[0].collected) if r.conduct[0].collected >= 0 else np.nan


@BEHAVIOUR.signal("verification", "down", "score", ("The face matched with {value}", "人脸比对得分{value}"))
@lean
def face_match(n: Neighbourhood, r: Precomputed) -> float:
    """Face match of this application, 0-1."""
    return float(n.applications[0].face_match) if n.subject[0].asked else np.nan


@BEHAVIOUR.signal("verification", "down", "score", ("Liveness was {value}", "活体检测得分{value}"))
@lean
def liveness(n: Neighbourhood, r: Precomputed) -> float:
    """Liveness of this application, 0-1."""
    return float(n.applications[0].liveness) if n.subject[0].asked else np.nan


@BEHAVIOUR.signal(
    "verification",
    "up",
    "yes",
    ("Name, id and number do not belong together", "姓名、证件与手机号三要素不一致"),
)
@lean
def three_element_failed(n: Neighbourhood, r: Precomputed) -> float:
    """1 where the carrier says that name, national id and number do not belong together, 0 where they do."""
    rows = n.applications[0].three_element if n.subject[0].asked else -1
    return float(1 - rows) if rows >= 0 else np.nan


@BEHAVIOUR.signal(
    "verification",
    "up",
    "yes",
    ("The device is an emulator or rooted", "设备为模拟器，或已被 Root、越狱"),
    own(Kind.DEVICE),
)
@lean
def device_tampered(n: Neighbourhood, r: Precomputed) -> float:
    """1 where a device in use is an emulator or rooted, 0 where none is; None where nothing is known of
    them.
    """
    return float(r.conduct[0].tampered) if r.conduct[0].tampered >= 0 else np.nan


@BEHAVIOUR.signal(
    "verification",
    "up",
    "yes",
    ("The national id could not be verified", "身份证号未通过校验"),
    own(Kind.NATIONAL_ID),
)
@lean
def national_id_unverified(n: Neighbourhood, r: Precomputed) -> float:
    """1 where a national id named fails its checksum or is a placeholder, 0 where all are sound; None without
    one.
    """
    return float(r.conduct[0].unverified) if r.conduct[0].unverified >= 0 else np.nan


@BEHAVIOUR.signal(
    "verification",
    "up",
    "count",
    ("The same person appears under {value} other applicant [id|ids]", "同一人另有{value}个申请人编号"),
    TO_OTHER_SELF,
)
@lean
def other_applicant_ids(n: Neighbourhood, r: Precomputed) -> float:
    """Other applicant ids that are the same person (docs/multi_lending.md)."""
    return float(r.whole[0].selves - 1)


@compiled
def fill(n: Neighbourhood, r: Precomputed, into: Column) -> None:
    """All of BEHAVIOUR for one subject, into float64 (len(BEHAVIOUR),)."""
    summarise_conduct(n, r)
    into[0] = days_since_application(n, r)
    into[1] = application_pace(n, r)
    into[2] = amount(n, r)
    into[3] = term_months(n, r)
    into[4] = age_years(n, r)
    into[5] = amount_to_highest(n, r)
    into[6] = night_share(n, r)
    into[7] = own_late(n, r)
    into[8] = loans_closed(n, r)
    into[9] = own_fraud_labels(n, r)
    into[10] = known_days(n, r)
    into[11] = events_30d(n, r)
    into[12] = payments_ever(n, r)
    into[13] = changes_30d(n, r)
    into[14] = moved_on_3d(n, r)
    into[15] = payers(n, r)
    into[16] = common_counterparty(n, r)
    into[17] = face_match(n, r)
    into[18] = liveness(n, r)
    into[19] = three_element_failed(n, r)
    into[20] = device_tampered(n, r)
    into[21] = national_id_unverified(n, r)
    into[22] = other_applicant_ids(n, r)
