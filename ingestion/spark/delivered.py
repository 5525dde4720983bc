"""A delivery on the cluster: its stages, one after the other, and the facts that they come to.

Every stage is there whole or not at all, so a run that was cut off goes on where it stopped, by the clock
with which it began.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np

from graph.facts.tables import Tables
from graph.model.errors import DeliveryError
from graph.model.moments import micros, moment
from graph.model.types import Facts, Platform
from graph.rings.spark.buckets import Rows, whole, write_bucket
from graph.rings.spark.raw_facts import PEOPLE_AT_ONCE, RawFacts
from graph.rings.spark.stages import Stages
from graph.store.port import GraphStore
from graph.stores.sqlite import SqliteStore
from ingestion.loading.delivery import Delivery
from ingestion.loading.report import Report
from ingestion.parse_context import ParseContext
from ingestion.spark.figures import Written, counts_by_feed, report_of
from ingestion.spark.journal import ShardJournal
from ingestion.spark.parsing import FACT_KINDS, FACTS, Parsing, parsed
from ingestion.spark.pieces import Piece, piece_at, pieces_of
from ingestion.spark.plan import DeliveryPlan
from ingestion.spark.refused import REFUSED, refused
from ingestion.spark.routes import routed
from ingestion.spark.shards import Sharding, sharded

LENDERS, PARSED, SHARDED = "lenders", "parsed", "sharded"
_CLOCK = "clock"


class Delivered:
    """The facts of a delivery, made in `stages`; `context` says how records are read, and the clock of a run
    that begins.

    Raises DeliveryError where nobody is in it.
    """

    def __init__(self, stages: Stages, delivery: Delivery, context: ParseContext, plan: DeliveryPlan) -> None:
        self._stages, self._delivery, self._plan = stages, delivery, plan
        stages.made(_CLOCK, lambda place: _write_clock(place, context.now))
        now = moment(int(whole(stages.folder, _CLOCK, {"now": "i8"})["now"][0]))
        self._pieces = pieces_of(delivery)
        self._first = sum(delivery.feeds[piece.feed].table.name == "platforms" for piece in self._pieces)
        if self._first == len(self._pieces):
            raise DeliveryError(
                f"{delivery.name}: there is nobody in it, of all tables it has the lenders alone"
            )
        self._context = replace(context, now=now, repeats=None, zone=delivery.zone(context.zone))
        self._lenders = self._lenders_first()
        self._run()

    @property
    def past(self) -> str:
        """A name for what it holds."""
        return self._plan.name

    def raw(self, at: datetime) -> RawFacts:
        """The facts as of one of the plan's moments."""
        place = f"{self._stages.place(SHARDED)}/moment_{self._plan.moments.index(at)}"
        return RawFacts(micros(at), self._plan.zone, lambda: (place,), partial(_nobody, self._plan.zone, at))

    def journal(self) -> ShardJournal:
        """All facts, whatever their time."""
        edition = int(self._plan.name[:15], 16) + 1
        return ShardJournal(self._stages.folder, SHARDED, self._lenders.platforms, edition)

    def report(self, report_to: Path) -> Report:
        """What became of the rows, written down there with the rejects."""
        work = self._parsing(frozenset())
        there = refused(self._stages, SHARDED, work, self._lenders.conflicts)
        parsed_in = {LENDERS: 0, PARSED: self._first} if self._first else {PARSED: 0}
        written = Written(
            self._stages.folder, parsed_in, REFUSED if there else "", SHARDED, self._lenders.taken
        )
        return report_of(self._delivery, written, report_to)

    # -- the stages

    def _lenders_first(self) -> _Lenders:
        """Every application must name a lender that is then known."""
        if not self._first:
            return _Lenders((), {}, ())
        work = self._parsing(None)
        self._stages.each(LENDERS, self._first, partial(parsed, work=work))
        rows = whole(self._stages.folder, f"{LENDERS}/{FACTS}", FACT_KINDS)
        with _store() as store:
            return _lenders(store, rows, self._pieces, self._context.now)

    def _run(self) -> None:
        stages, plan = self._stages, self._plan
        known = frozenset(lender.platform_id for lender in self._lenders.platforms)
        count = len(self._pieces) - self._first
        stages.each(PARSED, count, partial(parsed, work=self._parsing(known), first=self._first))
        counted = counts_by_feed(stages.folder, {PARSED: self._first})
        shards = plan.shards or stages.buckets(sum(one.good for some in counted.values() for one in some))
        routed(stages, PARSED, shards)
        feeds = self._delivery.feeds
        applied = any(
            one.good
            for feed, some in counted.items()
            for one in some
            if feeds[feed].table.name == "applications"
        )
        work = Sharding(self._lenders.platforms, self._pieces, plan.moments, PEOPLE_AT_ONCE, applied)
        stages.each(SHARDED, shards, partial(sharded, work=work))

    def _parsing(self, lenders: frozenset[str] | None) -> Parsing:
        return Parsing(self._delivery, self._pieces, replace(self._context, platforms=lenders))


@dataclass(frozen=True)
class _Lenders:
    """The lenders that are known, how many rows were `taken` of each feed, and the rows in conflict."""

    platforms: tuple[Platform, ...]
    taken: dict[int, Counter[str]]
    conflicts: tuple[int, ...]


def _lenders(store: GraphStore, rows: Rows, pieces: tuple[Piece, ...], now: datetime) -> _Lenders:
    taken: dict[int, Counter[str]] = {}
    conflicts: list[int] = []
    read: Callable[[str], Platform] = msgspec.json.Decoder(Platform).decode
    for place in np.argsort(rows["position"], kind="stable").tolist():
        position = int(rows["position"][place])
        added = store.add(Facts(platforms=(read(rows["fact"][place]),)))
        feed = taken.setdefault(pieces[piece_at(position)].feed, Counter())
        feed.update(accepted=added.accepted, known=added.known)
        conflicts += [position] * len(added.conflicts)
    return _Lenders(tuple(store.view(now).platforms().values()), taken, tuple(conflicts))


@contextmanager
def _store() -> Iterator[SqliteStore]:
    with TemporaryDirectory(prefix="ringfence-lenders-") as own, SqliteStore(Path(own) / "own.db") as store:
        yield store


def _nobody(zone: str, at: datetime) -> Tables:
    with _store() as store:
        store.zone = zone
        return store.view(at).tables()


def _write_clock(place: str, now: datetime) -> None:
    write_bucket(place, 0, {"now": np.array([micros(now)], "i8")})
