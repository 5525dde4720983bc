"""Which recorded assessments can be judged: their horizon has passed, and the person was not known before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from graph.facts.fraud_labels import fraud_spells
from graph.facts.tables import Tables
from graph.model.moments import DAY, micros


@dataclass(frozen=True, slots=True)
class Maturation:
    """Since when people are known for fraud, as known by `now`, and how long after an assessment that still
    counts; microseconds.
    """

    fraud_since: Mapping[str, int]
    now: int
    horizon: int

    @classmethod
    def of(cls, tables: Tables, now: datetime, horizon_days: float) -> Self:
        """What the tables of a view as of `now` say."""
        spells = fraud_spells(tables)
        people = zip(tables.applicant_ids.tolist(), spells.since, spells.fraud, strict=True)
        return cls({who: int(at) for who, at, fraud in people if fraud}, micros(now), int(horizon_days * DAY))

    def bad(self, applicant_id: str, as_of: datetime) -> bool | None:
        """Whether who was assessed then came to be known for fraud within the horizon; None where that has
        not passed yet, and of people who were known for fraud already.
        """
        at, known = micros(as_of), self.fraud_since.get(applicant_id)
        if at > self.now - self.horizon or (known is not None and known <= at):
            return None
        return known is not None and known <= at + self.horizon
