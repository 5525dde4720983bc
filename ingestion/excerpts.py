"""Excerpts of input for messages: short, on one line, and without anything that looks like an identifier."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from reprlib import Repr

from ingestion.identifiers.recognise import scrubbed

_LONGEST, _NAMES = 120, 5
_repr = Repr()
_repr.maxstring = _repr.maxother = _repr.maxlong = _LONGEST
_repr.maxlevel = 3


def plain(text: str, most: int = _LONGEST) -> str:
    """The text on one line, scrubbed and cut to `most` characters."""
    cut = scrubbed(text[: 4 * most])
    printable = "".join(c if c.isprintable() else " " for c in cut)
    return printable if len(printable) <= most and len(text) <= 4 * most else printable[:most] + "..."


def shown(value: object) -> str:
    """A value of a mapping in quotes, as Python writes it, never the whole of a large one."""
    return repr(plain(value)) if isinstance(value, str) else plain(_repr.repr(value))


def names(result: Collection[object]) -> str:
    """The first few, and how many more there are."""
    words = ", ".join(plain(str(name)) for name in islice(result, _NAMES))
    return words if len(result) <= _NAMES else f"{words} and {len(result) - _NAMES} more"
