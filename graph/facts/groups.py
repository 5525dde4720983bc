"""The groups whose treatment is measured: what an applicant said, and how they live by the graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import isnan

from graph.facts.loans import LATE, THIN_FILE
from graph.facts.tables import PLATFORM_TYPES, Tables
from graph.model.moments import moment
from graph.model.types import Application, OutcomeStatus, PlatformType

HOUSEHOLD_AT_MOST = 8  # holders of an address or Wi-Fi that a family has, as the signal `household_size` says
PLACE_ONLY = 0.8  # of those who share anything with somebody in a dormitory share no more than the place
AGES = ((25, "age_under_25"), (35, "age_25_to_34"), (45, "age_35_to_44"), (200, "age_45_and_over"))
# the signals that tell them
READ = ("household_size", "address_holders", "wifi_holders", "employer_holders", "place_only_share")
HISTORY = ("own_late", "loans_closed")  # the signals that tell the fate of own loans
_FIRST_TIER = frozenset(("北京", "上海", "广州", "深圳"))
# the fifteen cities that Yicai's ranking of 2024 calls new first tier
_NEW_FIRST_TIER = frozenset(
    (
        *("成都", "杭州", "重庆", "苏州", "武汉", "西安", "南京", "长沙"),
        *("天津", "郑州", "东莞", "无锡", "宁波", "青岛", "合肥"),
    )
)
_BANKS = frozenset({PlatformType.BANK_TRADITIONAL, PlatformType.BANK_ONLINE})


def groups_of(
    application: Application,
    signals: Mapping[str, float | None],
    earlier: int | None,
    lender: PlatformType,
    as_of: datetime,
) -> frozenset[str]:
    """The names of the groups that the applicant belongs to; of the `signals` of the assessment those of READ
    are looked at, `earlier` counts own applications before it, None where that is not known.
    """
    return frozenset(
        (
            *_said(application, as_of),
            *_lives(signals),
            *(("thin_file",) if earlier is not None and earlier <= THIN_FILE else ()),
            "bank" if lender in _BANKS else f"lender_{lender.value}",
        )
    )


def said_in(tables: Tables, row: int) -> tuple[Application, PlatformType]:
    """Of a row of a store's applications what groups look at, and its lender's type; of -1 nothing is
    known.
    """
    applications = tables.applications
    if row < 0:
        nothing = Application(
            application_id="", applied_at=moment(tables.as_of), applicant_id="", platform_id=""
        )
        return nothing, PlatformType.OTHER
    born, new = (applications[name][row] for name in ("birth_year", "new_citizen"))
    lender = int(applications["platform"][row])
    application = Application(
        application_id="",
        applied_at=moment(int(applications["at"][row])),
        applicant_id="",
        platform_id="",
        birth_year=None if isnan(born) else int(born),
        new_citizen=None if isnan(new) else bool(new),
        city=applications["city"][row],
    )
    kind = PLATFORM_TYPES[tables.platforms["type"][lender]] if lender >= 0 else PlatformType.OTHER
    return application, kind


def history_of(steps: Sequence[Sequence[OutcomeStatus]], earlier: int) -> str:
    """The applicant's own history in a word: people are compared with others of the same."""
    became = {status for one in steps for status in one}
    loans = "late" if became & LATE else "repaid" if OutcomeStatus.CLOSED in became else "none"
    return f"{min(earlier, 3)}{'+' if earlier > 2 else ''} earlier, {loans}"


def history_by(signals: Mapping[str, float | None], earlier: int) -> str:
    """The same of whose loans only the signals HISTORY tell."""
    late, closed = signals.get("own_late") or 0.0, signals.get("loans_closed") or 0.0
    return history_of([[OutcomeStatus.DPD30] if late else [OutcomeStatus.CLOSED] if closed else []], earlier)


def _said(application: Application, as_of: datetime) -> Iterator[str]:
    if application.new_citizen is not None:
        yield "new_citizen" if application.new_citizen else "settled_citizen"
    if application.birth_year is not None:
        age = as_of.year - application.birth_year
        yield next(name for below, name in AGES if age < below or below == AGES[-1][0])
    if application.city:
        city = application.city.removesuffix("市")
        yield (
            "city_first_tier"
            if city in _FIRST_TIER
            else "city_new_first_tier"
            if city in _NEW_FIRST_TIER
            else "city_other"
        )


def _lives(signals: Mapping[str, float | None]) -> Iterator[str]:
    """How somebody lives: in a household, or in a dormitory, whose many people share a place and nothing
    else; or where nobody else shares the address that was named, a Wi-Fi or an employer.
    """
    if signals.get("household_size"):
        yield "household"
    crowd = max(signals.get("address_holders") or 0.0, signals.get("wifi_holders") or 0.0)
    place_only = signals.get("place_only_share")  # of nobody where so many share it that nobody is linked
    if crowd >= HOUSEHOLD_AT_MOST and (place_only is None or place_only >= PLACE_ONLY):
        yield "dormitory"
    if signals.get("address_holders") == 0 and not (crowd or signals.get("employer_holders")):
        yield "unshared_places"
