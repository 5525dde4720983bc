"""Numbers as people write them: `￥1,234.50`, `1.2万元`, `12期`, `98.5%`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from ingestion.contract import Cell

_LONGEST = 64  # characters of a number, with all that people write around it
_NUMBER = r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)"
_TENS = MappingProxyType(
    {
        "": 1,
        "百": 100,
        "千": 1_000,
        "k": 1_000,
        "万": 10_000,
        "w": 10_000,
        "百万": 1_000_000,
        "千万": 10_000_000,
        "亿": 100_000_000,
    }
)
_FORMS: Mapping[Cell, re.Pattern[str]] = MappingProxyType(
    {
        Cell.AMOUNT: re.compile(
            rf"(?:(?:CNY|RMB|人民币)?\s*[¥￥]?)\s*{_NUMBER}\s*(百万|千万|[百千万亿wk]|)\s*(?:元整?|圆整?|块钱?|yuan|RMB|CNY)?",
            re.IGNORECASE,
        ),
        Cell.SHARE: re.compile(rf"{_NUMBER}()\s*(%)"),
        Cell.WHOLE: re.compile(
            rf"(?:共|分)?\s*{_NUMBER}()\s*(期|个月|月|年|months?|m|years?)?", re.IGNORECASE
        ),
    }
)


def number(text: str, cell: Cell) -> float:
    """The number that a visible text says: of money in yuan, of a term in months, of a share as a part of
    one. Raises ValueError.
    """
    result = _FORMS[cell].fullmatch(text) if len(text) <= _LONGEST else None
    if not result:
        raise ValueError(text)
    plain = float(result[1].replace(",", "")) * _TENS[result[2].lower()]
    if cell is Cell.SHARE:
        return plain / 100
    return (
        plain * 12 if cell is Cell.WHOLE and (result[3] or "").lower().startswith(("年", "year")) else plain
    )
