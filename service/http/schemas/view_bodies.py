"""The body that saves a view of the desk, as types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from graph.model.errors import InputError

MOST_BYTES = 400_000  # of one view: a drawing of some thousand nodes with their places
Node = Annotated[str, Meta(min_length=3, max_length=300)]
Day = Annotated[str, Meta(pattern=r"^(\d{4}-\d\d-\d\d)?$")]


class Spot(Struct):
    """Where a node stands, in units of the drawing."""

    x: float
    y: float


class Sifting(Struct, rename={"since": "from", "until": "to"}):
    """What is left out of the drawing, hidden, pinned, and how it is grouped."""

    kinds: Annotated[list[Annotated[str, Meta(max_length=40)]], Meta(max_length=60)]
    since: Day
    until: Day
    hidden: Annotated[list[Node], Meta(max_length=5000)]
    pinned: Annotated[list[Node], Meta(max_length=5000)]
    group: Literal["", "ring", "community"]


class Composition(Struct):
    """All that somebody made of a drawing."""

    opened: Annotated[list[Node], Meta(max_length=24)]
    work: Sifting
    places: dict[Node, Spot]

    def nodes(self) -> Iterator[str]:
        """Every node that it names."""
        yield from self.opened
        yield from self.work.hidden
        yield from self.work.pinned
        yield from self.places


class ViewSaving(Struct, kw_only=True):
    """Save a view: its name, of which node, as of when, and what was made of it."""

    name: Annotated[str, Meta(min_length=1, max_length=120)]
    node: Node
    as_of: Annotated[str, Meta(min_length=1, max_length=40)]
    made: dict[str, Any] = field(default_factory=dict)


def composition(made: dict[str, Any]) -> Composition:
    """`made` as its type. Raises InputError where it is none."""
    try:
        return msgspec.convert(made, Composition)
    except msgspec.ValidationError as error:
        raise InputError(f"made: {error}") from None


def packed(made: Composition) -> bytes:
    """As JSON. Raises InputError for one that is too large."""
    content = msgspec.json.encode(made)
    if len(content) > MOST_BYTES:
        raise InputError(f"made: larger than {MOST_BYTES} bytes")
    return content
