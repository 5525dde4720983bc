"""What the watch found about a person's loans or a ring, for their panels and cases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from graph.model.errors import InputError
from graph.store.port import GraphView
from investigations.casebook import Casebook
from investigations.watch.alerts import Alert
from service.desk.subgraphs import split

LISTED = 20  # the latest ones
_LOANS = 200  # of a person, the latest


def about(casebook: Casebook, view: GraphView, node: str) -> tuple[Alert, ...]:
    """The latest alerts up to the view's moment, the newest first. Raises InputError for a node that is
    neither an applicant nor a ring.
    """
    kind, value = split(node)
    if kind == "ring":
        subjects = [node]
    elif kind == "applicant":
        loans = view.applications_of([value], _LOANS)[value]
        subjects = [f"application:{one.application_id}" for one in loans]
    else:
        raise InputError("node: the watch is about applicants and rings")
    return casebook.latest_alerts(subjects, view.as_of, LISTED)


def drawable(alert: Alert, time: Callable[[datetime | None], str | None]) -> dict[str, Any]:
    """The alert as `/alerts` shows it, its path by the drawing's names of nodes. `time` writes moments."""
    shown = alert.shown(time)
    return shown | {"evidence": shown["evidence"] | {"path": list(alert.path)}}
