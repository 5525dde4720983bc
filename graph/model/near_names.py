"""The known name that a misspelt one most likely means."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST = 64  # characters of a name that are compared: a caller may have put anything in its place


def near_name(name: str, known: Iterable[str], alike: float = 0.7) -> str | None:
    """The known name that is most like this one, None where none is so much `alike` (1: the same)."""
    matches = get_close_matches(name[:_LONGEST].lower(), list(known), n=1, cutoff=alike)
    return matches[0] if matches else None


def perhaps(name: str, known: Iterable[str]) -> str:
    """What is said behind an unknown name: the known one that is most like it; nothing where none is."""
    near = near_name(name, known)
    return f"; the nearest is {near}" if near else ""
