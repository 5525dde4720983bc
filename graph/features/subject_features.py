"""The features of one subject by name, with their evidence paths and the extent of the subgraph."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from graph.facts.tables import Column
from graph.features.compute import FeatureExtractor
from graph.features.extraction import COUNT_NAMES, SIGNAL_NAMES, VARIABLE_NAMES
from graph.features.lending.multi_lending import MultiLending
from graph.features.paths.evidence_paths import EvidencePaths
from graph.features.paths.path_buffer import path_buffer_for
from graph.features.workspace import Precomputed
from graph.frame.neighbourhood import NOBODY, UNDATED, Neighbourhood
from graph.frame.node_names import NodeNames
from graph.store.evidence import Subject

_SIGNALS, _COUNTS = len(SIGNAL_NAMES), len(COUNT_NAMES)
_MINE = threading.local()  # each thread's FeatureExtractor and PathBuffer


@dataclass(frozen=True, kw_only=True)
class SubjectFeatures:
    """The features of one subject.

    `row`: signals, variables and reference counts as `graph.features.extraction.names` has them, NaN is *not
    known*; `unjudged` the same as if nobody had said anything of the subject itself. `left_out`: keys of a
    multi-lending check under which nothing was counted, with the reason. `nobody`: no fact at all names the
    subject or anything that the application names; who is at a hub says nothing. `paths`, `n` and
    `precomputed` are of use until the thread looks at the next subject.
    """

    n: Neighbourhood
    names: NodeNames
    row: Column
    unjudged: Column
    left_out: Mapping[str, str]
    nobody: bool
    precomputed: Precomputed
    paths: EvidencePaths
    nodes: int
    edges: int
    truncated: bool

    @cached_property
    def signals(self) -> dict[str, float | None]:
        """Every signal by name; None is *not known*."""
        return dict(zip(SIGNAL_NAMES, _plain(self.row[:_SIGNALS]), strict=True))

    @cached_property
    def lending(self) -> MultiLending:
        """Every multi-lending variable."""
        values = _plain(self.row[_SIGNALS : len(self.row) - _COUNTS])
        nothing = all(value is None for value in values)
        return MultiLending(
            "no_record" if nothing else "found", dict(zip(VARIABLE_NAMES, values, strict=True)), self.left_out
        )


def compute_features(n: Neighbourhood, names: NodeNames, subject: Subject) -> SubjectFeatures:
    """Compute the features of a neighbourhood's subject."""
    observer: FeatureExtractor | None = getattr(_MINE, "observer", None)
    if observer is None:
        observer, _MINE.trail = FeatureExtractor(), path_buffer_for(n)
        _MINE.observer = observer
    if len(_MINE.trail.chosen) < len(n.people):
        _MINE.trail = path_buffer_for(n)
    unjudged = observer.row(n, unjudged=True)[0] if n.people[0]["labels"] else None
    row, left_out = observer.row(n)
    subject_row, r = n.subject[0], observer.precomputed
    return SubjectFeatures(
        n=n,
        names=names,
        row=row,
        unjudged=row if unjudged is None else unjudged,
        left_out=left_out,
        nobody=_is_nobody(n, r) and bool(np.isnan(row[_SIGNALS : len(row) - _COUNTS]).all()),
        precomputed=r,
        paths=EvidencePaths(n, r, names, subject.application, _MINE.trail),
        nodes=int(subject_row["people"] + subject_row["identifiers"]),
        edges=int(subject_row["ties"] + subject_row["dealings"]),
        truncated=bool(subject_row["truncated"]),
    )


def _is_nobody(n: Neighbourhood, r: Precomputed) -> bool:
    """No past, no judgement, no dealings, and nobody else at anything that is named."""
    me, held = n.people[0], r.held[: r.whole[0]["held"]]
    if (
        me["applications"]
        or me["labels"]
        or n.subject[0]["events"]
        or me["ring"] != NOBODY
        or r.whole[0]["selves"] > 1
    ):
        return False
    return bool(np.all((held["since"] == UNDATED) & ((held["hub"] != 0) | (held["holders"] == 0))))


def _plain(values: Column) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]
