"""Row filters of a mapping: equality, sets, prefixes, and ranges of numbers and times."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.model.errors import DeliveryError, RecordError
from ingestion.cells import any_text, is_empty, moment_of
from ingestion.characters import visible
from ingestion.contract import Cell
from ingestion.digits import whole
from ingestion.excerpts import shown
from ingestion.mappings.mapping_words import known_keys, listed, text
from ingestion.written_numbers import number

TESTS: Mapping[str, Callable[[str, frozenset[str]], bool]] = {
    "is": lambda cell, given: cell in given,
    "is_not": lambda cell, given: cell not in given,
    "in": lambda cell, given: cell in given,
    "not_in": lambda cell, given: cell not in given,
    "starts_with": lambda cell, given: cell.startswith(tuple(given)),
}
RANGES: Mapping[str, Callable[[Any, Any], bool]] = {
    "at_least": lambda cell, bound: cell >= bound,
    "above": lambda cell, bound: cell > bound,
    "at_most": lambda cell, bound: cell <= bound,
    "below": lambda cell, bound: cell < bound,
}
_LISTS = frozenset(("in", "not_in"))
_KEYS = frozenset((*TESTS, *RANGES, "column", "time"))


@dataclass(frozen=True, slots=True)
class Condition:
    """A row is taken when its `column`, as text, passes the test; an empty cell is the empty text, and `1.0`
    is the whole number that it was.
    """

    column: str
    test: str
    given: frozenset[str]

    @classmethod
    def of(cls, column: str, test: str, given: Sequence[str]) -> Condition:
        """The condition on the texts that a mapping gives."""
        return cls(column, test, frozenset(map(whole, given)))

    def holds(self, cells: Mapping[str, Any]) -> bool:
        """Whether the row passes; what is no text passes as it is written, so that it is reported where it
        matters.
        """
        raw = cells.get(self.column)
        try:
            value = "" if is_empty(raw) else any_text(raw, self.column)
        except RecordError:
            value = str(raw)
        return TESTS[self.test](whole(value), self.given)


@dataclass(frozen=True, slots=True)
class Range:
    """A row is taken when its `column` lies on the right side of a number or of a moment; a cell that is
    neither lies on none.

    Moments are compared by the clock that they show, whatever zone they name. `time` is the form of the
    cells.
    """

    column: str
    test: str
    bound: float | datetime
    time: str = ""

    def holds(self, cells: Mapping[str, Any]) -> bool:
        """Whether the row passes."""
        raw = cells.get(self.column)
        if is_empty(raw):
            return False
        try:
            value = (
                _number(raw)
                if isinstance(self.bound, float)
                else moment_of(raw, self.time).replace(tzinfo=None)
            )
        except (ValueError, OverflowError, TypeError, RecordError):
            return False
        return RANGES[self.test](value, self.bound)


def read_conditions(spec: Any, place: str) -> tuple[Condition | Range, ...]:
    """What an entry of `where` asks, each test a condition of its own. Raises DeliveryError."""
    known_keys(spec, _KEYS, place)
    tests = [key for key in spec if key not in ("column", "time")]
    if not tests or "column" not in spec:
        raise DeliveryError(
            f"{place}: a condition is a `column` and one or more of {', '.join((*TESTS, *RANGES))}, not "
            f"{shown(spec)}"
        )
    column, form = text(spec["column"], "column", place), text(spec.get("time", ""), "time", place)
    return tuple(
        _range(column, test, spec[test], form, place)
        if test in RANGES
        else _test(column, test, spec[test], place)
        for test in tests
    )


def _test(column: str, test: str, given: Any, place: str) -> Condition:
    if test in _LISTS and not isinstance(given, list):
        raise DeliveryError(f"{place}: `{test}` takes a list")
    values = (
        listed(given, test, place)
        if test in _LISTS or (test == "starts_with" and isinstance(given, list))
        else [given]
    )
    return Condition.of(column, test, [text(value, test, place) for value in values])


def _range(column: str, test: str, given: Any, form: str, place: str) -> Range:
    bound = text(given, test, place)
    try:
        return Range(
            column, test, moment_of(bound, "").replace(tzinfo=None) if form else _number(bound), form
        )
    except ValueError:
        pass
    try:
        return Range(column, test, moment_of(bound, "").replace(tzinfo=None), form)
    except ValueError as error:
        raise DeliveryError(
            f"{place}: {shown(bound)} is neither a number nor a time; 5000 and 2025-01-01 are"
        ) from error


def _number(raw: Any) -> float:
    if isinstance(raw, str):
        value = visible(raw)
        try:
            return float(value)
        except ValueError:
            return number(value, Cell.AMOUNT)
    if isinstance(raw, bool):
        raise TypeError
    return float(raw)
