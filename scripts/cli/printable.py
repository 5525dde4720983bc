"""Text of others as a terminal shows it: an id that somebody chose commands no terminal."""

from __future__ import annotations

import unicodedata

_COMMANDS = frozenset({"Cc", "Cf", "Cs"})  # control characters, those that turn the direction, halves


def printable(text: str) -> str:
    """The text with what a terminal would obey written out (`\\x1b`); lines stay lines."""
    if text.isprintable():
        return text
    return "".join(
        one.encode("unicode_escape").decode()
        if one != "\n" and unicodedata.category(one) in _COMMANDS
        else one
        for one in text
    )
