"""Local time of the borrowers: night and weekend, as one moment and in compiled code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from graph.facts.tables import Column
from graph.kernels.compiled import shared
from graph.model.moments import moment

_NIGHT_FROM, _NIGHT_UNTIL = 22, 6  # o'clock
_SMALL_HOURS_UNTIL = 5  # o'clock, from midnight on
_SECOND, _HOUR, _DAY = 1_000_000, 3_600_000_000, 86_400_000_000  # microseconds
_SLOT = 900_000_000  # microseconds: a zone's offset changes on a quarter of an hour, if ever
# seconds between two looks at a zone's clocks: no law has changed them and back again sooner
_CHECKED_AT = 4 * 86_400


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
    hour = (at + offset[of_each]) // _HOUR % 24
    return np.asarray((hour >= _NIGHT_FROM) | (hour < _NIGHT_UNTIL))


@lru_cache(maxsize=8)
def offsets(zone: str) -> Column:
    """Clocks in the zone as a table (2, Z) int64: from which moment on (microseconds, ascending, the first
    before all) they are how many microseconds ahead of UTC. Right for the years 1900 to 2199; beyond, the
    clocks stay as they were.
    """
    first, last = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (1900, 2200))
    results = [(int(np.iinfo(np.int64).min), _ahead(first, zone))]
    for second in range(first, last, _CHECKED_AT):
        if _ahead(second, zone) != results[-1][1]:
            results.append((_change(second - _CHECKED_AT, second, zone) * _SECOND, _ahead(second, zone)))
    return np.ascontiguousarray(np.array(results, np.int64).T)


def _change(before: int, after: int, zone: str) -> int:
    """The second between the two from which on clocks show what they show after."""
    ahead = _ahead(after, zone)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if _ahead(middle, zone) == ahead else (middle, after)
    return after


def _ahead(second: int, zone: str) -> int:
    return (datetime.fromtimestamp(second, _zone(zone)).utcoffset() or timedelta()) // timedelta(
        microseconds=1
    )


@shared
def night(at: int, clocks: Column) -> bool:
    """`at_night` for compiled code: `at` in microseconds, `clocks` as `offsets` gives them."""
    hour = _shown(at, clocks) // _HOUR % 24
    return bool((hour >= _NIGHT_FROM) | (hour < _NIGHT_UNTIL))


@shared
def small_hours(at: int, clocks: Column) -> bool:
    """Whether it is between midnight and 5:00, as `night`."""
    return bool(_shown(at, clocks) // _HOUR % 24 < _SMALL_HOURS_UNTIL)


@shared
def calendar_day(at: int, clocks: Column) -> int:
    """The day there, counted from 1970-01-01, as `night`."""
    return int(_shown(at, clocks) // _DAY)


@shared
def weekend(at: int, clocks: Column) -> bool:
    """`on_weekend` for compiled code, as `night`."""
    return bool((_shown(at, clocks) // _DAY + 3) % 7 >= 5)  # 1970 began on a Thursday


@shared
def year(at: int) -> int:
    """The year, UTC, of a moment in microseconds: `datetime.year` for compiled code."""
    # Howard Hinnant's days from civil, backwards: years begin in March, so that the leap day is their last.
    day = at // _DAY + 719_468
    era = day // 146_097
    day -= era * 146_097
    of_era = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    since_march = day - (365 * of_era + of_era // 4 - of_era // 100)
    return of_era + era * 400 + int(since_march >= 306)


@shared
def _shown(at: int, clocks: Column) -> int:
    """Microseconds since 1970 that clocks in the zone show."""
    low, high = 0, clocks.shape[1]
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if clocks[0, middle] <= at else (low, middle)
    return int(at + clocks[1, low])


def _offset(at: int, zone: str) -> int:
    """Microseconds that clocks in the zone are ahead of UTC."""
    return (local(moment(at), zone).utcoffset() or timedelta()) // timedelta(microseconds=1)
