"""The report's section on fairness: how each group of people fared in the week, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graph.facts.groups import AGES
from graph.model.types import PlatformType
from investigations.estimates import Estimate
from investigations.fairness.measures import EVERYBODY
from investigations.review.report_words import Words
from investigations.review.week_fairness import GroupOfWeek

_LENDERS: dict[PlatformType, Words] = {
    PlatformType.CONSUMER_FINANCE: ("consumer finance", "消费金融"),
    PlatformType.NETWORK_MICROLOAN: ("network microloan", "网络小贷"),
    PlatformType.MICROLOAN: ("microloan", "小额贷款"),
    PlatformType.P2P: ("P2P", "P2P"),
    PlatformType.AUTO_FINANCE: ("auto finance", "汽车金融"),
    PlatformType.LEASING: ("leasing", "融资租赁"),
    PlatformType.OTHER: ("other lender", "其他机构"),
}
_AGES: Sequence[Words] = (
    ("under 25", "25岁以下"),
    ("25 to 34", "25至34岁"),
    ("35 to 44", "35至44岁"),
    ("45 and over", "45岁及以上"),
)
GROUPS: Mapping[str, Words] = {
    EVERYBODY: ("everybody", "全体"),
    "new_citizen": ("new citizens", "新市民"),
    "settled_citizen": ("settled citizens", "本地居民"),
    "thin_file": ("thin file", "薄档案"),
    "household": ("household", "家庭"),
    "dormitory": ("dormitory", "宿舍"),
    "unshared_places": ("places of their own", "住址单位不与他人共用"),
    **{name: words for (_, name), words in zip(AGES, _AGES, strict=True)},
    "city_first_tier": ("first-tier city", "一线城市"),
    "city_new_first_tier": ("new first-tier city", "新一线城市"),
    "city_other": ("other city", "其他城市"),
    "bank": ("bank", "银行"),
    **{f"lender_{kind.value}": words for kind, words in _LENDERS.items()},
}


@dataclass(frozen=True, slots=True)
class FairnessLine:
    """One row of the table: a group in words, its share of the honest in flagged rings, how many that are and
    would be if they fared as others (`flagged`, `as_others`), and what was proposed for its people.
    """

    words: Words
    share: Estimate
    flagged: int
    as_others: float
    decisions: Mapping[str, Estimate]


def fairness_lines(fairness: Mapping[str, GroupOfWeek]) -> list[FairnessLine]:
    """A row for each group, in the order of GROUPS."""
    return [
        FairnessLine(words, one.flagged, one.unlike.happened, one.unlike.expected, one.decisions)
        for name, words in GROUPS.items()
        if (one := fairness.get(name)) is not None
    ]
