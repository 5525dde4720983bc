"""Compares two stores: whether assessments and the weekly batch get bitwise equal results from both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import zip_longest
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from graph.facts.tables import Column, Tables
from graph.model.errors import StoreUnavailableError
from graph.model.rings_in_turn import RingsInTurn
from graph.progress import bar
from graph.rings.projected import in_this_process
from graph.rings.search import search
from graph.store.evidence import Evidence, Subject, subject_of
from graph.store.port import GraphStore, GraphView
from service.assessment.evaluation import Effort, Evaluation, evaluate

if TYPE_CHECKING:
    from gnn.scoring.scorer import Scorer

NAMED = 20  # subjects that differ are named up to here
PARTS = ("neighbourhood", "facts", "signals", "variables", "contributions", "probability")
_OF_A_SEARCH = ("group", "suspicion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What to hold side by side: up to `subjects` applications, each as of its own moment, and as many
    applicants as of `as_of`, evenly spread.
    """

    as_of: datetime
    subjects: int
    scorer: Scorer | None = None


def compared(one: GraphStore, other: GraphStore, plan: Comparison) -> dict[str, object]:
    """How many subjects there were, of how many each part is equal, whether columns, rings and the snapshot
    in force are, and what differs.
    """
    started, equal, named = perf_counter(), Counter[str](), list[str]()
    tables = one.view(plan.as_of).tables(), other.view(plan.as_of).tables()
    requested = list(_subjects(one, tables[0], plan))
    with bar("compare", len(requested), " subjects") as progress:
        for subject, moment in requested:
            parts = [_parts(store.view(moment), subject, plan.scorer) for store in (one, other)]
            same = [name for name in parts[0] if parts[0][name] == parts[1][name]]
            equal.update(same)
            if len(same) < len(parts[0]) and len(named) < NAMED:
                named.append(
                    subject.application.application_id if subject.application else subject.applicant_id
                )
            progress.update()
    columns = _differing(tables[0], tables[1])
    rings = {
        "equal": _same_rings(*tables),
        "snapshot": _same_snapshots(*(store.view(plan.as_of).rings_in_turn() for store in (one, other))),
    }
    every = all(equal[name] == len(requested) for name in PARTS)
    return {
        "subjects": len(requested),
        "parts": {name: equal[name] for name in PARTS},
        "tables": columns,
        "rings": rings,
        "equal": every and not columns and all(rings.values()),
        "named": named,
        "seconds": round(perf_counter() - started, 2),
    }


def _parts(view: GraphView, subject: Subject, scorer: Scorer | None) -> Mapping[str, object]:
    """The results for a subject, by PARTS, as comparable values."""
    evidence = view.evidence_of(subject)
    evaluation = evaluate(view, subject, Effort(scorer))
    if evaluation.features is None:
        raise StoreUnavailableError(f"a store did not answer while {subject.node} was compared")
    return dict(zip(PARTS, (_drawn(evidence), _facts(evidence), *_result(evaluation)), strict=True))


def _drawn(evidence: Evidence) -> tuple[object, ...]:
    graph = evidence.graph
    return list(graph.nodes(data=True)), list(graph.edges(data=True)), dict(graph.graph)


def _facts(evidence: Evidence) -> tuple[object, ...]:
    return tuple(getattr(evidence, f.name) for f in fields(evidence) if f.name != "graph")


def _result(evaluation: Evaluation) -> tuple[object, ...]:
    result = evaluation.findings
    return (
        dict(result.signals),
        dict(result.variables),
        dict(result.contributions),
        (result.probability, result.uncertainty),
    )


def _subjects(store: GraphStore, tables: Tables, plan: Comparison) -> Iterator[tuple[Subject, datetime]]:
    """Applications with their own moments, then applicants at the plan's."""
    view = store.view(plan.as_of)
    for application_id in _spread(tables.applications["application_id"], plan.subjects):
        application = view.application(application_id)
        assert application is not None  # the columns are of the same view
        yield subject_of(application), application.applied_at
    for applicant_id in _spread(tables.applicant_ids, plan.subjects):
        yield Subject(applicant_id=applicant_id), plan.as_of


def _spread(ids: Column, most: int) -> list[str]:
    chosen: list[str] = ids[
        np.unique(np.linspace(0, len(ids) - 1, min(most, len(ids))).astype(np.int64))
    ].tolist()
    return chosen


def _differing(one: Tables, other: Tables) -> list[str]:
    """The columns that are not the same in both."""
    differs = []
    for f in fields(Tables):
        mine, theirs = getattr(one, f.name), getattr(other, f.name)
        if not isinstance(mine, dict):
            mine, theirs = {"": mine}, {"": theirs}
        differs += [
            f"{f.name}.{name}".rstrip(".")
            for name in mine
            if not _alike(np.asarray(mine[name]), np.asarray(theirs[name]))
        ]
    return differs


def _alike(one: Column, other: Column) -> bool:
    return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def _same_snapshots(one: RingsInTurn | None, other: RingsInTurn | None) -> bool:
    if one is None or other is None:
        return one is other
    if (one.name, one.as_of) != (other.name, other.as_of):
        return False
    both = ((one.rings, other.rings), (one.changes, other.changes))
    return all(mine == theirs for pair in both for mine, theirs in zip_longest(*pair))


def _same_rings(one: Tables, other: Tables) -> bool:
    """Whether the same groups are found in both, with the same suspicion, flags and rates of labels."""
    mine, theirs = (search(in_this_process(tables)) for tables in (one, other))
    everybody = np.arange(len(mine.applicants))
    if len(theirs.applicants) != len(everybody) or mine.rates != theirs.rates:
        return False
    of = [found.everybody.of(everybody, *_OF_A_SEARCH) for found in (mine, theirs)]
    alike = all(_alike(of[0][name], of[1][name]) for name in _OF_A_SEARCH)
    return alike and _alike(mine.flagged, theirs.flagged)
