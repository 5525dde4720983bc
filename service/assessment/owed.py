"""What the graph store is owed: applications that were assessed while it was unavailable, and the labels of
verdicts.
"""

from __future__ import annotations

import logging

from graph.model.types import Facts
from graph.quantities import quantity
from graph.store.port import GraphStore
from investigations.casebook import Casebook
from service.assessment import audit_record

log = logging.getLogger("ringfence.outbox")

# applications brought in one batch: few at first, because a store that is only just back must take them
# within its patience
FEWEST, MOST = 20, 500


def deliver_pending(store: GraphStore, casebook: Casebook) -> int:
    """Deliver pending applications, oldest first; returns how many. Safe to repeat and to race: adding a fact
    is idempotent.

    Raises StoreUnavailableError when store or casebook cannot be used: all that was not brought is still
    owed.
    """
    brought, at_once = 0, FEWEST
    while owed := casebook.outbox_pending(at_once):
        applications = [
            application for one in owed if (application := audit_record.read(one)[1].application) is not None
        ]
        added = store.add(Facts(applications=tuple(applications)))
        for _, position in added.conflicts:
            log.warning(
                "application %s was owed, and is known with other content: left as it was",
                applications[position].application_id,
            )
        if added.refused:
            log.warning(
                "owed, and not taken because somebody erased is named: %s",
                quantity(len(added.refused), "application"),
            )
        casebook.outbox_delivered([one.assessment_id for one in owed])
        brought += len(owed)
        at_once = min(2 * at_once, MOST)
    return brought


def deliver_labels(store: GraphStore, casebook: Casebook) -> int:
    """Deliver the labels of verdicts that are owed to the store, oldest first; returns how many verdicts.
    Safe to repeat and to race.

    Raises StoreUnavailableError when store or casebook cannot be used: all that was not brought is still
    owed.
    """
    brought = 0
    while owed := casebook.owed_labels(MOST):
        added = store.add(Facts(labels=tuple(label for _, labels in owed for label in labels)))
        if added.refused:
            log.warning(
                "owed, and not taken because somebody erased is named: %s",
                quantity(len(added.refused), "label"),
            )
        casebook.labels_delivered([verdict for verdict, _ in owed])
        brought += len(owed)
    return brought
