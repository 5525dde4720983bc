"""What one person, thing, shop or lender with tens of thousands of facts costs an answer of /risk, theirs and
a neighbour's: what is bounded.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from types import MappingProxyType

from graph.model.types import (
    Application,
    Contact,
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
    Ring,
    RingKind,
    RingMember,
    RingSnapshot,
)
from graph.store.evidence import Subject, subject_of
from graph.store.port import GraphStore
from graph.stores.sqlite import SqliteStore
from investigations.policy import Policy
from scripts.cli.command import Result, ended
from service.assessment.assess import assess_stored

EXAMPLE = """example:
  .venv/bin/python -m scripts.bench.risk.extremes --facts 20000"""
START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=300)
_STEP = timedelta(minutes=1)
_SLICE = 10_000
Extreme = Callable[[int], Facts]


def _thing(kind: IdentifierKind, name: str) -> Mention:
    return Mention(Identifier(kind, f"k1.{name}", f"***{name[-4:]}"))


SHARED = _thing(IdentifierKind.DEVICE, "shared")  # by the one with many facts and the neighbour


def _applies(
    who: str,
    n: int,
    *mentions: Mention,
    lender: str = "L1",
    shop: str | None = None,
    agent: str | None = None,
) -> Application:
    return Application(
        application_id=f"{who}-{n}", applicant_id=who, applied_at=START + n * _STEP, platform_id=lender,
        amount=5000.0, mentions=mentions, merchant_id=shop, agent_id=agent,
    )  # fmt: skip


def _happens(n: int, *mentions: Mention, who: str = "many", other: str | None = None) -> Event:
    return Event(
        event_id=f"e{n}",
        kind="transfer" if other else "login",
        at=START + n * _STEP,
        applicant_id=who,
        counterparty_id=other,
        mentions=mentions,
    )


def _labels(count: int) -> Facts:
    return Facts(labels=tuple(_label(n) for n in range(count)))


def _label(n: int) -> Label:
    value = LabelValue.GOOD if n % 2 else LabelValue.FRAUD
    return Label(label=value, known_at=START + n * _STEP, applicant_id="many", source=f"s{n % 97}")


def _outcomes(count: int) -> Facts:
    steps = tuple(OutcomeStatus)
    return Facts(
        outcomes=tuple(
            Outcome(application_id="many-0", status=steps[n % len(steps)], at=START + n * _STEP)
            for n in range(count)
        )
    )


def _events(count: int) -> Facts:
    return Facts(events=tuple(_happens(n) for n in range(count)))


def _mentions(count: int) -> Facts:
    return Facts(events=tuple(_happens(n, SHARED) for n in range(count)))


def _sent(count: int) -> Facts:
    return Facts(events=tuple(_happens(n, other=f"p{n}") for n in range(count)))


def _received(count: int) -> Facts:
    return Facts(events=tuple(_happens(n, who=f"p{n}", other="many") for n in range(count)))


def _things(count: int) -> Facts:
    return Facts(events=tuple(_happens(n, _thing(IdentifierKind.DEVICE, f"d{n}")) for n in range(count)))


def _contacts(count: int) -> Facts:
    phones = (_thing(IdentifierKind.PHONE, f"c{n}").identifier for n in range(count))
    return Facts(
        contacts=tuple(
            Contact(applicant_id="many", phone=phone, relation="friend", at=START + n * _STEP)
            for n, phone in enumerate(phones)
        )
    )


def _applications(count: int) -> Facts:
    return Facts(applications=tuple(_applies("many", n + 1, SHARED) for n in range(count)))


def _holders(count: int) -> Facts:
    return Facts(applications=tuple(_applies(f"h{n}", 1, SHARED) for n in range(count)))


def _hidden_holders(count: int) -> Facts:
    """Beside the shared thing: things that six people hold together, of whom each has many more."""
    things = (
        (_thing(IdentifierKind.DEVICE, f"shared{n % 8}"), _thing(IdentifierKind.PHONE, f"x{n}"))
        for n in range(count)
    )
    mine = _applies("neighbour", 1, *(_thing(IdentifierKind.DEVICE, f"shared{n}") for n in range(8)))
    return Facts(
        applications=(mine,),
        events=tuple(_happens(n, *named, who=f"h{n % 6}") for n, named in enumerate(things)),
    )


def _loans_at_a_shop(count: int) -> Facts:
    return Facts(applications=tuple(_applies(f"b{n}", n, shop="M1") for n in range(count)))


def _loans_through_an_agent(count: int) -> Facts:
    return Facts(applications=tuple(_applies(f"b{n}", n, agent="G1") for n in range(count)))


def _lenders(count: int) -> Facts:
    return Facts(
        platforms=tuple(Platform(platform_id=f"P{n}", type=PlatformType.MICROLOAN) for n in range(count))
    )


EXTREMES: Mapping[str, Extreme] = MappingProxyType(
    {
        "labels of a person": _labels,
        "outcomes of a loan": _outcomes,
        "events of a person": _events,
        "mentions of one device by a person": _mentions,
        "transfers from a person": _sent,
        "transfers to a person": _received,
        "devices of a person": _things,
        "contacts of a person": _contacts,
        "applications of a person": _applications,
        "holders of a device": _holders,
        "phones of each of 6 people at 8 devices": _hidden_holders,
        "loans at a merchant": _loans_at_a_shop,
        "loans through an agent": _loans_through_an_agent,
        "lenders": _lenders,
        "members of a ring": lambda _: Facts(),
    }
)


def measured(name: str, count: int, times: int) -> dict[str, float]:
    """Milliseconds of this process that an assessment takes, the median of some: of the one with many facts,
    and of a neighbour of theirs.
    """
    with filled(name, count) as store:
        return {who: _assessed(store, who, times) for who in ("many", "neighbour")}


@contextmanager
def filled(name: str, count: int) -> Iterator[SqliteStore]:
    """A store in which two people share a device, and so many facts lie in the place of that name."""
    with tempfile.TemporaryDirectory() as folder, SqliteStore(Path(folder) / "store.db") as store:
        store.add(Facts(applications=(_applies("many", 0, SHARED), _applies("neighbour", 0, SHARED))))
        _fill(store, EXTREMES[name](count))
        if name == "members of a ring":
            store.save_rings(
                RingSnapshot(
                    name="2026-W30", as_of=NOW - timedelta(days=1), rings=(_ring(count),), changes=()
                )
            )
        yield store


def application_of(who: str) -> Subject:
    """Their application at the merchant and through the agent, now."""
    created = _applies(who, 0, SHARED, shop="M1", agent="G1")
    return subject_of(replace(created, application_id="asked", applied_at=NOW))


def _fill(store: GraphStore, facts: Facts) -> None:
    for table in ("platforms", "applications", "events", "contacts", "outcomes", "labels"):
        rows = getattr(facts, table)
        for first in range(0, len(rows), _SLICE):
            store.add(Facts(**{table: rows[first : first + _SLICE]}))


def _assessed(store: GraphStore, who: str, times: int) -> float:
    subject = application_of(who)
    spent = []
    for _ in range(times):
        started = process_time()
        assess_stored(store.view(NOW), subject, None, Policy())
        spent.append((process_time() - started) * 1000)
    return round(statistics.median(spent[1:] or spent), 1)


def _ring(count: int) -> Ring:
    names = ["many", "neighbour", *(f"r{n}" for n in range(count - 2))]
    members = tuple(
        RingMember(applicant_id=one, role="core", joined_at=START, distance_to_core=0, strength=1.0)
        for one in names
    )
    return Ring(
        ring_id="R-1", kind=RingKind.RING, score=0.9, state="growing", first_seen=START, last_seen=START,
        confirmed_bad=1, suspected=2, bad_rate=0.1, exposure=1.0, shared_by_kind={"device": 3},
        hubs_ignored=0, density=0.1, burst_days=1.0, platforms=1, reason_codes=(), members=members,
    )  # fmt: skip


def main() -> int:
    """Exit status: 0 measured, 2 unusable arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--facts",
        type=int,
        default=20_000,
        metavar="N",
        help="how many facts are in one place (default 20000)",
    )
    parser.add_argument(
        "--times",
        type=int,
        default=12,
        metavar="N",
        help="assessments of which the median is given (default 12)",
    )
    parser.add_argument("--only", choices=tuple(EXTREMES), help="one of them")
    options = parser.parse_args()

    def run() -> Result:
        figures: dict[str, object] = {}
        for name in [options.only] if options.only else EXTREMES:
            sizes = (options.facts // 20, options.facts)
            figures[name] = {str(size): measured(name, size, options.times) for size in sizes}
            print(name, figures[name], file=sys.stderr, flush=True)
        return Result(figures)

    return ended("bench.extremes", run)


if __name__ == "__main__":
    sys.exit(main())
