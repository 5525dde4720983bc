"""What is trained on: subjects at moments of their own, and what was known of their fraud, when."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gnn.plan import Plan
from graph.errors import InputError
from graph.tables import Column, Tables

DAY = 86_400_000_000  # microseconds
NEVER = np.iinfo(np.int64).max
MONTH = 30 * DAY
LEAST_TRUST = 0.15  # younger samples than this say next to nothing: their frauds cannot be known yet

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Samples:
    """N subjects at moments, sorted by moment; times are int64 microseconds.

    applicant_id, application_id (None: an applicant watched at a moment)   (N,) object
    at, fraud_at (first known as fraud), cleared_at (later found good)      (N,) int64, NEVER where it has not happened
    drawn: a lot in [0, 1) that depends on the subject's name alone         (N,) float64
    `horizon`: microseconds within which a fraud must become known to count. `share`: the part of the samples not known to be bad that is kept.
    """

    applicant_id: Column
    application_id: Column
    at: Column
    fraud_at: Column
    cleared_at: Column
    drawn: Floats
    horizon: int
    share: float = 1.0

    def __len__(self) -> int:
        return len(self.at)

    def take(self, rows: Column) -> Samples:
        """Those rows (a mask or positions)."""
        names = ("applicant_id", "application_id", "at", "fraud_at", "cleared_at", "drawn")
        columns: dict[str, Any] = {name: getattr(self, name)[rows] for name in names}
        return replace(self, **columns)

    def bad(self, cut: int) -> Bools:
        """Whose applicant was, strictly before `cut`, known for a fraud before the horizon ended, and not cleared of it."""
        known = (self.fraud_at < cut) & (self.fraud_at - self.at < self.horizon)
        return np.asarray(known & ~(self.cleared_at < cut), dtype=np.bool_)

    def matured(self, cut: int) -> Bools:
        """Whose horizon had passed by `cut`."""
        return np.asarray(self.at + self.horizon <= cut, dtype=np.bool_)

    def trust(self, cut: int) -> Floats:
        """How likely a fraud at that moment would be known by `cut`: the distribution of delays among matured frauds known by then.

        Weighing samples that are not known to be bad by it makes the young ones count as what they are: not known yet.
        """
        delays = np.sort((self.fraud_at - self.at)[self.bad(cut) & self.matured(cut)])
        if len(delays) < 10:
            delays = np.sort((self.fraud_at - self.at)[self.bad(cut)])
        ages = np.minimum(cut - self.at, self.horizon)
        if not len(delays):
            return np.asarray(ages / self.horizon, dtype=np.float64)
        share = np.searchsorted(delays, ages, side="right") / len(delays)
        return np.asarray(np.where(self.matured(cut), 1.0, share), dtype=np.float64)

    def weight(self, cut: int) -> Floats:
        """What each sample counts for in training at `cut`; 0 leaves it out."""
        bad, trust = self.bad(cut), self.trust(cut)
        weight = np.where(bad, 1.0, np.where(self.drawn < self.share, trust / self.share, 0.0))
        return np.asarray(np.where((self.at < cut) & (trust >= LEAST_TRUST), weight, 0.0), dtype=np.float64)

    def odds(self, cut: int) -> float:
        """The log-odds of a fraud among what can be learned from at `cut`: a model's scores lie around them."""
        bad, weight = self.bad(cut), self.weight(cut)
        return float(np.log((weight[bad].sum() + 0.5) / (weight[~bad].sum() + 0.5)))


def collect(tables: Tables, plan: Plan) -> Samples:
    """All samples that the facts hold, thinned to the plan's size.

    Every application is one. A store without applications has people instead, watched at the end of every 30 days since they were first seen
    and until they are known as frauds. Raises InputError when there is too little to learn from.
    """
    samples = _applications(tables) if len(tables.applications["at"]) else _watched(tables)
    samples = replace(samples, horizon=_horizon(samples, tables.as_of, plan))
    bad = samples.bad(tables.as_of)
    if bad.sum() < plan.least_frauds or len(samples) - bad.sum() < plan.least_frauds:
        raise InputError(
            f"{int(bad.sum())} of {len(samples)} samples are known as fraud within {samples.horizon / DAY:.0f} days: at least "
            f"{plan.least_frauds} frauds and as many others are needed; load labels that are known before the moment, or choose a later one"
        )
    room = max(plan.most_samples - int(bad.sum()), plan.least_frauds)
    samples = replace(samples, share=min(1.0, room / max(1, int((~bad).sum()))))
    return samples.take(bad | (samples.drawn < samples.share))


def _horizon(samples: Samples, as_of: int, plan: Plan) -> int:
    """Microseconds: the plan's, or the delay within which 85 % of the frauds of the first half of the history became known, 30 to 180 days."""
    if plan.horizon_days is not None:
        return int(plan.horizon_days * DAY)
    first, span = int(samples.at[0]) if len(samples) else as_of, as_of - int(samples.at[0]) if len(samples) else 0
    early = samples.at < first + span // 2
    delays = (samples.fraud_at - samples.at)[early & (samples.fraud_at < as_of) & (samples.fraud_at > samples.at)]
    wanted = np.quantile(delays, 0.85) if len(delays) else 90 * DAY
    return int(np.ceil(np.clip(wanted, 30 * DAY, max(30 * DAY, min(180 * DAY, 0.3 * span))) / DAY)) * DAY


def _applications(tables: Tables) -> Samples:
    made = tables.applications
    fraud_at, cleared_at = _verdicts(tables)
    return Samples(
        applicant_id=tables.applicant_ids[made["applicant"]],
        application_id=made["application_id"],
        at=made["at"],
        fraud_at=fraud_at,
        cleared_at=cleared_at,
        drawn=_lots(made["application_id"]),
        horizon=0,
    )


def _verdicts(tables: Tables) -> tuple[Column, Column]:
    """When the person behind each application was first known for a fraud, with this loan or any other, and when that was taken back."""
    labels = tables.labels
    fraud_at, cleared_at = np.full(len(tables.applicant_ids), NEVER), np.full(len(tables.applicant_ids), NEVER)
    standing: dict[int, set[int]] = {}  # person -> what of theirs is held for fraud: a loan's row, or -1 the person as such
    owner = tables.applications["applicant"]
    for person, loan, fraud, known_at in zip(*(labels[c].tolist() for c in ("applicant", "application", "fraud", "known_at"))):
        person = int(owner[loan]) if loan >= 0 else person
        held = standing.setdefault(person, set())
        if fraud:
            held.add(loan)
            fraud_at[person] = min(fraud_at[person], known_at)
            cleared_at[person] = NEVER
        elif loan in held:
            held.discard(loan)
            cleared_at[person] = NEVER if held else known_at
    return fraud_at[owner], cleared_at[owner]


def _watched(tables: Tables) -> Samples:
    """People at the end of every 30 days, from when they were first seen until they are known as frauds."""
    people = len(tables.applicant_ids)
    seen, fraud_at = np.full(people, NEVER), np.full(people, NEVER)
    np.minimum.at(seen, tables.ties["applicant"], tables.ties["since"])
    np.minimum.at(seen, tables.events["applicant"], tables.events["at"])
    fraud = tables.labels["fraud"] & (tables.labels["applicant"] >= 0)
    np.minimum.at(fraud_at, tables.labels["applicant"][fraud], tables.labels["known_at"][fraud])
    first = int(seen.min()) if people else tables.as_of
    who, when = [], []
    for at in range(tables.as_of - MONTH, first, -MONTH):
        there = np.flatnonzero((seen < at) & (fraud_at > at))
        who.append(there)
        when.append(np.full(len(there), at))
    person = np.concatenate(who[::-1]) if who else np.zeros(0, dtype=np.int64)
    at_column = np.concatenate(when[::-1]) if when else np.zeros(0, dtype=np.int64)
    names = tables.applicant_ids[person]
    return Samples(
        applicant_id=names,
        application_id=np.full(len(person), None, dtype=object),
        at=at_column,
        fraud_at=fraud_at[person],
        cleared_at=np.full(len(person), NEVER),
        drawn=_lots([f"{name}@{at}" for name, at in zip(names, at_column.tolist())]),
        horizon=0,
    )


def _lots(names: Any) -> Floats:
    return np.array([zlib.crc32(name.encode()) / 2**32 for name in names], dtype=np.float64)
