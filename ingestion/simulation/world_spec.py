"""The specification of a simulated world: size, time frame, and shares of honest people and crews."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from graph.model.errors import SettingError
from graph.model.moments import COUNTRY

CREW_KINDS = (
    "identity_farm",
    "intermediary",
    "merchant_collusion",
    "cards_and_contacts",
    "slow_ring",
    "stacker",
    "mules",
)
HONEST_KINDS = (
    "plain",
    "household",
    "dormitory",
    "campus",
    "kiosk",
    "carrier_nat",
    "second_hand",
    "comparer",
    "friends",
    "broker",
)
KINDS = CREW_KINDS + HONEST_KINDS
KIND_CODE: Mapping[str, int] = MappingProxyType({kind: code for code, kind in enumerate(KINDS)})

MIXED: Mapping[str, float] = MappingProxyType(
    {
        "identity_farm": 0.19,
        "intermediary": 0.19,
        "merchant_collusion": 0.14,
        "cards_and_contacts": 0.17,
        "slow_ring": 0.14,
        "stacker": 0.09,
        "mules": 0.08,
    }
)
"""Share of the crews of each kind in the default manner."""

MANNERS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {"mixed": MIXED}
    | {kind: MappingProxyType({kind: 1.0}) for kind in CREW_KINDS}
    | {"honest": MappingProxyType({})}
)
"""Name of a manner -> weights of the crew kinds; `honest` has no crew at all."""

HONEST_SHARES: Mapping[str, float] = MappingProxyType(
    {
        "dormitory": 0.13,
        "campus": 0.04,
        "household": 0.24,
        "kiosk": 0.09,
        "second_hand": 0.06,
        "comparer": 0.06,
        "carrier_nat": 0.08,
        "friends": 0.015,
        "broker": 0.03,
    }
)
"""Share of the honest whose life is mainly of this kind; the rest are `plain`."""

MOST_APPLICANTS = 2_000_000
"""Beyond this the made values (landlines first) would not be distinct any more."""

COHORT = 10_000
"""Applicants made at a time: memory depends on this, never on the size of the world."""


@dataclass(frozen=True)
class WorldSpec:
    """One world, wholly determined by these values.

    Raises SettingError where a value is out of bounds; the message names the option.
    """

    applicants: int
    days: int = 365
    seed: int = 1
    until: datetime = datetime(2026, 1, 1, tzinfo=ZoneInfo(COUNTRY))
    guilty_share: float = 0.045
    manner: str = "mixed"
    dirty: bool = False
    format: str = "parquet"
    honest_shares: Mapping[str, float] = field(default_factory=lambda: HONEST_SHARES)

    def __post_init__(self) -> None:
        _demand(
            100 <= self.applicants <= MOST_APPLICANTS,
            f"--applicants must be between 100 and {MOST_APPLICANTS:,}",
        )
        _demand(14 <= self.days <= 3_650, "--days must be between 14 and 3,650")
        _demand(self.seed >= 0, "--seed must not be negative")
        _demand(0 <= self.guilty_share <= 0.5, "--guilty-share must be between 0 and 0.5")
        _demand(self.manner in MANNERS, f"--manner must be one of: {', '.join(MANNERS)}")
        _demand(self.format in ("parquet", "csv"), "--format must be parquet or csv")
        _demand(self.until.tzinfo is not None, "--until must carry an offset")
        _demand(sum(self.honest_shares.values()) <= 1, "the shares of the honest must not exceed 1")

    @property
    def end(self) -> int:
        """End of the time frame, in seconds since 1970."""
        return int(self.until.timestamp())

    @property
    def start(self) -> int:
        """Start of the time frame, in seconds since 1970."""
        return self.end - self.days * 86_400

    @property
    def crew_weights(self) -> Mapping[str, float]:
        return MANNERS[self.manner]


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SettingError(otherwise)
