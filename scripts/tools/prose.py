"""Prose on the pages that are written by programs: lines of at most 110 columns."""

from __future__ import annotations

from unicodedata import east_asian_width

COLUMNS = 110


def columns(text: str) -> int:
    """How wide a text is: a Chinese character takes two columns."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def wrapped(text: str) -> str:
    """One paragraph, broken where it has blanks."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if columns(longer) <= COLUMNS:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)
