"""A model trained in seconds on a small world, for tests of what a bundle is and does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from gnn.training.run import train_model
from gnn.training_plan import TrainingPlan
from graph.model.types import Facts
from tests.support.small_worlds import START, day, fraud, random_facts
from tests.support.stores import open_store

SMALL = TrainingPlan(
    horizon_days=25,
    hidden=8,
    embedding=4,
    epochs=1,
    fewest_steps=1,
    members=2,
    rounds=12,
    least_frauds=4,
    workers=1,
)
TODAY = day(60)


def small_facts() -> Facts:
    """Enough applications and labels to learn something: whose face hardly matches their document is found
    out within days.
    """
    facts = random_facts(11, people=90)
    result = [a for a in facts.applications if (a.face_match or 0.0) < 0.2]
    labels = tuple(
        fraud(a.application_id, (a.applied_at - START) / timedelta(days=1) + 4 + n % 9)
        for n, a in enumerate(result)
    )
    return replace(facts, labels=labels)


def trained(folder: Path, facts: Facts, name: str = "model") -> tuple[dict[str, Any], Path, Path]:
    """The figures, the store's file and the bundle's folder of a training on `facts` as of TODAY."""
    path, out = folder / f"{name}.db", folder / name
    with open_store(path) as store:
        store.add(facts)
        return train_model(store, TODAY, out, SMALL), path, out
