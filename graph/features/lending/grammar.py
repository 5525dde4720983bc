"""The grammar of the multi-lending variables: its words, and the names that they make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from functools import cache
from itertools import product
from types import MappingProxyType
from typing import Literal, NamedTuple

from graph.model.near_names import near_name
from graph.model.types import IdentifierKind, PlatformType

WINDOWS: Mapping[str, timedelta] = MappingProxyType(
    {
        **{f"{hours}h": timedelta(hours=hours) for hours in (1, 3, 6, 12, 24)},
        **{f"{days}d": timedelta(days=days) for days in (3, 7, 15)},
        **{f"{months}m": timedelta(days=30 * months) for months in (1, 3, 6, 12)},
    }
)
"""Half-open spans [t - w, t), shortest first; a month is 30 days."""

KEYS: Mapping[str, IdentifierKind | None] = MappingProxyType(
    {
        "id": IdentifierKind.NATIONAL_ID,
        "phone": IdentifierKind.PHONE,
        "device": IdentifierKind.DEVICE,
        "card": IdentifierKind.BANK_CARD,
        "person": None,
        "ring": None,
    }
)
"""Whose applications are counted: those that name the same identifier as their own; those of the resolved
person; those of the members of the applicant's ring.
"""

TYPES: Mapping[PlatformType, str] = MappingProxyType(
    {
        PlatformType.BANK_TRADITIONAL: "bank_tra",
        PlatformType.BANK_ONLINE: "bank_onl",
        PlatformType.CONSUMER_FINANCE: "nbank_cf",
        PlatformType.NETWORK_MICROLOAN: "nbank_nml",
        PlatformType.MICROLOAN: "nbank_ml",
        PlatformType.P2P: "nbank_p2p",
        PlatformType.AUTO_FINANCE: "nbank_auto",
        PlatformType.LEASING: "nbank_lease",
        PlatformType.OTHER: "nbank_oth",
    }
)
"""The segment of each type of lender."""
PRODUCTS = ("cash", "cash_inst", "off_inst", "cons_inst", "card", "auto")
"""Segments of what is borrowed: the same word in `product`."""
TIMES = ("week", "night", "small_hours")
"""Segments of when the application was made, by the borrowers' clocks."""
SEGMENTS = ("all", "others", "bank", "nbank", "own", *TYPES.values(), *PRODUCTS, *TIMES)
KINDS_OF_LENDERS = frozenset({"bank", "nbank", *TYPES.values(), *PRODUCTS})
"""Segments that tell, or as good as tell, what kind of lender was asked."""

Mark = Literal["applied", "approved", "rejected", "disbursed"]
How = Literal["each", "lenders", "new_lenders", "amount"]


class Statistic(NamedTuple):
    """What of an application is counted (`of`), and how: each, every lender once, lenders never asked under
    the key before the window, or the amount.
    """

    of: Mark
    how: How = "each"


STATS: Mapping[str, Statistic] = MappingProxyType(
    {
        "apps": Statistic("applied"),
        "lenders": Statistic("applied", "lenders"),
        "rejected": Statistic("rejected"),
        "disbursed": Statistic("disbursed"),
        "new_lenders": Statistic("applied", "new_lenders"),
        "approved": Statistic("approved"),
        "amount": Statistic("applied", "amount"),
        "disbursed_amount": Statistic("disbursed", "amount"),
    }
)

RHYTHM_WINDOWS = ("3m", "6m", "12m")
RHYTHMS = (
    "active_months",
    "mean_per_active_month",
    "max_month",
    "min_month",
    "max_gap_days",
    "min_gap_days",
    "first_days_ago",
    "last_days_ago",
    "run_length",
    "run_days",
)
"""Measures of when the applications under a key came, over a window."""
BURSTS: Mapping[str, timedelta] = MappingProxyType(
    {f"burst_{hours}h": timedelta(hours=hours) for hours in (1, 3, 6, 12, 24)}
)
"""Measures of the last 14 days, by the slice in which the most applications came."""
WINDOWLESS = ("acceleration", *BURSTS)
"""Measures of when the applications under a key came, over a span of their own."""

RELATION_WINDOWS = ("7d", "1m", "3m", "12m")
RELATIONS: Mapping[str, tuple[str, IdentifierKind] | None] = MappingProxyType(
    {
        "id_phones": ("id", IdentifierKind.PHONE),
        "id_devices": ("id", IdentifierKind.DEVICE),
        "id_cards": ("id", IdentifierKind.BANK_CARD),
        "id_addresses": ("id", IdentifierKind.ADDRESS),
        "phone_ids": ("phone", IdentifierKind.NATIONAL_ID),
        "device_ids": ("device", IdentifierKind.NATIONAL_ID),
        "card_ids": ("card", IdentifierKind.NATIONAL_ID),
        "phone_as_contact_of": None,
    }
)
"""Under which key, and which kind of identifiers is counted there; None: people who name the number as a
contact's.
"""
CHANGE = "days_since_change"

Family = Literal["count", "rhythm", "windowless", "relation", "change"]


class Variable(NamedTuple):
    """A name taken apart; what its family does not have is empty. `key` is the relation of `relation` and
    `change`, `stat` the measure of `rhythm` and `windowless`.
    """

    family: Family
    window: str = ""
    key: str = ""
    segment: str = ""
    stat: str = ""

    @property
    def name(self) -> str:
        """The whole name."""
        return "_".join(("ml", *(part for part in self[1:] if part)))

    @property
    def tells_kinds(self) -> bool:
        """Whether it breaks lenders down by kind: whoever may not know kinds is not told it."""
        return self.segment in KINDS_OF_LENDERS


def _any(words: Sequence[str]) -> str:
    return f"({'|'.join(words)})"


_FORMS: Mapping[Family, tuple[str, tuple[str, ...]]] = {
    "count": (
        f"{_any(tuple(WINDOWS))}_{_any(tuple(KEYS))}_{_any(SEGMENTS)}_{_any(tuple(STATS))}",
        ("window", "key", "segment", "stat"),
    ),
    "rhythm": (
        f"{_any(RHYTHM_WINDOWS)}_{_any(tuple(KEYS))}_{_any(RHYTHMS)}",
        ("window", "key", "stat"),
    ),
    "windowless": (f"{_any(tuple(KEYS))}_{_any(WINDOWLESS)}", ("key", "stat")),
    "relation": (f"{_any(RELATION_WINDOWS)}_{_any(tuple(RELATIONS))}", ("window", "key")),
    "change": (f"{_any(tuple(RELATIONS))}_({CHANGE})", ("key", "stat")),
}
PATTERN = f"^ml_({'|'.join(form for form, _ in _FORMS.values())})$"
"""Every name of the grammar, and nothing else, as a regular expression."""
_COMPILED = {family: (re.compile(f"ml_{form}"), parts) for family, (form, parts) in _FORMS.items()}

# What every answer has, and the model is given: the order is that of the model's inputs.
STANDARD_WINDOWS = ("24h", "7d", "1m", "3m", "12m")
STANDARD_KEYS = ("id", "phone", "device", "card", "person")
STANDARD_SEGMENTS = ("all", "others", "bank", "nbank")
STANDARD_STATS = ("apps", "lenders", "rejected", "disbursed")
STANDARD: tuple[str, ...] = tuple(
    f"ml_{window}_{key}_{segment}_{stat}"
    for key, segment, stat, window in product(
        STANDARD_KEYS, STANDARD_SEGMENTS, STANDARD_STATS, STANDARD_WINDOWS
    )
)
"""The variables of every answer; all others are computed where a request names them."""
_STANDARD = frozenset(STANDARD)


def variable(name: str) -> Variable:
    """A name taken apart. Raises KeyError for one that is not in the grammar."""
    for family, (form, parts) in _COMPILED.items():
        match = form.fullmatch(name)
        if match:
            return Variable(family, **dict(zip(parts, match.groups(), strict=True)))
    raise KeyError(name)


def is_variable(name: str) -> bool:
    """Whether the grammar makes that name."""
    return any(form.fullmatch(name) for form, _ in _COMPILED.values())


def beyond_standard(names: Iterable[str]) -> tuple[str, ...]:
    """Those that only a request brings into an answer, each once, in their order."""
    return tuple(dict.fromkeys(name for name in names if name not in _STANDARD))


def every() -> Iterator[Variable]:
    """All variables: counts, rhythm, relations."""
    for parts in product(WINDOWS, KEYS, SEGMENTS, STATS):
        yield Variable("count", *parts)
    for key in KEYS:
        for window, measure in product(RHYTHM_WINDOWS, RHYTHMS):
            yield Variable("rhythm", window, key, stat=measure)
        for measure in WINDOWLESS:
            yield Variable("windowless", key=key, stat=measure)
    for relation in RELATIONS:
        for window in RELATION_WINDOWS:
            yield Variable("relation", window, relation)
        yield Variable("change", key=relation, stat=CHANGE)


def nearest(name: str) -> str | None:
    """The variable whose name is most like this one, None where none is."""
    return near_name(name, _like(name))


def _like(name: str) -> list[str]:
    """Names that share the window and the key that this one seems to mean; of all thirteen thousand none
    else is near.
    """
    parts = [*name.lower().removeprefix("ml_").split("_"), "", ""]
    windows = get_close_matches(parts[0], list(WINDOWS), n=2, cutoff=0.4) or ["7d"]
    keys = get_close_matches(parts[1], list(KEYS), n=2, cutoff=0.4) or ["person"]
    return [one for window, key in product(windows, keys) for one in _under(window, key)] + list(_few())


@cache
def _under(window: str, key: str) -> tuple[str, ...]:
    return tuple(f"ml_{window}_{key}_{segment}_{stat}" for segment, stat in product(SEGMENTS, STATS))


@cache
def _few() -> tuple[str, ...]:
    return tuple(one.name for one in every() if one.family != "count")
