"""Which way shows each signal and variable, and the way itself in names: what a reason gives as its evidence."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from graph.features import finders
from graph.features.catalogue import SIGNALS
from graph.features.finders import Finder
from graph.features.multi_lending import key_bits
from graph.features.paths import find
from graph.features.room import Reading
from graph.features.trail import Node, Trail, trail_for
from graph.frame.names import Names
from graph.frame.neighbourhood import UNDATED, Neighbourhood
from graph.model.moments import moment
from graph.model.types import Application


class Path(NamedTuple):
    """Nodes from the application (or the applicant) to what shows something, and since when the last step has been shared."""

    nodes: tuple[str, ...]
    shared_since: datetime | None


class Shown(NamedTuple):
    """A path in names, and whether it leads beyond the application and its applicant."""

    path: Path
    beyond: bool


class Guide:
    """Goes ways through one neighbourhood that was read, and says them in names; `asked` is the application in question.

    `n`, `r` and the room of the trail are used, not kept: a guide is of no use any more when the next subject is looked at.
    """

    def __init__(self, n: Neighbourhood, r: Reading, names: Names, asked: Application | None, trail: Trail | None = None) -> None:
        self._n, self._r, self._names, self._asked = n, r, names, asked
        self._trail = trail_for(n) if trail is None else trail

    def to_signal(self, name: str) -> Shown | None:
        """To what shows the signal; None where nothing there does."""
        return self.by(SIGNALS[name].finder)

    def by(self, finder: Finder) -> Shown | None:
        """That way; None where it leads nowhere."""
        return self._said() if find(self._n, self._r, self._trail, Finder(*map(int, finder))) else None

    def to_variable(self, name: str) -> Shown | None:
        """Over the key of a multi-lending variable to the latest application counted under it."""
        return self.by(finders.lending(key_bits(name)))

    @cached_property
    def itself(self) -> Path:
        """From the application in question to its applicant; without one the applicant alone."""
        shown = self.by(finders.TO_SUBJECT)
        assert shown is not None  # it is there, whatever else is
        return shown.path

    def _said(self) -> Shown:
        about = self._trail.about[0]
        steps = self._trail.steps[: about["steps"]].tolist()
        since = int(about["since"])
        shared_since = None if since == UNDATED else moment(since)
        if shared_since is None and steps[-1][0] == Node.RING and steps[-2][0] == Node.PERSON:
            shared_since = self._names.joined(steps[-2][1])
        return Shown(Path(tuple(self._node(*one) for one in steps), shared_since), bool(about["beyond"]))

    def _node(self, node: int, number: int) -> str:
        names = self._names
        if node == Node.IDENTIFIER:
            return names.identifier(number).node
        if node == Node.PERSON:
            return f"applicant:{names.person(number)}"
        if node == Node.APPLICATION:
            return f"application:{names.application(number)}"
        if node == Node.RING:
            return f"ring:{names.ring(number)}"
        assert self._asked is not None  # a way to a shop begins there
        return f"merchant:{self._asked.merchant_id}" if node == Node.MERCHANT else f"agent:{self._asked.agent_id}"
