"""Collects samples from a store: every application, or people month by month where there are none, thinned to
the plan's size.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Any

import numpy as np

from gnn.samples.history import History, history
from gnn.samples.samples import Floats, Samples
from gnn.training_plan import TrainingPlan
from graph.facts.fraud_labels import NEVER
from graph.facts.tables import Column, Tables
from graph.model.errors import InputError
from graph.model.moments import DAY, MONTH


def collect(tables: Tables, plan: TrainingPlan) -> Samples:
    """All samples that the facts hold, thinned to the plan's size.

    Every application is one. A store without applications has people instead, watched at the end of every 30
    days since they were first seen while they are not known as frauds. Raises InputError when there is too
    little to learn from.
    """
    samples = _applications(tables) if len(tables.applications["at"]) else _watched(tables)
    samples = replace(samples, horizon=_horizon(samples, tables.as_of, plan))
    bad = samples.bad(tables.as_of)
    others = int((~bad & ~samples.known).sum())
    if bad.sum() < plan.least_frauds or others < plan.least_frauds:
        raise InputError(
            f"{int(bad.sum())} of {len(samples)} samples are known as fraud within "
            f"{samples.horizon / DAY:.0f} days: at least {plan.least_frauds} frauds and as many others are "
            "needed; load labels that are known before the moment, or choose a later one"
        )
    room = max(plan.most_samples - int(bad.sum()), plan.least_frauds)
    samples = replace(samples, share=min(1.0, room / max(1, int((~bad).sum()))))
    return samples.take(bad | (samples.drawn < samples.share))


def _horizon(samples: Samples, as_of: int, plan: TrainingPlan) -> int:
    """Microseconds: the plan's, or the delay within which 85 % of the frauds of the first half of the history
    became known, 30 to 180 days.
    """
    if plan.horizon_days is not None:
        return int(plan.horizon_days * DAY)
    first, span = (
        int(samples.at[0]) if len(samples) else as_of,
        as_of - int(samples.at[0]) if len(samples) else 0,
    )
    early = samples.take(samples.at < first + span // 2)
    delays = early.history.first_known(early.person, early.at, as_of) - early.at
    delays = delays[early.fraud(as_of) & ~early.known]
    wanted = np.quantile(delays, 0.85) if len(delays) else 90 * DAY
    return int(np.ceil(np.clip(wanted, 30 * DAY, max(30 * DAY, min(180 * DAY, 0.3 * span))) / DAY)) * DAY


def _applications(tables: Tables) -> Samples:
    applications = tables.applications
    return _samples(
        history(tables),
        applications["applicant"],
        tables,
        applications["at"],
        applications["application_id"],
        applications["application_id"],
    )


def _watched(tables: Tables) -> Samples:
    """People at the end of every 30 days, from when they were first seen, while they are not known as
    frauds.
    """
    past, people = history(tables), np.arange(len(tables.applicant_ids))
    first_seen = np.full(len(people), NEVER)
    np.minimum.at(first_seen, tables.ties["applicant"], tables.ties["since"])
    np.minimum.at(first_seen, tables.events["applicant"], tables.events["at"])
    first = int(first_seen.min()) if len(people) else tables.as_of
    who, when = [people[:0]], [people[:0]]
    for at in range(tables.as_of - MONTH, first, -MONTH):
        there = people[(first_seen < at) & ~past.known(people, at)]
        who.append(there)
        when.append(np.full(len(there), at))
    person, moments = np.concatenate(who[::-1]), np.concatenate(when[::-1])
    names = [f"{name}@{at}" for name, at in zip(tables.applicant_ids[person], moments.tolist())]
    return _samples(past, person, tables, moments, np.full(len(person), None, dtype=object), names)


def _samples(
    past: History, person: Column, tables: Tables, at: Column, application_id: Column, names: Any
) -> Samples:
    return Samples(
        applicant_id=tables.applicant_ids[person],
        application_id=application_id,
        person=np.asarray(person, dtype=np.int64),
        at=at,
        drawn=_lots(names),
        history=past,
        horizon=0,
    )


def _lots(names: Any) -> Floats:
    return np.array([zlib.crc32(name.encode()) / 2**32 for name in names], dtype=np.float64)
