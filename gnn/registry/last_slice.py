"""The last slice: applications that no model of a comparison has learned from, with what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from gnn.batch_extraction import SubjectInputs, extract_all
from gnn.samples.collect import collect
from gnn.samples.samples import Samples
from gnn.training_plan import TrainingPlan
from graph.facts.loans import THIN_FILE
from graph.facts.tables import PLATFORM_TYPES, Column, Tables
from graph.frame.frame import Frame
from graph.model.errors import InputError
from graph.model.moments import DAY, micros, moment
from graph.store.one_edition import of_one_edition
from graph.store.port import GraphStore

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LEAST_FRAUDS = 10  # with fewer a share of them says next to nothing
_MOST_SAMPLES = 200_000


@dataclass(frozen=True)
class LastSlice:
    """N samples of people not known for fraud at their moment, from `begin` on (microseconds), whose horizon
    had passed by `as_of`; `bad`, `weight` and `mass` as in `gnn.training.evaluate.measures`, all (N,).

    `groups`: by name which of them are of it: product, platform type, thin file, new citizen; those with
    LEAST_FRAUDS frauds.
    """

    begin: int
    as_of: int
    tables: Tables
    samples: Samples
    inputs: SubjectInputs
    bad: Bools
    weight: Floats
    mass: Floats
    groups: Mapping[str, Bools]

    def as_json(self) -> dict[str, object]:
        """From when until when, how many samples and frauds, and the horizon."""
        return {
            "from": moment(self.begin).isoformat(),
            "as_of": moment(self.as_of).isoformat(),
            "samples": len(self.samples),
            "frauds": int(self.bad.sum()),
            "horizon_days": self.samples.horizon / DAY,
        }


def last_slice(store: GraphStore, frame: Frame, begin: int, as_of: int, horizon_days: float) -> LastSlice:
    """The slice of a store from `begin` on, the moment until which the models learned, as known by `as_of`.

    Raises InputError where it has too few frauds, or nothing else, to tell models apart.
    """
    revision, edition = store.state()
    tables = store.view(moment(as_of), revision).tables()
    plan = TrainingPlan(horizon_days=horizon_days, most_samples=_MOST_SAMPLES, least_frauds=1)
    pool = collect(tables, plan)
    samples = pool.take((pool.at >= begin) & pool.matured(as_of) & (pool.mass(as_of) > 0) & ~pool.known)
    bad = samples.bad(as_of)
    if bad.sum() < LEAST_FRAUDS or bad.all():
        raise InputError(
            f"{int(bad.sum())} of {len(samples)} applications from {moment(begin).isoformat()} on, which no "
            f"model has learned from and whose horizon of {horizon_days:g} days has passed by "
            f"{moment(as_of).isoformat()}, are known as fraud: {LEAST_FRAUDS} are needed, and others beside; "
            "look later, or train the candidate as of an earlier moment"
        )
    with of_one_edition(store, edition):
        inputs = extract_all(frame, revision, samples.seeds())
    return LastSlice(
        begin=begin,
        as_of=as_of,
        tables=tables,
        samples=samples,
        inputs=inputs,
        bad=bad,
        weight=samples.weight(as_of),
        mass=samples.mass(as_of),
        groups=_groups(tables, samples, bad),
    )


def learned_until(*cards: Mapping[str, str]) -> int:
    """The latest moment until which any of the models learned, microseconds."""
    return max(micros(datetime.fromisoformat(card["trained_as_of"])) for card in cards)


def _groups(tables: Tables, samples: Samples, bad: Bools) -> dict[str, Bools]:
    if not len(tables.applications["at"]):
        return {}
    rows = _rows(tables, samples)
    found: dict[str, Bools] = {}
    for product in sorted({one for one in tables.applications["product"][rows].tolist() if one is not None}):
        found[f"product {product}"] = tables.applications["product"][rows] == product
    platform = tables.applications["platform"][rows]
    kind = np.where(platform >= 0, tables.platforms["type"][platform], -1)
    for code in np.unique(kind[kind >= 0]).tolist():
        found[f"platform type {PLATFORM_TYPES[code].value}"] = kind == code
    found["thin file"] = _earlier(tables)[rows] <= THIN_FILE
    found["new citizen"] = tables.applications["new_citizen"][rows] == 1.0
    return {name: mask for name, mask in found.items() if (bad & mask).sum() >= LEAST_FRAUDS}


def _rows(tables: Tables, samples: Samples) -> Column:
    """The row of each sample among the applications (N,)."""
    places = {one: row for row, one in enumerate(tables.applications["application_id"].tolist())}
    return np.array([places[one] for one in samples.application_id.tolist()], dtype=np.int64)


def _earlier(tables: Tables) -> Column:
    """How many applications the same person made before each (all applications,); they are sorted by time."""
    who = tables.applications["applicant"]
    order = np.argsort(who, kind="stable")
    first = np.searchsorted(who[order], who[order], side="left")
    out = np.empty(len(who), np.int64)
    out[order] = np.arange(len(who)) - first
    return out
