"""The one way from a moment to a model's inputs: what training sees of a past application is what serving saw of it then."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from gnn import references
from gnn.of_evidence import from_evidence
from gnn.samples import Samples
from gnn.tensors import Tensors
from graph import multi_lending, signals
from graph.errors import NotFoundError
from graph.evidence import Evidence, Subject, subject_of
from graph.features import counts
from graph.moments import moment
from graph.progress import bar
from graph.store import GraphStore

Floats = npt.NDArray[np.float64]
OpenStore = Callable[[], GraphStore]

SIGNAL_NAMES: tuple[str, ...] = tuple(signals.SIGNALS)
VARIABLE_NAMES: tuple[str, ...] = tuple(multi_lending.NAMES)
COUNT_NAMES = counts.NAMES
_CHUNK = 64


@dataclass(frozen=True, slots=True)
class Seed:
    """A subject by its ids and its moment, in microseconds; `application_id` None is an applicant watched at that moment."""

    applicant_id: str
    application_id: str | None
    at: int


@dataclass(frozen=True, slots=True)
class Observation:
    """One subject's inputs: `named` the signals and then the ml_ variables, `counts` the rival's row (NaN is *not known*), `tensors` the graph."""

    named: Floats
    counts: Floats
    tensors: Tensors


@dataclass(frozen=True)
class Observed:
    """N subjects' inputs: `named` (N, signals + variables), `counts` (N, rival's columns), `tensors` N graphs."""

    named: Floats
    counts: Floats
    tensors: list[Tensors]


def row(values: Sequence[float | None]) -> Floats:
    """Values as a row; None, *not known*, is NaN."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def observe(evidence: Evidence) -> Observation:
    """Everything a model may be told of one subject, in which nothing is that anybody has said of the subject itself."""
    evidence = unjudged(evidence)
    said = {signal.name: signal.value for signal in signals.compute(evidence)}
    variables = multi_lending.compute(evidence).variables
    named = [*(said[name] for name in SIGNAL_NAMES), *(variables.get(name) for name in VARIABLE_NAMES)]
    return Observation(named=row(named), counts=row(references.counts(evidence)), tensors=from_evidence(evidence))


def unjudged(evidence: Evidence) -> Evidence:
    """The evidence without the labels of the subject: who is known for fraud is the policy's business, and no model may learn to repeat it."""
    me = evidence.subject.applicant_id
    return replace(evidence, labels={**evidence.labels, me: ()}) if evidence.labels.get(me) else evidence


def evidence_of(store: GraphStore, seed: Seed, today: datetime) -> Evidence:
    """What was known of a stored subject just before its moment; `today` bounds where its application is looked up.

    Raises NotFoundError when there is no such application before `today`.
    """
    if seed.application_id is None:
        subject = Subject(applicant_id=seed.applicant_id)
    else:
        application = store.view(today).application(seed.application_id)
        if application is None:
            raise NotFoundError(f"no application {seed.application_id} before {today.isoformat()}")
        subject = subject_of(application)
    return store.view(moment(seed.at)).evidence_of(subject)


def seeds_of(samples: Samples) -> list[Seed]:
    """The samples as seeds, in their order."""
    columns = (samples.applicant_id.tolist(), samples.application_id.tolist(), samples.at.tolist())
    return [Seed(*values) for values in zip(*columns)]


def observe_all(open_store: OpenStore, seeds: Sequence[Seed], today: datetime, workers: int = 1) -> Observed:
    """All inputs of all seeds, in their order, each through its own moment; `workers` processes share the work."""
    chunks = [seeds[start : start + _CHUNK] for start in range(0, len(seeds), _CHUNK)]
    found: list[Observation] = []
    with bar("observing", len(seeds), "sample") as progress:
        for chunk in _in_order(open_store, chunks, today, workers):
            found += chunk
            progress.update(len(chunk))
    return Observed(
        named=np.stack([o.named for o in found]),
        counts=np.stack([o.counts for o in found]),
        tensors=[o.tensors for o in found],
    )


def _in_order(open_store: OpenStore, chunks: Sequence[Sequence[Seed]], today: datetime, workers: int) -> Iterator[list[Observation]]:
    if workers <= 1 or len(chunks) < 2 * workers:
        with open_store() as store:
            for chunk in chunks:
                yield _observe_chunk(store, chunk, today)
        return
    # Spawned, not forked: a store's connection and a library's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_open, initargs=(open_store, today)) as pool:
        yield from pool.map(_observe_there, chunks)


_HERE: list[tuple[GraphStore, datetime]] = []  # a worker process's own store


def _open(open_store: OpenStore, today: datetime) -> None:
    _HERE.append((open_store(), today))


def _observe_there(chunk: Sequence[Seed]) -> list[Observation]:
    store, today = _HERE[0]
    return _observe_chunk(store, chunk, today)


def _observe_chunk(store: GraphStore, chunk: Sequence[Seed], today: datetime) -> list[Observation]:
    return [observe(evidence_of(store, seed, today)) for seed in chunk]
