"""Moments: aware UTC datetimes outside, whole microseconds since 1970 inside a store."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

COUNTRY = "Asia/Shanghai"  # where the borrowers live, unless the settings say another zone (an IANA name)
DAY = 86_400_000_000  # microseconds
MONTH = 30 * DAY
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# 24 o'clock of a day, to the minute or finer, with an offset or without
_END_OF_DAY = re.compile(r"(.+[T ])24((?::?00){0,2}(?:[.,]0+)?(?:Z|[+-][\d:]+)?)")


def micros(moment: datetime) -> int:
    """Microseconds since 1970-01-01 UTC, exact. A naive `moment` raises TypeError: a time without a zone is
    no moment.
    """
    return (moment - EPOCH) // _MICROSECOND


# one assessment reads the same moments several times: a tie's, its application's, its last mention's
@lru_cache(maxsize=65_536)
def moment(microseconds: int) -> datetime:
    """The aware UTC datetime that lies `microseconds` after 1970-01-01, exact."""
    return EPOCH + timedelta(0, 0, microseconds)


def read_moment(text: str, zone: tzinfo) -> datetime:
    """What an ISO-8601 text means, in UTC; what has no offset is in `zone`. Raises ValueError or
    OverflowError.
    """
    read = iso_moment(text)
    return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)


def iso_moment(text: str) -> datetime:
    """What an ISO-8601 text means, with a zone where it says one: a date is its midnight, and 24:00 of a day
    the midnight at its end, whatever the version of Python. Raises ValueError or OverflowError.
    """
    text = text.upper()  # a small t and z are ISO-8601 as well (RFC 3339)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        ended = _END_OF_DAY.fullmatch(text)  # Python reads it itself from 3.14 on
        if ended is None:
            raise
    return datetime.fromisoformat(ended[1] + "00" + ended[2]) + timedelta(days=1)
