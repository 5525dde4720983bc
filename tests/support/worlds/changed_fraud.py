"""A year in which fraud changes: single forgers, and from the ninth month on crews beside them, with perfect
faces on shared devices.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graph.model.types import Facts
from tests.support.small_service import body
from tests.support.small_worlds import applies, day, facts_of, fraud, uses

CHANGES = 240  # the day from which on crews apply
HONEST, FORGERS, CREW = 60, 2, 9  # applications a day; a crew a day, on a device of its own
AMOUNT, TERM = 6_000.0, 12
FOUND_OUT = 4.0  # days after an application at the earliest, and up to twelve


@dataclass(frozen=True, slots=True)
class Asked:
    """One application, by somebody who applies once."""

    name: str
    on: float
    face: float
    device: str
    is_fraud: bool

    def as_request(self) -> dict[str, Any]:
        """What a decision engine sends."""
        number = int(self.name[1:])
        return body(
            f"{self.name}@1",
            applicant_id=self.name,
            applied_at=day(self.on).isoformat(),
            device_id=f"6f1f{int(self.device[1:]):012x}",
            phone=f"+86 150{number:08d}",
            national_id=None,
            face_match=self.face,
            amount=AMOUNT,
            term_months=TERM,
        )


def year(seed: int = 5, days: int = 360, changes: int = CHANGES) -> list[Asked]:
    """Everybody who applies, by time; fraud changes on the day `changes`."""
    lot, out = np.random.default_rng(seed), list[Asked]()

    def ask(on: int, face: float, device: str, is_fraud: bool) -> None:
        at = on + round(float(lot.random()), 5)
        out.append(Asked(f"p{len(out)}", at, round(face, 4), device, is_fraud))

    for on in range(days):
        for _ in range(HONEST):
            ask(on, float(np.clip(lot.normal(0.85, 0.06), 0.4, 0.99)), f"d{len(out)}", False)
        for _ in range(FORGERS):
            ask(on, float(lot.uniform(0.05, 0.3)), f"d{len(out)}", True)
        for _ in range(CREW if on >= changes else 0):
            ask(on, float(lot.uniform(0.95, 0.999)), f"d{10_000_000 + on}", True)
    return sorted(out, key=lambda one: one.on)


def as_facts(asked: Sequence[Asked]) -> Facts:
    """The same as facts of a store, with what was found out about them."""
    return facts_of(
        *(
            applies(
                one.name,
                one.on,
                uses("device", one.device),
                uses("phone", one.name),
                application_id=f"{one.name}@1",
                face_match=one.face,
                amount=AMOUNT,
                term_months=TERM,
            )
            for one in asked
        ),
        *labels(asked),
    )


def labels(asked: Iterable[Asked]) -> list[Any]:
    """What was found out about them, as facts."""
    return [
        fraud(f"{one.name}@1", one.on + FOUND_OUT + n % 9)
        for n, one in enumerate(one for one in asked if one.is_fraud)
    ]
