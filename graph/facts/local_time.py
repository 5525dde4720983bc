"""Night and weekend where the borrowers live: the one place that turns a moment into a local time."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from graph.moments import moment
from graph.tables import Column

_NIGHT_FROM, _NIGHT_UNTIL = 22, 6  # o'clock
_SLOT = 900_000_000  # microseconds: a zone's offset changes on a quarter of an hour, if ever


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local(when: datetime, zone: str) -> datetime:
    """The moment as clocks in `zone` (an IANA name) show it."""
    return when.astimezone(_zone(zone))


def at_night(when: datetime, zone: str) -> bool:
    """Whether it is between 22:00 and 6:00 there."""
    hour = local(when, zone).hour
    return hour >= _NIGHT_FROM or hour < _NIGHT_UNTIL


def on_weekend(when: datetime, zone: str) -> bool:
    """Whether it is Saturday or Sunday there."""
    return local(when, zone).weekday() >= 5


def nights(at: Column, zone: str) -> Column:
    """`at_night` of many moments: int64 microseconds (N,) to bool (N,)."""
    slots, of_each = np.unique(at // _SLOT, return_inverse=True)
    offset = np.array([_offset(int(slot) * _SLOT, zone) for slot in slots], dtype=np.int64)
    hour = (at + offset[of_each]) // 3_600_000_000 % 24
    return np.asarray((hour >= _NIGHT_FROM) | (hour < _NIGHT_UNTIL))


def _offset(at: int, zone: str) -> int:
    """Microseconds that clocks in the zone are ahead of UTC."""
    return (local(moment(at), zone).utcoffset() or timedelta()) // timedelta(microseconds=1)
