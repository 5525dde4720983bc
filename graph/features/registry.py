"""Features by name: each a compiled function of a neighbourhood and its reading, with the words and the path by which it becomes a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from graph.signals import SIGNALS, SignalFunction

Measure = TypeVar("Measure", bound=Callable[..., float])


@dataclass(frozen=True, slots=True)
class Feature:
    """A signal as compiled code works it out: `measure(n, r, *given)`, NaN for *not known*; `said` is everything that is said about it."""

    name: str
    measure: Callable[..., float]
    given: tuple[int, ...]
    said: SignalFunction


@dataclass
class Family:
    """Features of one module, in the order in which they are written; `fill`, the module's one compiled function, writes all of them so."""

    members: list[Feature] = field(default_factory=list)

    def feature(self, measure: Measure) -> Measure:
        """Make a feature of a function: it is the signal of the function's name. Raises KeyError where there is no such signal."""
        self.add(measure.__name__, measure)
        return measure

    def add(self, name: str, measure: Callable[..., float], *given: int) -> None:
        """A feature whose function takes whole numbers that say which of several it is."""
        self.members.append(Feature(name, measure, given, SIGNALS[name]))

    def __iter__(self) -> Iterator[Feature]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)
