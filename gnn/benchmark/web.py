"""A graph prepared to be walked: each node's links by relation and direction, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gnn.benchmark.tables import NONE, TRAIN, GraphTables
from gnn.graphs.schema import GraphSchema

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Small = npt.NDArray[np.int8]

# The columns of a node that depend on who looks, before its own.
LOOKED = ("is_subject", "one_step_away", "two_steps_away", "age", "links", "known_bad", "known_good")
LINK = ("age",)
FOLDS = 8  # where there is no time, a node of train sees the labels of the other folds alone


class Web(NamedTuple):
    """N nodes, E links, S slots: a relation in one direction; a tuple of arrays, so that compiled code takes
    it whole.

    kind (N,) code of the schema's node types; rows (N, widest) float32, the first columns empty.
    begin (N * S + 1,): where the links of a node in a slot begin in other, link (2 E,) and when (2 E,): the
    node at the other end, the link's row and its time, newest first. ends (E, 2); sort (E,) code of the
    schema's link types.
    at, label, known_at, split as in GraphTables; fold (N,).
    `unit`: what is one in the logarithm of an age.
    """

    kind: Index
    rows: npt.NDArray[np.float32]
    begin: Index
    other: Index
    link: Index
    when: Floats
    ends: Index
    sort: Index
    at: Floats
    label: Small
    known_at: Floats
    split: Small
    fold: Small
    dated: bool
    delayed: bool
    unit: float


def web_of(graph: GraphTables, seed: int) -> tuple[Web, GraphSchema]:
    """The graph and what the network reads of it; `seed` draws the folds, and the order of links without
    times.
    """
    chance = np.random.default_rng(seed)
    subjects = np.unique(graph.kind[graph.subjects])
    rest = np.setdiff1d(np.unique(graph.kind), subjects)
    # All types that hold subjects are one: what a node is of them, it knows by a column.
    kind = np.zeros(len(graph.kind), np.int64)
    for place, code in enumerate(rest):
        kind[graph.kind == code] = place + 1
    own, names = _own_columns(graph, subjects)
    rows = np.zeros((len(kind), len(LOOKED) + own.shape[1]), np.float32)
    rows[:, len(LOOKED) :] = own
    types = ["subject", *(f"type_{graph.kinds[code]}" for code in rest)]
    features = dict.fromkeys(types, (*LOOKED, *names))
    sorts, sort = np.unique(
        np.stack([kind[graph.ends[:, 0]], graph.relation, kind[graph.ends[:, 1]]], axis=1),
        axis=0,
        return_inverse=True,
    )
    edges = tuple((types[a], f"relation_{graph.relations[r]}", types[b]) for a, r, b in sorts)
    begin, other, link, when = _slots(graph, chance)
    return Web(
        kind=kind,
        rows=rows,
        begin=begin,
        other=other,
        link=link,
        when=when,
        ends=graph.ends,
        sort=sort.ravel().astype(np.int64),
        at=graph.at,
        label=graph.label,
        known_at=graph.known_at,
        split=graph.split,
        fold=chance.integers(0, FOLDS, len(kind)).astype(np.int8),
        dated=graph.dated,
        delayed=graph.delayed,
        unit=_unit(graph),
    ), GraphSchema(features, edges, LINK)


def slot_names(relations: Sequence[str]) -> tuple[str, ...]:
    """A slot for each relation and direction."""
    return tuple(f"{name}_{way}" for name in relations for way in ("out", "in"))


def _slots(graph: GraphTables, chance: np.random.Generator) -> tuple[Index, Index, Index, Floats]:
    slots, links = 2 * len(graph.relations), len(graph.ends)
    node = np.concatenate([graph.ends[:, 0], graph.ends[:, 1]])
    other = np.concatenate([graph.ends[:, 1], graph.ends[:, 0]])
    place = node * slots + np.concatenate([2 * graph.relation, 2 * graph.relation + 1])
    when = np.tile(graph.link_at, 2)
    order = np.lexsort((chance.random(2 * links), -when, place))
    begin = np.zeros(len(graph.kind) * slots + 1, np.int64)
    np.cumsum(np.bincount(place, minlength=len(begin) - 1), out=begin[1:])
    return begin, other[order], order % max(links, 1), when[order]


def _own_columns(graph: GraphTables, subjects: Index) -> tuple[Floats, list[str]]:
    """Features by their rank among the nodes of train, 0 where they are not known; with which type of subject
    a node is, where there are several.
    """
    learned = graph.x[(graph.split == TRAIN) & (graph.label != NONE)]
    columns, names = [], []
    for place, name in enumerate(graph.x_names):
        columns.append(_ranked(graph.x[:, place], learned[:, place]))
        names.append(name)
    if len(subjects) > 1:
        columns += [(graph.kind == code).astype(np.float64) for code in subjects]
        names += [f"is_{graph.kinds[code]}" for code in subjects]
    return (np.stack(columns, axis=1) if columns else np.empty((len(graph.kind), 0))), names


def _ranked(values: Floats, learned: Floats) -> Floats:
    """Values as ranks between -1 and 1 among those learned from: whatever their scale, and no outlier."""
    known = learned[~np.isnan(learned)]
    if not len(known):
        return np.zeros(len(values))
    edges = np.unique(np.quantile(known, np.linspace(0, 1, 201)))
    low, high = np.searchsorted(edges, values, "left"), np.searchsorted(edges, values, "right")
    return np.where(np.isnan(values), 0.0, (low + high) / max(len(edges), 1) - 1.0)


def _unit(graph: GraphTables) -> float:
    """A thousandth of the time that the dated nodes and links span."""
    times = np.concatenate([graph.at, graph.link_at])
    times = times[np.isfinite(times)]
    return float(max(np.ptp(times) / 1_000, 1e-9)) if len(times) else 1.0
