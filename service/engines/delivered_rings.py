"""Rings of a delivery that no store takes: where a review finds its facts, on a Spark cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from graph.model.errors import NotFoundError
from graph.model.rings_in_turn import AnySnapshot, RingsInTurn
from graph.model.types import Ring
from graph.rings.projected import Projected
from graph.rings.suspicion.people import SuspectSignals, through_journal
from ingestion.loading.delivery import Delivery
from ingestion.loading.found import FoundDelivery
from ingestion.loading.report import Report
from ingestion.parse_context import ParseContext
from ingestion.spark.plan import DeliveryPlan
from investigations.cases import NewCase
from service.engines.cluster import ClusterPlan, opened_cluster
from service.engines.spent_stages import spent_after
from service.own_folder import own_folder

if TYPE_CHECKING:
    from graph.rings.spark.engine import OnSpark
    from ingestion.spark.delivered import Delivered


@dataclass(frozen=True)
class OfDelivery:
    """`investigations.review.source.ReviewSource` of a delivery: nothing came before it but `previous` rings,
    nothing stays.
    """

    delivered: Delivered
    engine: OnSpark
    closely: SuspectSignals
    previous: RingsInTurn | None

    @property
    def few(self) -> SuspectSignals:
        """There is no store that could be asked where the frame is full."""
        return self.closely

    def projected(self, at: datetime) -> Projected:
        return self.engine.of_raw(self.delivered.raw(at), self.delivered.past)

    def rings_before(self, at: datetime) -> RingsInTurn | None:
        return self.previous if self.previous is not None and self.previous.as_of <= at else None

    def save(self, snapshot: AnySnapshot) -> None:
        return None

    def refuse_another(self) -> None:
        return None

    def case_about(self, ring: Ring, snapshot: str, as_of: datetime) -> NewCase:
        raise NotFoundError("cases are opened about what a store holds")


@dataclass(frozen=True)
class GivenDelivery:
    """A delivery that was found, how its records are read, and as of when: see DeliveryPlan. `usable` is
    called once all of it was read through, before anything is made of it. Report and rejects go to
    `report_to`; `previous` are the rings of an earlier week. The frame goes for a while to a folder in
    `frames` (empty: of the machine's own).
    """

    found: FoundDelivery
    context: ParseContext
    plan: DeliveryPlan
    usable: Callable[[Delivery], object]
    report_to: Path
    previous: RingsInTurn | None = None
    frames: str = ""


@contextmanager
def delivered_rings(given: GivenDelivery, how: ClusterPlan) -> Iterator[tuple[OfDelivery, Report]]:
    """The delivery as a review finds it, and what became of its rows. Its stages go after the block where it
    ends well, unless they are to be kept.

    Raises DeliveryError where it cannot be used or nobody is in it, and as `opened_cluster`.
    """
    with opened_cluster(how) as cluster:
        from graph.rings.spark.engine import ROWS, OnSpark  # here, because PySpark is an extra
        from graph.rings.spark.stages import Stages, folder_of
        from ingestion.spark.delivered import Delivered
        from ingestion.spark.inspecting import inspected_on

        engine = OnSpark(cluster.session, cluster.stages)
        folder = folder_of(cluster.stages, "delivery", given.plan.name)
        engine.folders.append(folder)
        stages = Stages(cluster.session, folder, ROWS // 2)
        with (
            own_folder("ringfence-frame-", given.frames) as frames,
            spent_after(engine.folders, lambda: 0, how.keep_stages),
        ):
            delivery = inspected_on(stages, given.found)
            given.usable(delivery)
            delivered = Delivered(stages, delivery, given.context, given.plan)
            report, journal = delivered.report(given.report_to), delivered.journal()
            closely = through_journal(journal, journal.revision, frames / "own.frame", given.plan.zone)
            yield OfDelivery(delivered, engine, closely, given.previous), report
