"""A store that is watched while facts come in: what each delivery is worth, and the slow way to know it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from graph.facts.fraud_labels import fraud_status
from graph.model.types import Facts, RingSnapshot
from graph.store.port import GraphStore, GraphView
from investigations.watch.look import look
from investigations.watch.messages import WatchFindings
from investigations.watch.watched import BeforeAndNow, bonds_of, loans_in_force


class Watched:
    """A store, and a watch that looks at each delivery as it comes."""

    def __init__(self, store: GraphStore) -> None:
        self.store = store

    def add(self, facts: Facts | RingSnapshot, now: datetime) -> WatchFindings:
        """Deliver, and look as of `now`."""
        revision = self.store.revision()
        if isinstance(facts, RingSnapshot):
            self.store.save_rings(facts)
        else:
            self.store.add(facts)
        alerts, messages = [], []
        for entry in self.store.journal(revision):
            position = entry.revision
            views = BeforeAndNow(self.store.view(now, position - 1), self.store.view(now, position))
            findings = look(entry, views)
            alerts += findings.alerts
            messages += findings.messages
        return WatchFindings(tuple(alerts), tuple(messages))


def known_bad_nearby(view: GraphView, people: list[str]) -> set[tuple[str, str]]:
    """(loan, person) wherever the borrower of a loan in force is strongly tied to somebody known for fraud:
    everybody is looked at, whatever is new.
    """
    return set(_pairs(view, people))


def _pairs(view: GraphView, people: list[str]) -> Iterator[tuple[str, str]]:
    labels = view.labels_of(people)
    for who, loans in loans_in_force(view, people).items():
        for other in bonds_of(view, [who]).get(who, {}):
            if fraud_status(labels[other]).fraud:
                for loan in loans:
                    yield loan.application.application_id, other
