"""How often a store whose world does not change is alarmed: each of its last days against the 90 before, over
all signals and linking shares.

scripts/bench/drift.py --store sqlite:///ringfence.db --as-of 2026-01-01
"""

from __future__ import annotations

import argparse
import json
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from gnn.batch_extraction import extract_all
from gnn.samples.collect import collect
from gnn.training.parts import OWN_VERDICTS
from gnn.training_plan import TrainingPlan
from graph.facts.distributions import Distribution, Values
from graph.facts.linked_kinds import LinkedKinds
from graph.features.extraction import SIGNAL_NAMES
from graph.frame.location import frame_of
from graph.model.moments import DAY, moment
from graph.store.port import GraphStore
from investigations.assessments import Decision
from investigations.monitoring.alarms import AlarmLimits, drift_alarms
from investigations.monitoring.periods import Served, ServedPeriod, periods
from service.opening import as_of_given, open_existing
from service.settings import Settings

USUAL = 90  # days before the days that are looked at


def values_of(store: GraphStore, as_of: datetime) -> tuple[Any, dict[str, Values]]:
    """When each application was made, and its values by name."""
    tables = store.view(as_of).tables()
    samples = collect(tables, TrainingPlan())
    with closing(frame_of(store, "")) as frame:
        named = extract_all(frame, store.revision(), samples.seeds()).named
    values = {name: named[:, n] for n, name in enumerate(SIGNAL_NAMES) if name not in OWN_VERDICTS}
    linked = LinkedKinds(tables).of(samples.person, samples.at)
    return samples.at, values | {f"linking.{kind}": column for kind, column in linked.items()}


def days_of(at: Any, values: dict[str, Values], days: int) -> list[ServedPeriod]:
    """The last days against what was usual before."""
    last = int(at.max()) - days * DAY
    usual = (at >= last - USUAL * DAY) & (at < last)
    reference = {name: Distribution.of(one[usual], at[usual] // DAY) for name, one in values.items()}
    names, table = list(values), np.stack(list(values.values()), axis=1)
    rows = [
        Served(
            at=moment(int(at[row])),
            applicant_id="",
            decision=Decision.APPROVE,
            probability=None,
            model_version=None,
            values=dict(zip(names, table[row].tolist(), strict=True)),
        )
        for row in np.flatnonzero(at >= last).tolist()
    ]
    return periods(rows, reference, moment(last), timedelta(days=1))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", required=True)
    parser.add_argument("--as-of", required=True)
    parser.add_argument("--days", type=int, default=90)
    options = parser.parse_args()
    with open_existing(options.store) as store:
        at, values = values_of(store, as_of_given(Settings(), options.as_of))
    found, out = days_of(at, values, options.days), {}
    for limits in (AlarmLimits(periods=1), AlarmLimits()):
        alarms = [drift_alarms(found[: n + 1], limits) for n in range(len(found))]
        raised = {(one.name, one.since) for some in alarms for one in some}
        out[f"{limits.periods} days in a row"] = {
            "days with an alarm": sum(map(bool, alarms)),
            "alarms": len(raised),
            "beginnings": len({since for _, since in raised}),
            "names": sorted({name for name, _ in raised}),
        }
    print(json.dumps({"days": len(found), "applications": len(at), "names": len(values), **out}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
