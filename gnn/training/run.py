"""One training run: samples, inputs, a first fit that is evaluated on later samples, and the final bundle
that serves.
"""

from __future__ import annotations

import logging
import time
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from gnn.batch_extraction import LookAround, NeighbourhoodBatch, extract_all
from gnn.samples.collect import collect
from gnn.samples.cutoffs import learning_cutoffs, test_cutoff
from gnn.samples.samples import Samples
from gnn.samples.unlabelled import FATES, Floats
from gnn.scoring import bundle
from gnn.scoring.bundle import ModelBundle
from gnn.training import fitting
from gnn.training.beyond_counts import as_card
from gnn.training.fitting import Fitted
from gnn.training.holdout import HoldoutFigures, evaluate_holdout, refuse_uninformative
from gnn.training.parts import NAMED, SERVABLE, SamplePool
from gnn.training.usual import usual_values
from gnn.training_plan import TrainingPlan
from graph.facts.tables import Tables
from graph.frame.location import frame_of
from graph.model.errors import InputError
from graph.model.moments import DAY, micros, moment
from graph.progress import part_of_work
from graph.store.one_edition import of_one_edition
from graph.store.port import GraphStore

log = logging.getLogger("ringfence.training")
SHORTER_DAYS = (60.0, 30.0)  # horizons for a store whose own leaves too little to measure


@dataclass(frozen=True)
class Sight:
    """How a training looks at its store: through the frame, which is made where there is none, `kept_in` as
    in `graph.frame.location.frame_of`; `look` says where what is around its samples is computed.
    """

    kept_in: str | Path = ""
    look: LookAround = NeighbourhoodBatch


HERE = Sight()


def train_model(
    store: GraphStore, as_of: datetime, out: Path, plan: TrainingPlan | None = None, sight: Sight = HERE
) -> dict[str, Any]:
    """Train on what was known before `as_of`, write the bundle to `out`, and return the figures.

    Measured is a model of the same recipe that learned only from what was known before the test slice, the
    last applications whose horizon had passed; the bundle then learns from everything known before `as_of`.
    Raises InputError when there is too little to learn from.
    """
    plan = plan or TrainingPlan()
    started = time.monotonic()
    now = micros(as_of)
    revision, edition = store.state()
    tables = store.view(as_of, revision).tables()
    graph, cutoff = measurable(tables, plan)
    with of_one_edition(store, edition), closing(frame_of(store, sight.kept_in)) as frame:
        pool = SamplePool(graph, extract_all(frame, revision, graph.seeds(), sight.look))
        with part_of_work("measured"):
            first = fitting.fit_at(cutoff, pool, plan)
            judged = evaluate_holdout(first, pool, tables, plan)
        with part_of_work("serving"):
            fitted = fitting.fit_at(now, pool, plan, judged.evidence.serves)
    refuse_uninformative(judged, fitted.serves)
    applications = ModelBundle(
        card(fitted, pool, plan, judged),
        fitted.parts.network.weights(),
        {part: fitted.parts.ensembles[part] for part in SERVABLE},
        usual_values(fitted, pool, tables),
    )
    written = bundle.write(applications, out)
    return {
        **judged.parts,
        "all": judged.everybody,
        "test": judged.slice,
        "serves": fitted.serves,
        "evidence": as_card(judged.evidence),
        "version": written["version"],
        "samples": written["data"],
        "horizon_days": written["horizon_days"],
        "seconds": round(time.monotonic() - started, 1),
    }


def measurable(tables: Tables, plan: TrainingPlan) -> tuple[Samples, int]:
    """The samples, and the moment from which on they are test samples. Raises InputError when there is too
    little for both.

    The horizon that the delays ask for may leave too little that has matured: a shorter one is taken then,
    and said, unless the plan gives one.
    """
    refused: InputError | None = None
    for days in (plan.horizon_days,) if plan.horizon_days is not None else (None, *SHORTER_DAYS):
        try:
            graph = collect(tables, replace(plan, horizon_days=days))
            cutoff = test_cutoff(graph, tables.as_of, plan)
            for end in (cutoff, tables.as_of):
                learning_cutoffs(end, graph, plan)
        except InputError as error:
            refused = refused or error
            continue
        if refused is not None:
            log.warning("a fraud counts when it becomes known within %d days, because: %s", days, refused)
        return graph, cutoff
    assert refused is not None, "some horizon was tried"
    raise refused


def card(fitted: Fitted, pool: SamplePool, plan: TrainingPlan, judged: HoldoutFigures) -> dict[str, Any]:
    """What is said about the model: see docs/model.md."""
    graph = pool.samples
    bad = graph.bad(fitted.cutoff)
    return {
        "name": plan.name,
        "trained_as_of": moment(fitted.cutoff).isoformat(),
        "plan": asdict(plan),
        "horizon_days": graph.horizon / DAY,
        "capacity": plan.capacity,
        "serves": fitted.serves,
        "evidence": as_card(judged.evidence),
        "review_probability": fitted.review_at,
        "decline_probability": fitted.decline_at,
        "uncertainty_at": list(fitted.uncertainty_at),
        "network_usual": fitted.network_usual,
        "calibration": {part: asdict(fitted.parts.calibrators[part]) for part in ("network", *SERVABLE)},
        "typical_p95": typical(pool, bad, 0.95),
        "typical_p05": typical(pool, bad, 0.05),
        "data": {
            "samples": len(graph),
            "frauds": int(bad.sum()),
            "known_already": int(graph.known.sum()),
            "share_of_others_kept": round(graph.share, 6),
            "bad_share": {
                name: round(one, 6) for name, one in graph.bad_share(fitted.cutoff)._asdict().items()
            },
            "silence": {
                "fraud": _by_fate(graph.unlabelled_worth(fitted.cutoff).fraud),
                "looked": _by_fate(graph.unlabelled_worth(fitted.cutoff).confirmed),
            },
        },
        "test": {**judged.slice, "measures": judged.parts, "all": judged.everybody},
        "validation": {part: dict(values) for part, values in fitted.validation.items()},
    }


def _by_fate(values: Floats) -> dict[str, float]:
    return {fate: round(value, 4) for fate, value in zip(FATES, values.tolist())}


def typical(pool: SamplePool, bad: Any, share: float) -> dict[str, float | None]:
    """Per named input, the value that `share` of the samples not known to be bad stay under; None where it is
    never known.
    """
    known = (
        values[~np.isnan(values)]
        for values in (pool.inputs.named[~bad, place] for place in range(len(NAMED)))
    )
    return {
        name: round(float(np.quantile(values, share)), 6) if len(values) else None
        for name, values in zip(NAMED, known, strict=True)
    }
