"""Moments: aware UTC datetimes outside, whole microseconds since 1970 inside a store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Microseconds since 1970-01-01 UTC, exact. A naive `moment` raises TypeError: a time without a zone is no moment."""
    return (moment - EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    """The aware UTC datetime that lies `microseconds` after 1970-01-01, exact."""
    return EPOCH + timedelta(microseconds=microseconds)
