"""Exact JSON: keeps every digit of a number, and reports duplicate keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

from graph.model.errors import RecordError
from ingestion.digits import Rounded, whole

_MOST_REPORTED = 20  # keys given twice that are told of one value
_HALVES = re.compile(r"\\u[dD][89a-fA-F]")  # escapes that may be half of a surrogate pair


class Doubled(dict[str, Any]):
    """An object in which keys stand twice; what it holds is what stood last."""

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        seen: set[str] = set()
        self.twice = tuple(dict.fromkeys(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]

    def problems(self, path: str = "") -> list[RecordError]:
        """One for each such key of this object, which lies at `path` of a body."""
        return [
            RecordError(f"{path}.{key}".removeprefix("."), "given_twice", "is given twice in one object")
            for key in self.twice
        ]


def decoded(text: str, *, nan: bool = False, deepest: int) -> Any:
    """The value of a JSON text: numbers with a point are Decimals, those that may have lost digits Rounded.

    `nan`: whether the NaN and Infinity of other writers are read. Raises ValueError for what is no JSON, for
    half of a surrogate pair, and for more than `deepest` groups and lists within one another.
    """
    try:
        value = (_LENIENT if nan else _STRICT).decode(text)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    if text.count("{") + text.count("[") > deepest and _deeper(value, deepest):
        raise ValueError(f"it is nested too deep: at most {deepest} groups and lists within one another")
    if _HALVES.search(text) and not _is_unicode(value):
        raise ValueError("half of a surrogate pair is no character")
    return value


def _deeper(value: Any, most: int) -> bool:
    """Whether there are more than `most` groups and lists within one another."""
    level = [value]
    for _ in range(most + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def doubles(value: Any) -> list[RecordError]:
    """A problem for every key that stands twice, at any depth; of very many the first."""
    return list(islice(_doubles(value, ""), _MOST_REPORTED))


def _doubles(value: Any, path: str) -> Iterator[RecordError]:
    """Values are never nested deeper than they may be."""
    if isinstance(value, Doubled):
        yield from value.problems(path)
    within = value.items() if isinstance(value, dict) else enumerate(value)
    for place, held in within:
        if held and isinstance(held, dict | list):
            yield from _doubles(
                held, f"{path}.{place}".removeprefix(".") if isinstance(value, dict) else f"{path}[{place}]"
            )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    return result if len(result) == len(pairs) else Doubled(pairs)


def _number(text: str) -> Decimal | float:
    """A float's own `9007199254740992.0` may have lost digits as a cell of a csv file may."""
    return Rounded(text) if "e" in whole(text).lower() else Decimal(text)


def _refused(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


def _is_unicode(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return False
    return True


_STRICT = json.JSONDecoder(object_pairs_hook=_object, parse_float=_number, parse_constant=_refused)
_LENIENT = json.JSONDecoder(object_pairs_hook=_object, parse_float=_number)
