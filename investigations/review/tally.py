"""What is held of rings that come one after the other: figures of all, and the flagged ones whole."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field

from graph.model.rings_in_turn import AnySnapshot
from graph.model.types import Ring, RingKind


@dataclass(frozen=True, slots=True)
class RingTally:
    """Rings and their people by kind, every ring's score, the size of the largest, and the flagged rings."""

    rings: Counter[RingKind] = field(default_factory=Counter)
    people: Counter[RingKind] = field(default_factory=Counter)
    scores: array[float] = field(default_factory=lambda: array("d"))
    largest: int = 0
    flagged: tuple[Ring, ...] = ()

    @classmethod
    def of(cls, snapshot: AnySnapshot) -> RingTally:
        """Walks over the rings once."""
        result, largest, flagged = cls(), 0, list[Ring]()
        for ring in snapshot.rings:
            result.rings[ring.kind] += 1
            result.people[ring.kind] += ring.size
            result.scores.append(ring.score)
            largest = max(largest, ring.size)
            if ring.kind.flagged:
                flagged.append(ring)
        return cls(result.rings, result.people, result.scores, largest, tuple(flagged))
