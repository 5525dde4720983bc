"""Let facts come one by one into stores with so many loans in force, and measure what each costs the watch
from the new revision to the kept alert: by the fact, whatever the number of loans.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import Any

from graph.model.types import (
    Application,
    Event,
    Facts,
    Identifier,
    IdentifierKind,
    Label,
    LabelValue,
    Mention,
    Outcome,
    OutcomeStatus,
    Platform,
    PlatformType,
)
from graph.stores.sqlite import SqliteStore
from investigations.casebook.alert_files import AlertFilter
from service.assessment.context import AppContext
from service.jobs.watcher import Watcher
from service.settings import Settings
from service.wiring import wire

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LENT_OVER = timedelta(days=330)  # of a term of twelve months: every loan is in force
SECOND = timedelta(seconds=1)
AT_ONCE = 20_000  # applications that are added together
TOGETHER = 3  # people who share a device: a family
LENDERS = 5


@dataclass
class Clock:
    """The service's clock, which the facts move."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def main() -> int:
    """Exit status 0: measured."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="example: python -m scripts.bench.watch.watched_loans --loans 10000 1000000",
    )
    parser.add_argument("--loans", type=int, nargs="+", default=[10_000, 1_000_000], help="in force")
    parser.add_argument("--facts", type=int, default=200, help="of each kind (default 200)")
    parser.add_argument("--folder", type=Path, default=Path("var/bench_watched"), help="where stores go")
    options = parser.parse_args()
    for loans in options.loans:
        shutil.rmtree(options.folder, ignore_errors=True)
        options.folder.mkdir(parents=True)
        began = perf_counter()
        _lend(options.folder / "graph.db", loans)
        made = perf_counter() - began
        figures = _measured(options.folder, loans, options.facts)
        print(json.dumps({"loans": loans, "made_s": round(made), **figures}), flush=True)
    return 0


def _lend(path: Path, loans: int) -> None:
    """A store of people with a loan each, all paid out within the year, families on one device."""
    with SqliteStore(path) as store:
        kinds = tuple(PlatformType)
        store.add(
            Facts(
                platforms=tuple(
                    Platform(platform_id=f"L{n}", type=kinds[n % len(kinds)], is_own=n == 0)
                    for n in range(LENDERS)
                )
            )
        )
        for first in range(0, loans, AT_ONCE):
            asked = [
                _application(n, NOW - LENT_OVER * (1 - n / loans))
                for n in range(first, min(first + AT_ONCE, loans))
            ]
            paid = tuple(
                Outcome(
                    application_id=one.application_id,
                    status=OutcomeStatus.DISBURSED,
                    at=one.applied_at + SECOND,
                )
                for one in asked
            )
            store.add(Facts(applications=tuple(asked), outcomes=paid))


def _application(n: int, at: datetime) -> Application:
    things = (
        (IdentifierKind.PHONE, n),
        (IdentifierKind.NATIONAL_ID, n),
        (IdentifierKind.DEVICE, n // TOGETHER),
    )
    return Application(
        application_id=f"a{n}",
        applied_at=at,
        applicant_id=f"p{n}",
        platform_id=f"L{n % LENDERS}",
        amount=5_000.0,
        term_months=12,
        mentions=tuple(Mention(_thing(kind, f"{kind.value}{which}")) for kind, which in things),
    )


def _thing(kind: IdentifierKind, token: str) -> Identifier:
    return Identifier(kind, f"k1.{token}", f"***{token[-4:]}")


def _measured(folder: Path, loans: int, count: int) -> dict[str, Any]:
    """Milliseconds that a fact costs the watch, by kind."""
    clock = Clock()
    settings = Settings(
        store=f"sqlite:///{folder}/graph.db",
        casebook=f"sqlite:///{folder}/casebook.db",
        frame=str(folder / "graph.frame"),
        hash_key="a key for made worlds, long enough to be taken",
    )
    context = wire(settings, clock=clock)
    try:
        frame = context.views.frame
        assert frame is not None, "a store of this size has a frame"
        frame.catch_up(None, patience=3_600.0)
        watcher = Watcher(context)
        watcher.step()
        costs = _costs(context, watcher, clock, _facts(loans, count))
        alerts = len(context.casebook.alerts(AlertFilter(), limit=10_000)[0])
    finally:
        context.close()
    return costs | {"alerts": alerts}


def _costs(
    context: AppContext, watcher: Watcher, clock: Clock, facts: Iterator[tuple[str, Facts]]
) -> dict[str, Any]:
    spent = defaultdict[str, list[tuple[float, float]]](list)
    for kind, fact in facts:
        context.store.add(fact)
        clock.now += SECOND
        started, by_the_wall = process_time(), perf_counter()
        while not watcher.step():
            pass
        spent[kind].append((process_time() - started, perf_counter() - by_the_wall))
    return {
        kind: {
            "median_ms": round(1e3 * median(one for one, _ in each), 2),
            "p95_ms": round(1e3 * quantiles((one for one, _ in each), n=20)[-1], 2),
            "wall_median_ms": round(1e3 * median(wall for _, wall in each), 2),
        }
        for kind, each in spent.items()
    }


def _facts(loans: int, count: int) -> Iterator[tuple[str, Facts]]:
    """(kind, one fact): borrowers go on living."""
    rng = random.Random(1)
    for n in range(count):
        who, other, bad = (rng.randrange(loans) for _ in range(3))
        at = NOW + 4 * n * SECOND
        device = Mention(_thing(IdentifierKind.DEVICE, f"device{other // TOGETHER}"))
        form = _application(who, at)
        again = replace(form, application_id=f"again-{n}", mentions=(*form.mentions, device))
        yield "login", Facts(events=(_login(n, who, at),))
        yield (
            "pay-out",
            Facts(outcomes=(Outcome(application_id=f"a{other}", status=OutcomeStatus.DISBURSED, at=at),)),
        )
        yield "application on another's device", Facts(applications=(again,))
        yield (
            "fraud label",
            Facts(
                labels=(Label(label=LabelValue.FRAUD, known_at=at, source="desk", applicant_id=f"p{bad}"),)
            ),
        )


def _login(n: int, who: int, at: datetime) -> Event:
    device = Mention(_thing(IdentifierKind.DEVICE, f"device{who // TOGETHER}"))
    return Event(event_id=f"login-{n}", kind="login", at=at, applicant_id=f"p{who}", mentions=(device,))


if __name__ == "__main__":
    sys.exit(main())
