"""Fill a casebook with cases, in SQLite and in a PostgreSQL of our own, and measure what its queue costs: a
page with its counts, by each filter and order, and many cases handed out at once.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import perf_counter

from investigations.casebook import Casebook
from investigations.cases import (
    IN_TURN,
    CaseColumn,
    CaseFilter,
    CaseKind,
    CasePriority,
    CaseSort,
    CaseState,
    NewCase,
    Sought,
)
from scripts.tools.postgres_server import postgres_server

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
LENDERS = ("bank_online", "consumer_finance", "p2p", "microloan")
AT_ONCE = 5_000
TIMES = 15
FILTERS = {
    "not closed": CaseFilter(open=True),
    "pending": CaseFilter(state=CaseState.PENDING),
    "one investigator's": CaseFilter(open=True, assignee="wang"),
    "nobody's": CaseFilter(open=True, assigned=False),
    "one kind": CaseFilter(open=True, kind=CaseKind.AGENT),
    "one type of lender": CaseFilter(open=True, lender="p2p"),
    "large exposures": CaseFilter(open=True, min_exposure=190_000),
    "overdue": CaseFilter(due_before=BEGAN + timedelta(days=30)),
    "one ring": CaseFilter(sought=Sought(rings=("R-40",))),
    "the beginning of an id": CaseFilter(sought=Sought(begins="R-400")),
    "one applicant": CaseFilter(sought=Sought(applicants=("A-41",), application="L-41", begins="A-41")),
}


def main() -> int:
    """Exit status 0: measured."""
    parser = argparse.ArgumentParser(description=__doc__, epilog="example: COMMAND --cases 100000")
    parser.add_argument("--cases", type=int, default=100_000, help="how many are in the casebook")
    options = parser.parse_args()
    figures = {}
    for name, opened in (("sqlite", _sqlite), ("postgresql", postgres_server)):
        with opened() as url, Casebook(url) as book:
            figures[name] = _measured(book, options.cases)
        print(f"{name}: measured", file=sys.stderr)
    print(json.dumps(figures, indent=1))
    return 0


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/casebook.db"


def _measured(book: Casebook, cases: int) -> dict[str, object]:
    """Milliseconds of the clock, the shortest of several times each: other work only makes it longer."""
    _fill(book, cases)
    handed = _hand_out(book)
    pages = {name: _page(book, wanted) for name, wanted in FILTERS.items()}
    sorts = {
        f"sorted by {column}": _page(book, CaseFilter(open=True), CaseSort(column, column.falls))
        for column in CaseColumn
    }
    last = _times(lambda: book.page(CaseFilter(open=True), 50, cases - 50))
    return {"a page with its counts, ms": pages | sorts, "the last page, ms": last} | handed


def _fill(book: Casebook, cases: int) -> None:
    rng = random.Random(7)
    kinds = [one for one in CaseKind if one is not CaseKind.APPLICANT]
    for number in range(cases):
        ring = number % 4 == 0
        about = NewCase(
            reason="ring_review" if ring else "risk_review",
            ring_id=f"R-{number}" if ring else None,
            applicant_id=None if ring else f"A-{number}",
            exposure=float(rng.randrange(200_000)),
            probability=rng.random() if rng.random() > 0.1 else None,
            kind=rng.choice(kinds) if ring else CaseKind.APPLICANT,
            lenders=tuple(rng.sample(LENDERS, 2)),
        )
        book.open_case(about, at=BEGAN + timedelta(minutes=number), by="review")


def _hand_out(book: Casebook) -> dict[str, float]:
    """A third of the cases are somebody's, as many at once as one request may name."""
    total = book.queue(CaseFilter(), 0)[0]
    chosen = _times(lambda: book.queue_versions(CaseFilter(), AT_ONCE))
    given = []
    for number in range(max(1, total // 3 // AT_ONCE)):
        some = book.queue_versions(CaseFilter(assigned=False), AT_ONCE)
        begun = perf_counter()
        book.assign_all(some, ("wang", "li", "zhao")[number % 3], at=BEGAN, by="wang")
        given.append(perf_counter() - begun)
    some = book.queue_versions(CaseFilter(), AT_ONCE)
    begun = perf_counter()
    book.rank_all(some, CasePriority.HIGH, at=BEGAN, by="wang")
    ranked = perf_counter() - begun
    return {
        "5,000 versions, ms": chosen,
        "5,000 assigned, ms": round(1000 * min(given), 1),
        "5,000 ranked, ms": round(1000 * ranked, 1),
    }


def _page(book: Casebook, wanted: CaseFilter, sort: CaseSort = IN_TURN) -> float:
    return _times(lambda: (book.queue_counts(wanted), book.page(wanted, 50, 0, sort)))


def _times(run: Callable[[], object]) -> float:
    run()
    taken = []
    for _ in range(TIMES):
        begun = perf_counter()
        run()
        taken.append(perf_counter() - begun)
    return round(1000 * min(taken), 1)


if __name__ == "__main__":
    raise SystemExit(main())
