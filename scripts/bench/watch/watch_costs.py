"""Let single facts come into a large store, of which a copy is made, and measure what a look at each costs
the watch, beside how many loans are watched.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from time import process_time
from typing import Any

import numpy as np

from graph.facts.loans import ENDED, loan_histories
from graph.frame.frame import Frame
from graph.journal.decode import journal_entry
from graph.journal.entry import decode
from graph.model.moments import micros
from graph.model.types import (
    Application,
    Event,
    Facts,
    IdentifierKind,
    Label,
    LabelValue,
    Mention,
    Outcome,
    OutcomeStatus,
)
from graph.stores.sqlite import SqliteStore
from investigations.watch.look import look
from investigations.watch.news import together
from investigations.watch.watched import USUAL_TERM, BeforeAndNow
from service.jobs.watcher import AT_ONCE

SECOND = timedelta(seconds=1)
YEAR = USUAL_TERM * timedelta(days=30)


def main() -> int:
    """Exit status 0: measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="example: .venv/bin/python -m scripts.bench.watch.watch_costs million.db"
    )
    parser.add_argument("store", type=Path, help="a SQLite store, which is copied")
    parser.add_argument("--folder", type=Path, default=Path("var/bench_watch"), help="where the copy goes")
    parser.add_argument("--facts", type=int, default=200, help="of each kind (default 200)")
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    shutil.copy(options.store, options.folder / "graph.db")
    with SqliteStore(options.folder / "graph.db") as store:
        frame = Frame.open(options.folder / "graph.frame", store)
        frame.catch_up(None, patience=3_600.0)
        print(json.dumps(_measured(store, frame, options.facts)))
    return 0


def _measured(store: SqliteStore, frame: Frame, count: int) -> dict[str, Any]:
    tables = frame.view(datetime.max.replace(tzinfo=UTC)).tables()
    newest = int(tables.applications["at"].max())
    now = datetime.fromtimestamp(newest / 1e6, UTC) + SECOND
    figures: dict[str, Any] = {
        "applications": len(tables.applications["at"]), "loans_in_force": _in_force(tables, now),
    }  # fmt: skip
    del tables
    # each person once: who asks twenty times a day is not whom a look is about
    lately = list(
        {one.applicant_id: one for one in frame.view(now).applications(now - timedelta(days=30))}.values()
    )
    rng = random.Random(1)
    costs, alerts = defaultdict[str, list[float]](list), defaultdict[str, int](int)
    for kind, facts, at in _facts(rng, lately, now, count):
        store.add(facts)
        frame.catch_up()
        ((revision, body),) = store.tail(store.revision() - 1)
        started = process_time()
        views = BeforeAndNow(frame.view(at, revision - 1), frame.view(at, revision))
        found = look(journal_entry(revision, decode(body)), views)
        costs[kind].append(process_time() - started)
        alerts[kind] += len(found.alerts)
    costs["an application of a look at many"] = _together(store, frame, rng, lately, now)
    for kind, seconds in costs.items():
        figures[kind] = {
            "median_us": round(1e6 * median(seconds)),
            "p95_us": round(1e6 * quantiles(seconds, n=20)[-1]),
            "alerts": alerts[kind],
        }
    return figures


def _together(
    store: SqliteStore, frame: Frame, rng: random.Random, lately: list[Application], now: datetime
) -> list[float]:
    """Seconds for each of several applications that are looked at together, one figure for each look."""
    out = []
    for n in range(4):
        before, at = store.revision(), now + timedelta(days=1 + n)
        for form in rng.sample(lately, AT_ONCE):
            store.add(
                Facts(
                    applications=(replace(form, application_id=f"{n}-{form.application_id}", applied_at=at),)
                )
            )
        frame.catch_up()
        started = process_time()
        for entry in together(store.journal(before)):
            look(
                entry, BeforeAndNow(frame.view(at + SECOND, before), frame.view(at + SECOND, entry.revision))
            )
            before = entry.revision
        out.append((process_time() - started) / AT_ONCE)
    return out


def _facts(
    rng: random.Random, lately: list[Application], now: datetime, count: int
) -> Iterator[tuple[str, Facts, datetime]]:
    """(kind, one fact, the moment after it): people who applied lately go on living."""
    for n in range(count):
        one, other = rng.sample(lately, 2)
        at = now + n * SECOND
        who = one.applicant_id
        shared = [m for m in other.mentions if m.identifier.kind is IdentifierKind.DEVICE]
        form = replace(one, application_id=f"bench-{n}", applied_at=at, mentions=(*one.mentions, *shared))
        login = Event(event_id=f"bench-{n}", kind="login", at=at, applicant_id=who, mentions=_devices(one))
        paid = Outcome(application_id=one.application_id, status=OutcomeStatus.DISBURSED, at=at)
        fraud = Label(label=LabelValue.FRAUD, known_at=at, source="desk", applicant_id=who)
        yield "application", Facts(applications=(form,)), at + SECOND / 2
        yield "login", Facts(events=(login,)), at + SECOND / 2
        yield "pay-out", Facts(outcomes=(paid,)), at + SECOND / 2
        yield "fraud label", Facts(labels=(fraud,)), at + SECOND / 2


def _devices(one: Application) -> tuple[Mention, ...]:
    return tuple(m for m in one.mentions if m.identifier.kind is IdentifierKind.DEVICE)


def _in_force(tables: Any, now: datetime) -> int:
    histories = loan_histories(tables)
    paid = histories.first([OutcomeStatus.DISBURSED])
    open_ones = (paid < micros(now)) & ~histories.ever(*ENDED) & (paid > micros(now - YEAR))
    return int(np.count_nonzero(open_ones))


if __name__ == "__main__":
    sys.exit(main())
