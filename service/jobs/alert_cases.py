"""Cases that alerts open: about a borrower around whom something grave has happened."""

from __future__ import annotations

from collections.abc import Iterable

from graph.store.port import GraphView
from investigations.case_subjects import lender_types
from investigations.casebook import Casebook
from investigations.cases import WATCH, NewCase
from investigations.watch.alerts import Alert

BY = "watch"  # who opened such a case, in its history
PROBABILITY = 0.7
"""How many of the loans with an alert of grade `high` went bad in two made worlds (docs/alerts.md)."""


def open_cases(casebook: Casebook, alerts: Iterable[Alert], grades: frozenset[str], view: GraphView) -> int:
    """Open a case about each borrower whom a new alert of these grades is about, unless one is open; returns
    how many. An alert that is kept already opens none: its case may have been closed meanwhile.
    """
    wanted = [one for one in alerts if one.grade in grades and one.applicant_id is not None]
    known = casebook.known_alerts([one.alert_id for one in wanted])
    opened = 0
    for alert in wanted:
        who = str(alert.applicant_id)
        if alert.alert_id in known or casebook.has_open_case(who):
            continue
        loan = view.application(alert.subject.partition(":")[2])
        about = NewCase(
            reason=WATCH,
            applicant_id=who,
            reason_codes=(alert.code.value,),
            exposure=(loan.amount if loan else None) or 0.0,
            probability=PROBABILITY,
        )
        opened += casebook.open_case(about.at(lender_types(view, [who])), at=alert.at, by=BY)[1]
    return opened
