"""What a review looks at: a store, or facts that no store holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from graph.model.errors import ConflictError
from graph.model.rings_in_turn import AnySnapshot, RingsInTurn
from graph.model.types import Ring
from graph.rings.projected import Engine, Projected
from graph.rings.suspicion.people import SuspectSignals, of_few, through_frame
from graph.store.forgetting import ERASED_MEANWHILE, StoreState
from graph.store.port import GraphStore
from investigations.case_subjects import about_ring
from investigations.cases import NewCase


class ReviewSource(Protocol):
    """Facts, the rings of before, and where those of now go. `closely` says how people are looked at closely
    (`graph.rings.suspicion.people`), `few` the same of few of them, whatever the facts' size.
    """

    @property
    def closely(self) -> SuspectSignals: ...

    @property
    def few(self) -> SuspectSignals: ...

    def projected(self, at: datetime) -> Projected:
        """What an engine computes of the facts as of a moment."""
        ...

    def rings_before(self, at: datetime) -> RingsInTurn | None:
        """The snapshot that is in force as of a moment."""
        ...

    def save(self, snapshot: AnySnapshot) -> None:
        """From now on that one is in force. Raises ConflictError where people were erased meanwhile."""
        ...

    def refuse_another(self) -> None:
        """Raise ConflictError where people were erased meanwhile: what was found may name them, and nobody
        looks for them in cases that come later.
        """
        ...

    def case_about(self, ring: Ring, snapshot: str, as_of: datetime) -> NewCase:
        """A case about a ring of that snapshot."""
        ...


@dataclass(frozen=True)
class OfStore:
    """A store, in the state in which it was first looked at. `frame` is the folder of its frame
    (`graph.frame.location.frame_of`).
    """

    store: GraphStore
    engine: Engine
    frame: str = ""
    state: StoreState = field(init=False)
    closely: SuspectSignals = field(init=False)
    few: SuspectSignals = field(init=False)

    def __post_init__(self) -> None:
        state = self.store.state()
        closely = through_frame(self.store, state.revision, self.frame)
        object.__setattr__(self, "state", state)
        object.__setattr__(self, "closely", closely)
        object.__setattr__(self, "few", of_few(closely, self.store, state.revision))

    def projected(self, at: datetime) -> Projected:
        return self.engine.of_view(self.store.view_of(at, self.state))

    def rings_before(self, at: datetime) -> RingsInTurn | None:
        return self.store.view(at).rings_in_turn()

    def save(self, snapshot: AnySnapshot) -> None:
        self.store.save_rings(snapshot, self.state.edition)

    def refuse_another(self) -> None:
        if self.store.edition() != self.state.edition:
            raise ConflictError(ERASED_MEANWHILE)

    def case_about(self, ring: Ring, snapshot: str, as_of: datetime) -> NewCase:
        return about_ring(self.store.view_of(as_of, self.state), ring, "ring_review", snapshot)
