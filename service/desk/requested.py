"""What a request of the desk asks for: a moment that has come, and a node that no raw value names."""

from __future__ import annotations

from datetime import datetime

from graph.model.errors import InputError
from graph.model.moments import read_moment
from graph.model.types import IdentifierKind
from ingestion.identifiers.recognise import recognised
from service.assessment.context import AppContext
from service.raw_values import RawValueError


class MomentError(InputError):
    """The moment asked for cannot be read."""

    problem = "unreadable_moment"


class ComingMomentError(InputError):
    """The moment asked for has not come yet."""

    problem = "moment_in_the_future"


def moment_of(text: str, context: AppContext) -> datetime:
    """The moment asked for: ISO-8601, in the service's time zone where it has no offset; empty is now.

    Raises MomentError, and ComingMomentError for one that has not come yet.
    """
    if not text:
        return context.clock()
    try:
        moment = read_moment(text, context.zone)
    except (ValueError, OverflowError):
        raise MomentError("as_of: give an ISO-8601 time, for example 2026-01-05T10:00:00+08:00") from None
    if moment > context.clock():
        raise ComingMomentError(
            "as_of: lies in the future: what will be known by then is not known, the latest moment is now"
        )
    return moment


def refuse_raw(node: str) -> None:
    """Raise RawValueError where a raw value stands for an identifier's token."""
    kind, _, value = node.partition(":")
    if kind in tuple(IdentifierKind) and recognised(value):
        raise RawValueError(
            "node: an identifier is named by its token; a raw value belongs into the search, never into an "
            "address"
        )
