"""Evidence paths of signals and variables in names, as reasons give them."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from graph.features import path_rules
from graph.features.lending.multi_lending import key_bits
from graph.features.path_rules import PathRule
from graph.features.paths.finding import find
from graph.features.paths.path_buffer import Node, PathBuffer, path_buffer_for
from graph.features.signals.catalogue import SIGNALS
from graph.features.workspace import Precomputed
from graph.frame.neighbourhood import UNDATED, Neighbourhood
from graph.frame.node_names import NodeNames
from graph.kernels.by_address import address_of
from graph.model.moments import moment
from graph.model.types import Application


class Path(NamedTuple):
    """Nodes from the application (or the applicant) to what shows something, and since when the last step has
    been shared.
    """

    nodes: tuple[str, ...]
    shared_since: datetime | None


class EvidencePath(NamedTuple):
    """A path in names, and whether it leads beyond the application and its applicant."""

    path: Path
    beyond: bool


class EvidencePaths:
    """Finds evidence paths through one neighbourhood and gives them in names; `asked` is the application in
    question.

    `n`, `r` and the room of the trail are used, not kept: a guide is of no use any more when the next subject
    is looked at.
    """

    def __init__(
        self,
        n: Neighbourhood,
        r: Precomputed,
        names: NodeNames,
        application: Application | None,
        trail: PathBuffer | None = None,
    ) -> None:
        self._n, self._r, self._names, self._application = n, r, names, application
        self._trail = path_buffer_for(n) if trail is None else trail
        self._named: dict[tuple[int, int], str] = {}  # nodes that a path of this answer went by

    def to_signal(self, name: str) -> EvidencePath | None:
        """To what shows the signal; None where nothing there does."""
        return self.by(SIGNALS[name].path_rule)

    def by(self, finder: PathRule) -> EvidencePath | None:
        """That way; None where it leads nowhere."""
        where = address_of(self._n), address_of(self._r), address_of(self._trail)
        return self._in_names() if find(*where, *map(int, finder)) else None

    def to_variable(self, name: str) -> EvidencePath | None:
        """Over the key of a multi-lending variable to the latest application counted under it."""
        return self.by(path_rules.lending(key_bits(name)))

    @cached_property
    def itself(self) -> Path:
        """From the application in question to its applicant; without one the applicant alone."""
        shown = self.by(path_rules.TO_SUBJECT)
        assert shown is not None  # it is there, whatever else is
        return shown.path

    def _in_names(self) -> EvidencePath:
        about = self._trail.about[0]
        steps = self._trail.steps[: about["steps"]].tolist()
        since = int(about["since"])
        shared_since = None if since == UNDATED else moment(since)
        if shared_since is None and steps[-1][0] == Node.RING and steps[-2][0] == Node.PERSON:
            shared_since = self._names.joined(steps[-2][1])
        return EvidencePath(
            Path(tuple([self._node(*one) for one in steps]), shared_since), bool(about["beyond"])
        )

    def _node(self, node: int, number: int) -> str:
        name = self._named.get((node, number))
        if name is None:
            name = self._named[node, number] = self._name_of(node, number)
        return name

    def _name_of(self, node: int, number: int) -> str:
        names = self._names
        if node == Node.IDENTIFIER:
            return names.identifier(number).node
        if node == Node.PERSON:
            return f"applicant:{names.person(number)}"
        if node == Node.APPLICATION:
            return f"application:{names.application(number)}"
        if node == Node.RING:
            return f"ring:{names.ring(number)}"
        assert self._application is not None  # a way to a shop begins there
        return (
            f"merchant:{self._application.merchant_id}"
            if node == Node.MERCHANT
            else f"agent:{self._application.agent_id}"
        )
