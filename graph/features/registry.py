"""Signals as data: a compiled measure of a neighbourhood with its texts, direction and path rule for
reasons.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeVar, get_args

from graph.features.path_rules import PathRule

Dimension = Literal["ring", "multi_lending", "device", "phone", "merchant", "behaviour", "verification"]
Direction = Literal["up", "down", "either"]
Unit = Literal["people", "count", "days", "share", "ratio", "score", "steps", "yes"]
DIMENSIONS: tuple[str, ...] = get_args(Dimension)

Measure = TypeVar("Measure", bound=Callable[..., float])
_FORMS = re.compile(r"\[([^|\]]*)\|([^\]]*)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A signal's compiled measure and everything that is said about it; its value is NaN where it is *not
    known*.

    `measure` takes the neighbourhood, its reading and `given`, numbers that say which of several signals it
    is. `direction`: whether a higher value is riskier (`up`), a lower one (`down`), or neither by itself
    (`either`: it informs the model and is no reason on its own). `text_en` and `text_zh` are as `render_text`
    takes them. `path_rule` is the way that shows it.
    """

    name: str
    dimension: Dimension
    direction: Direction
    unit: Unit
    text_en: str
    text_zh: str
    doc: str
    path_rule: PathRule
    measure: Callable[..., float]
    given: tuple[int, ...] = ()

    @property
    def code(self) -> str:
        """The stable reason code."""
        return self.name.upper()

    def texts(self, value: float) -> tuple[str, str]:
        """The reason in English and in Chinese, its value filled in."""
        return render_text(self.text_en, value, self.unit), render_text(self.text_zh, value, self.unit)


def render_text(text: str, value: float, unit: Unit) -> str:
    """A text with its `{value}` filled in as people read it, and with the form that the value asks for of
    each `[one|several]`.
    """
    shown = format_value(value, unit)
    return _FORMS.sub(lambda forms: forms[1 if shown == "1" else 2], text).format(value=shown)


def plural_form(text: str) -> str:
    """The text as it is said of several, for documents."""
    return _FORMS.sub(r"\2", text)


def format_value(value: float, unit: Unit) -> str:
    """A value as people read it: shares in per cent, counts whole, the rest to one or two places."""
    if unit == "share":
        return f"{value:.0%}"
    if unit in ("ratio", "score"):
        return f"{value:.2f}"
    return f"{value:.0f}" if float(value).is_integer() or value >= 10 else f"{value:.1f}"


@dataclass
class Family:
    """Signals of one module, in the order in which they are written; `fill`, the module's one compiled
    function, writes all of them so.

    `path_rule` is the way that shows those that name none of their own.
    """

    path_rule: PathRule
    members: list[Signal] = field(default_factory=list)

    def signal(
        self,
        dimension: Dimension,
        direction: Direction,
        unit: Unit,
        texts: tuple[str, str],
        finder: PathRule | None = None,
    ) -> Callable[[Measure], Measure]:
        """Make a signal of a measure: its name is the function's, its doc the docstring, `texts` English and
        Chinese.
        """

        def register(measure: Measure) -> Measure:
            created = Signal(
                name=measure.__name__,
                dimension=dimension,
                direction=direction,
                unit=unit,
                text_en=texts[0],
                text_zh=texts[1],
                doc=" ".join((measure.__doc__ or "").split()),
                path_rule=finder or self.path_rule,
                measure=measure,
            )
            self.members.append(created)
            return measure

        return register

    def __iter__(self) -> Iterator[Signal]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)
