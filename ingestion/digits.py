"""Numeric ids: keeps every digit, or a form that shows that digits were lost."""

from __future__ import annotations

import re
from decimal import Decimal

EXACT = 2**53  # from here on a float no longer says which whole number it was
_LONGEST = 1_000  # digits; Python makes no text of numbers that are much longer
_SCIENTIFIC = re.compile(
    (
        r"[+-]?\d+(?:[.,]\d*)? ?e ?[+-]\d{1,3}|[+-]?\d+[.,]\d*e\d{1,3}|[+-]?\de[1-3]\d|[+-]?\d+[.,]\d+ "
        r"?[x×*·] ?10\^?\d{1,3}"
    ),
    re.IGNORECASE,
)
_WHOLE = re.compile(r"([+-]?\d+)\.0+", re.ASCII)


class Rounded(float):
    """A number that may have lost digits before it came: written in scientific notation, or held in a float
    too narrow for it.
    """


def is_scientific(text: str) -> bool:
    """`3.56938E+14` and its like. `12e45` may be a hexadecimal id; a bare `1e20` is what some programs write
    for a number of 21 digits.
    """
    return ("e" in text or "E" in text or "10" in text) and _SCIENTIFIC.fullmatch(text) is not None


def whole(text: str) -> str:
    """`1001` for the `1001.0` that a data frame writes where a column of whole numbers has gaps; any other
    text as it is.

    From 2**53 on a float may have held another number than the one that it writes: such a text becomes
    scientific.
    """
    if not text.endswith("0") or len(text) > _LONGEST or not (match := _WHOLE.fullmatch(text)):
        return text
    number = int(match[1])
    return match[1] if abs(number) < EXACT or not _is_a_float(number) else _lost(number)


def _is_a_float(number: int) -> bool:
    """Whether a float can hold exactly this number; where none can, something else wrote it, digit by
    digit.
    """
    return len(str(number)) < 300 and int(float(number)) == number


def digits_of(number: float | Decimal) -> str:
    """An int or a Decimal with all its digits; a float that may have lost some in scientific notation, which
    is never an id.
    """
    if isinstance(number, int):
        return str(number)
    if isinstance(number, Decimal):
        exact = number.is_finite() and abs(number.adjusted()) < _LONGEST and number == int(number)
        return str(int(number)) if exact else format(number, "f")
    if isinstance(number, Rounded) or not number.is_integer() or abs(number) >= EXACT:
        return _lost(number)
    return str(int(number))


def _lost(number: float) -> str:
    return f"{number:.16e}"
