"""Live through a store's history day by day with the watch on, and measure its alerts: how many of the loans
that it names go bad, how many days before their first default, and what a fact costs.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from time import process_time
from typing import Any

from graph.facts.loans import DEFAULTED, LATE
from graph.frame.frame import Frame
from graph.model.types import Facts, OutcomeStatus, RingSnapshot
from graph.rings.projected import in_this_process
from graph.rings.search import PreviousFlags, search
from graph.rings.suspicion.people import through_frame
from graph.rings.weekly.snapshot import snapshot_of
from graph.stores.sqlite import SqliteStore
from investigations.watch.alerts import Alert, AlertGrade
from investigations.watch.look import look
from investigations.watch.watched import BeforeAndNow

DAY = timedelta(days=1)
WHEN = {
    "applications": "applied_at",
    "events": "at",
    "outcomes": "at",
    "labels": "known_at",
    "contacts": "at",
}


def main() -> int:
    """Exit status 0: measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="example: COMMAND world.db --reviews 7 --folder var/bench_alerts"
    )
    parser.add_argument("store", type=Path, help="a SQLite store with a history")
    parser.add_argument(
        "--folder", type=Path, default=Path("var/bench_alerts"), help="where it is lived again"
    )
    parser.add_argument("--reviews", type=int, default=7, help="days between two ring reviews; 0: none")
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    with SqliteStore(options.store) as store:
        days, undated = _by_day(store)
    with SqliteStore(options.folder / "lived.db") as store:
        life = Life(store, Frame.open(options.folder / "lived.frame", store))
        life.begin(undated)
        for n, day in enumerate(sorted(days)):
            life.live(day, days[day])
            if options.reviews and n > 60 and n % options.reviews == 0:
                life.review(day + DAY)
    print(json.dumps(_figures(life, days), indent=1))
    return 0


def _by_day(store: SqliteStore) -> tuple[Mapping[datetime, dict[str, list[Any]]], Facts]:
    """The dated facts of a store by the day on which they were known, and the undated ones."""
    days: dict[datetime, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    undated: dict[str, list[Any]] = defaultdict(list)
    for entry in store.journal():
        for table in (one.name for one in fields(Facts)):
            for fact in getattr(entry.facts, table):
                if table in WHEN:
                    at = getattr(fact, WHEN[table])
                    days[at.replace(hour=0, minute=0, second=0, microsecond=0)][table].append(fact)
                else:
                    undated[table].append(fact)
    return days, Facts(**{name: tuple(rows) for name, rows in undated.items()})


@dataclass
class Life:
    """A store that lives through the days, and what the watch found."""

    store: SqliteStore
    frame: Frame
    alerts: dict[str, Alert] = field(default_factory=dict)
    seconds: float = 0.0
    facts: int = 0
    costs: list[float] = field(default_factory=list)
    previous: RingSnapshot | None = None

    def begin(self, undated: Facts) -> None:
        self.store.add(undated)
        self.frame.catch_up()

    def live(self, day: datetime, facts: Mapping[str, list[Any]]) -> None:
        self.store.add(Facts(**{name: tuple(rows) for name, rows in facts.items()}))
        self._look(day + DAY, sum(map(len, facts.values())))

    def review(self, as_of: datetime) -> None:
        revision = self.store.revision()
        before = self.previous.rings if self.previous else ()
        flagged = tuple(ring for ring in before if ring.kind.flagged)
        closely = through_frame(self.store, revision, str(self.frame._files.folder.parent))
        found = search(
            in_this_process(self.store.view(as_of, revision).tables()), PreviousFlags(flagged), closely
        )
        self.previous = snapshot_of(found, f"{as_of:%Y-%m-%d}", as_of, before)
        self.store.save_rings(self.previous)
        self._look(as_of + timedelta(seconds=1), 0)

    def _look(self, now: datetime, facts: int) -> None:
        held = self.frame.revision
        self.frame.catch_up()
        for entry in self.store.journal(held):
            revision = entry.revision
            started = process_time()
            views = BeforeAndNow(self.frame.view(now, revision - 1), self.frame.view(now, revision))
            for alert in look(entry, views).alerts:
                self.alerts.setdefault(alert.alert_id, alert)
            took = process_time() - started
            if facts:
                self.seconds, self.facts = self.seconds + took, self.facts + facts
                self.costs.append(took / facts)


@dataclass
class _Loans:
    """When loans were paid out, when they first were late and in default, by application id."""

    paid: dict[str, datetime] = field(default_factory=dict)
    late: dict[str, datetime] = field(default_factory=dict)
    bad: dict[str, datetime] = field(default_factory=dict)
    at: Mapping[str, Any] = field(default_factory=dict)


def _loans(days: Mapping[datetime, Mapping[str, list[Any]]]) -> _Loans:
    loans = _Loans()
    for day in sorted(days):
        for outcome in sorted(days[day].get("outcomes", ()), key=lambda one: one.at):
            for statuses, into in (
                ((OutcomeStatus.DISBURSED,), loans.paid),
                (LATE, loans.late),
                (DEFAULTED, loans.bad),
            ):
                if outcome.status in statuses:
                    into.setdefault(outcome.application_id, outcome.at)
    return loans


def _figures(life: Life, days: Mapping[datetime, Mapping[str, list[Any]]]) -> dict[str, Any]:
    loans = _loans(days)
    went_bad = {loan for loan in loans.paid if loan in loans.late}
    of_loans = [one for one in life.alerts.values() if one.subject.startswith("application:")]
    by_code: dict[str, list[Alert]] = defaultdict(list)
    for alert in of_loans:
        by_code[alert.code].append(alert)
    return {
        "loans": len(loans.paid),
        "share_bad": round(len(went_bad) / max(1, len(loans.paid)), 4),
        "facts": life.facts,
        "microseconds_a_fact": round(1e6 * life.seconds / max(1, life.facts), 1),
        "microseconds_a_fact_by_day_p95": round(1e6 * quantiles(life.costs, n=20)[-1], 1),
        "alerts_about_rings": len(life.alerts) - len(of_loans),
        "all": _of(of_loans, loans, went_bad),
        "high": _of([one for one in of_loans if one.grade is AlertGrade.HIGH], loans, went_bad),
        **{code: _of(alerts, loans, went_bad) for code, alerts in sorted(by_code.items())},
    }


def _of(alerts: Iterable[Alert], loans: _Loans, went_bad: set[str]) -> dict[str, Any]:
    first: dict[str, datetime] = {}
    count = 0
    for alert in alerts:
        loan = alert.subject.removeprefix("application:")
        first[loan] = min(first.get(loan, alert.at), alert.at)
        count += 1
    # an alert after the loan was late says nothing new of it
    ahead = {loan: at for loan, at in first.items() if loan not in loans.late or at < loans.late[loan]}
    hits = {loan: at for loan, at in ahead.items() if loan in went_bad}
    warned = sorted((loans.late[loan] - at) / DAY for loan, at in hits.items())
    return {
        "alerts": count,
        "loans": len(first),
        "loans_not_yet_late": len(ahead),
        "precision": round(len(hits) / len(ahead), 3) if ahead else None,
        "share_of_bad_loans_warned_of": round(len(hits) / max(1, len(went_bad)), 3),
        "days_before_late_median": round(median(warned), 1) if warned else None,
        "share_a_week_ahead": round(1 - bisect_left(warned, 7) / len(warned), 2) if warned else None,
    }


if __name__ == "__main__":
    sys.exit(main())
