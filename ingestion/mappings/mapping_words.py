"""The plain shapes of a mapping: texts, lists, names that are known; whatever else is there is refused by its
place.
"""

from __future__ import annotations

from typing import Any

from graph.model.errors import DeliveryError
from ingestion.cells import LONGEST
from ingestion.excerpts import names, shown


def text(given: Any, name: str, place: str) -> str:
    """A scalar of a mapping. Raises DeliveryError, also for one that is longer than any name or word: it
    would stand in every row.
    """
    if not isinstance(given, str):
        raise DeliveryError(f"{place}: `{name}` must be a text, not {shown(given)}")
    if len(given) > LONGEST:
        raise DeliveryError(f"{place}: `{name}` is longer than {LONGEST} characters")
    return given


def listed(given: Any, name: str, place: str) -> list[Any]:
    """A list of a mapping. Raises DeliveryError."""
    if not isinstance(given, list):
        raise DeliveryError(f"{place}: `{name}` must be a list, not {shown(given)}")
    return given


def known_keys(given: Any, known: frozenset[str], place: str) -> None:
    """Raises DeliveryError for what is no mapping of names to values, and for names that are not `known`."""
    if not isinstance(given, dict):
        raise DeliveryError(f"{place}: must be names and values, not {shown(given)}")
    if unknown := [str(key) for key in given if key not in known]:
        raise DeliveryError(f"{place}: unknown {names(unknown)}; there are {', '.join(sorted(known))}")
