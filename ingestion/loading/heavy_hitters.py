"""Heavy hitters: values that thousands of people share, such as undeclared placeholders, counted in bounded
memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from graph.facts.hubs import COUNT_CAP
from graph.model.types import Application, Event, Identifier
from graph.store.port import GraphStore
from ingestion.parse import Fact

_REMEMBERED = 300_000  # values counted at once; then the rarer half is forgotten
_OFTEN = 100  # mentions in one load from which on the store is asked how many hold it
_PER_QUERY = 200


class HeavyHitters:
    """Counts mentions as they pass, in bounded memory. Such values link nobody (the port's hub guard); here
    they are found and named.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._identifiers: dict[str, Identifier] = {}

    def count(self, facts: Iterable[Fact]) -> None:
        """Count each fact's mentions; when there are too many values, forget those seen least."""
        for fact in facts:
            if not isinstance(fact, Application | Event):
                return  # a batch is of one table, and only these two mention anybody
            identifiers = {m.identifier.token: m.identifier for m in fact.mentions}
            self._counts.update(identifiers.keys())
            self._identifiers.update(identifiers)
        if len(self._counts) > _REMEMBERED:
            least = sorted(self._counts.values())[len(self._counts) // 2]
            self._counts = Counter({token: n for token, n in self._counts.items() if n > least})
            self._identifiers = {token: self._identifiers[token] for token in self._counts}

    def heavy(self, store: GraphStore, now: datetime) -> list[dict[str, object]]:
        """`{kind, masked, holders}` of each value with at least COUNT_CAP holders in the store, which counts
        no further.
        """
        often = [self._identifiers[token] for token, n in self._counts.most_common(_PER_QUERY) if n >= _OFTEN]
        if not often:
            return []
        held = store.view(now).holders_of(often, limit=1)
        return [
            {"kind": i.kind.value, "masked": i.masked, "holders": held[i].count}
            for i in often
            if held[i].count >= COUNT_CAP
        ]
