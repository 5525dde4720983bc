"""A service on a small world: a store, a casebook, a settable clock, and a model simple enough to compute by
hand.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import exp, isnan
from pathlib import Path
from typing import Any

import orjson

from graph.facts.tables import Column
from graph.features.extraction import names
from graph.frame.neighbourhood import Neighbourhood
from graph.model.types import Facts
from service.assessment.assess import assess, warm_up
from service.assessment.call import Call
from service.assessment.context import AppContext
from service.assessment.request import assessment_request
from service.settings import Settings
from service.wiring import wire
from tests.support.small_worlds import day, random_facts
from tests.support.stores import HASH_KEY, TIMEOUT_MS, open_url, store_url


@dataclass
class Clock:
    """The service's clock: every look at it is a `step` later."""

    now: datetime = field(default_factory=lambda: day(70))
    step: timedelta = timedelta(seconds=1)

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now


@dataclass(frozen=True)
class PlainScored:
    """What a model says."""

    probability: float
    uncertainty: str
    contributions: Mapping[str, float]
    network: float
    parts: Mapping[str, float]
    occlusion: tuple[tuple[str, ...], float] = ((), 0.0)


_WARM: list[bool] = []


@dataclass
class PlainModel:
    """A model that adds up three inputs; training a real one takes too long for every test (test_serve.py has
    a real one).
    """

    weights: Mapping[str, float] = field(
        default_factory=lambda: {"strong_people": 0.9, "bad_weight": 2.0, "ml_12m_device_all_lenders": 0.7}
    )
    base: float = -3.0
    broken: bool = False
    name: str = "plain"
    version: str = "1"
    trained_as_of: str = "2025-01-01T00:00:00+00:00"
    typical: Mapping[str, float] = field(
        default_factory=lambda: {"strong_people": 1.0, "ml_12m_device_all_lenders": 2.0}
    )
    typical_low: Mapping[str, float] = field(default_factory=lambda: {"face_match": 0.8, "liveness": 0.8})
    review_probability: float = 0.10
    decline_probability: float = 0.90
    capacity: float = 0.02

    def score(self, n: Neighbourhood, row: Column) -> PlainScored:
        if self.broken:
            raise ArithmeticError("the model is broken")
        values = dict(zip(names(), row.tolist(), strict=True))
        contributions = {
            name: weight * (0.0 if isnan(values[name]) else values[name])
            for name, weight in self.weights.items()
        }
        odds = self.base + sum(contributions.values())
        return PlainScored(1.0 / (1.0 + exp(-odds)), "low", contributions, 0.0, {"trees": odds})


def key(name: str) -> str:
    """A key of that name that is strong enough."""
    return hashlib.sha256(name.encode()).hexdigest()


def settings_in(folder: Path, **changes: Any) -> Settings:
    """Settings with store and casebook in a folder."""
    base = Settings(
        store=store_url(folder / "store.db"),
        casebook=f"sqlite:///{folder}/casebook.db",
        hash_key=HASH_KEY,
        timeout_ms=TIMEOUT_MS,
    )
    return dataclasses.replace(base, **changes)


def service(folder: Path, facts: Facts | None = None, *, scorer: Any = None, **changes: Any) -> AppContext:
    """A wired service whose store holds `facts` (a random small world unless given)."""
    settings = settings_in(folder, **changes)
    with open_url(settings.store) as store:
        store.add(facts if facts is not None else random_facts(1))
    context = wire(settings, scorer=scorer or PlainModel(), clock=Clock())
    if not _WARM:
        warm_up(context)  # compiled code is loaded at first use, which may take longer than a deadline
        _WARM.append(True)
    return context


def body(application_id: str = "live-1", **columns: Any) -> dict[str, Any]:
    """A request, flat; None takes a column out."""
    reported = {
        "application_id": application_id,
        "applied_at": "2025-03-01T10:00:00",
        "applicant_id": "p001",
        "platform_id": "L1",
        "amount": 8000,
        "term_months": 12,
        "phone": "+86 150-7315-7065",
        "device_id": "6f1f9a62c0de4b7f",
        "national_id": "11010519491231002x",
        "face_match": 0.97,
    } | columns
    return {name: value for name, value in reported.items() if value is not None}


def risk(context: AppContext, reported: dict[str, Any], **frame: Any) -> dict[str, Any]:
    """What /risk answers."""
    call = Call(**({"client": "engine", "request_id": "r", "at": context.clock()} | frame))
    return orjson.loads(assess(context, assessment_request(context, reported, call)).assessment.answer)
