"""The clock of the service, where nothing says another moment."""

from __future__ import annotations

from datetime import UTC, datetime


def system_clock() -> datetime:
    """The moment now, UTC."""
    return datetime.now(UTC)
