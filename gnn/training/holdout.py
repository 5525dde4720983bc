"""Evaluation on later applications that training did not use: the figures that are printed and kept on the
model card.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from gnn.samples.sample_groups import figures_by_group, lives_of
from gnn.training.beyond_counts import PartsEvidence, evidence, families
from gnn.training.evaluate import Measures, best_single, measures, reviewed
from gnn.training.fitting import Fitted
from gnn.training.parts import SERVABLE, SamplePool
from gnn.training_plan import TrainingPlan
from graph.facts.tables import Tables
from graph.features.extraction import COUNT_NAMES
from graph.model.errors import InputError
from graph.model.moments import moment


class HoldoutFigures(NamedTuple):
    """`parts`: each part's measures on applicants not known for fraud at their moment; `everybody`: the same
    with those who were.

    `slice`: what they were measured on: `from`, `samples`, `frauds`, `base_rate`, `reviewed` (the share that
    reached the review probability), `best_count`, the plain count that ranks best by itself, with its `ap`,
    and `groups`: how what serves fares with each (`figures_by_group`). `evidence`: what each part ranks
    better than the bare counts, and what serves by it.
    """

    parts: Mapping[str, Measures]
    everybody: Mapping[str, Measures]
    slice: Mapping[str, Any]
    evidence: PartsEvidence


def evaluate_holdout(fitted: Fitted, pool: SamplePool, tables: Tables, plan: TrainingPlan) -> HoldoutFigures:
    """The parts' measures on the samples after `fitted.cut` whose horizon had passed by `tables.as_of`:
    nothing of them was known to `fitted`.
    """
    samples, as_of = pool.samples, tables.as_of
    tested = pool.take((samples.at >= fitted.cutoff) & samples.matured(as_of) & (samples.mass(as_of) > 0))
    samples = tested.samples
    logits = fitted.parts.logits(tested.inputs)
    promised = fitted.parts.probabilities(logits)
    bad, weight, mass, known = samples.bad(as_of), samples.weight(as_of), samples.mass(as_of), samples.known
    new = ~known
    parts = {
        part: measures(p[new], bad[new], weight[new], mass[new], plan.capacity)
        for part, p in promised.items()
    }
    proved = bad | (known & samples.fraud(as_of))
    counted = np.where(known, mass, weight)
    everybody = {part: measures(p, proved, counted, mass, plan.capacity) for part, p in promised.items()}
    name, precision = best_single(tested.inputs.counts[new], COUNT_NAMES, bad[new], weight[new])
    facts = {
        "from": moment(fitted.cutoff).isoformat(),
        "samples": int(new.sum()),
        "frauds": int(bad.sum()),
        "base_rate": round(float(weight[bad].sum() / weight.sum()), 6),
        "reviewed": round(
            float(mass[new & (promised[fitted.serves] >= fitted.review_at)].sum() / mass[new].sum()), 6
        ),
        "best_count": {"name": name, "ap": precision},
    }
    tried = logits | families(fitted.cutoff, pool, tested, plan)
    ap = {part: parts[part]["ap"] for part in SERVABLE}
    shown = evidence(tried, new, tested, (bad, weight), ap)
    p = promised[shown.serves]
    held_up = new & (reviewed(p, np.where(new, mass, 0.0), plan.capacity) >= 0.5)
    groups = [of for of, _ in lives_of(samples, tested.inputs.rows, tables, range(len(samples)))]
    facts["groups"] = figures_by_group(groups, p, held_up, bad, np.where(new, weight, 0.0))
    return HoldoutFigures(parts, everybody, facts, shown)


def refuse_uninformative(judged: HoldoutFigures, serves: str) -> None:
    """Raise InputError where the model that would serve ranks later applications no better than chance."""
    auc, ap = judged.parts[serves]["auc"] or 0.0, judged.parts[serves]["ap"] or 0.0
    if auc > 0.5 and ap > judged.slice["base_rate"]:
        return
    on = judged.slice
    raise InputError(
        f"what was learned tells nothing apart: on {on['samples']} applications from {on['from']} on, "
        f"{on['frauds']} of them frauds, {serves} has auc {auc:.2f} (chance .50) and ap {ap:.4f} (chance "
        f"{on['base_rate']:.4f}): load more labels, or records that tell who shares what (identifiers, "
        "events), or train at a later moment"
    )
