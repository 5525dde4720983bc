"""A number with its noun, as a sentence says it: `1 person`, `2,345 people`."""

from __future__ import annotations

_SEVERAL = {"person": "people"}  # of nouns that take more than an s


def quantity(count: int, noun: str) -> str:
    """The count, in groups of three digits, and the noun in the form that it asks for."""
    return f"{count:,} {noun if count == 1 else _SEVERAL.get(noun, f'{noun}s')}"
