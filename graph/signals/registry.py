"""What a signal is: a named, documented measure of a reading, with the words and the path by which it becomes a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from graph.evidence import Evidence
from graph.signals.reading import Reading, read

Dimension = Literal["ring", "multi_lending", "device", "phone", "merchant", "behaviour", "verification"]
Direction = Literal["up", "down", "either"]
Unit = Literal["people", "count", "days", "share", "ratio", "score", "steps", "yes"]
Measure = Callable[[Reading], float | None]


class Path(NamedTuple):
    """Nodes from the application (or the applicant) to what shows the signal, and since when the last step has been shared."""

    nodes: tuple[str, ...]
    shared_since: datetime | None


PathFinder = Callable[[Reading], Path | None]


@dataclass(frozen=True, slots=True)
class Signal:
    """One value: None is *not known*, 0 is *known and none*. `detail` is the unit of the value."""

    name: str
    value: float | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalFunction:
    """A signal's measure and everything that is said about it.

    `direction`: whether a higher value is riskier (`up`), a lower one (`down`), or neither by itself (`either`: it informs the model and is
    no reason on its own). `text_en` and `text_zh` contain `{value}`.
    """

    name: str
    dimension: Dimension
    direction: Direction
    unit: Unit
    text_en: str
    text_zh: str
    doc: str
    measure: Measure
    path: PathFinder

    @property
    def code(self) -> str:
        """The stable reason code."""
        return self.name.upper()

    def evidence_path(self, evidence: Evidence) -> Path | None:
        """Where the subgraph shows it; None where nothing there does."""
        return self.path(read(evidence))

    def texts(self, value: float) -> tuple[str, str]:
        """The reason in English and in Chinese, its value filled in."""
        shown = worded(value, self.unit)
        return self.text_en.format(value=shown), self.text_zh.format(value=shown)


def worded(value: float, unit: Unit) -> str:
    """A value as people read it: shares in per cent, counts whole, the rest to one or two places."""
    if unit == "share":
        return f"{value:.0%}"
    if unit in ("ratio", "score"):
        return f"{value:.2f}"
    return f"{value:.0f}" if float(value).is_integer() or value >= 10 else f"{value:.1f}"


@dataclass
class Family:
    """Signals of one module, in the order in which they are written."""

    path: PathFinder
    members: list[SignalFunction] = field(default_factory=list)

    def signal(
        self, dimension: Dimension, direction: Direction, unit: Unit, texts: tuple[str, str], path: PathFinder | None = None
    ) -> Callable[[Measure], SignalFunction]:
        """Make a signal of a measure: its name is the function's, its doc the docstring, `texts` English and Chinese."""

        def register(measure: Measure) -> SignalFunction:
            made = SignalFunction(
                name=measure.__name__,
                dimension=dimension,
                direction=direction,
                unit=unit,
                text_en=texts[0],
                text_zh=texts[1],
                doc=" ".join((measure.__doc__ or "").split()),
                measure=measure,
                path=path or self.path,
            )
            self.members.append(made)
            return made

        return register

    def __iter__(self) -> Iterator[SignalFunction]:
        return iter(self.members)
