"""What one read of the neighbourhood brought: answers to the walk's questions, so that most walks ask the server once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graph.model import Event, Identifier, Tie
from graph.neo4j_store.codec import event_of, tie_of
from graph.neo4j_store.intern import Interned


@dataclass
class Ahead:
    """Facts of one view (its moment and mark), complete for what is in it: ties and dealings by person, counts and all ties by identifier.

    A question that it cannot answer goes to the server; the answers are the same.
    """

    ties: dict[str, list[Tie]] = field(default_factory=dict)
    dealings: dict[str, list[Event]] = field(default_factory=dict)
    counts: dict[Identifier, int] = field(default_factory=dict)
    holders: dict[Identifier, list[Tie]] = field(default_factory=dict)

    def take(self, seed: str, mentioned: Sequence[Identifier], row: Sequence[Any], interned: Interned) -> None:
        """Take in the record of cypher_nearby.NEIGHBOURHOOD; an identifier that was mentioned and is not in it has never been stored."""
        whole, held, counted, dealt, people, beyond = row
        self.counts.update(dict.fromkeys(mentioned, 0))
        by_node = {}
        for told, holders, ties in [*counted, *beyond]:
            identifier = by_node[told[0]] = interned.identifier(told)
            self.counts[identifier] = holders
            if holders < 0:
                del self.counts[identifier]
            if ties:
                self.holders[identifier] = [tie_of(who, identifier, tie) for who, tie in ties]
        if whole is not False:
            self.ties[seed] = [tie_of(seed, by_node[node], tie) for node, tie in held]
        self.dealings[seed] = [event_of(e) for e in dealt]
        for who, ties, dealings in people:
            if ties is not None:
                self.ties[who] = [tie_of(who, by_node[node], tie) for node, tie in ties]
            self.dealings[who] = [event_of(e) for e in dealings]
