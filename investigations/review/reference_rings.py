"""Baselines for ring detection: connected components, and Leiden on weights 1/holders."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

import igraph
import numpy as np

from graph.facts.fraud_labels import fraud_spells
from graph.facts.tables import Column, Tables
from graph.rings.links.communities import components
from graph.rings.links.projection import PairRows, pair_rows
from graph.rings.sharing.incidence import MERCHANT, Incidence, incidence_of

# the recipes leave out values with more holders than this: of 10 and 30 the better for them on the worlds
# tried
HOLDERS = 10
_SMALLEST = 3


def reference_groups(tables: Tables) -> Mapping[str, tuple[frozenset[str], ...]]:
    """Groups that each baseline flags as of the tables' moment: those of three or more with a known fraud
    inside.
    """
    rows = _shared_identifiers(incidence_of(tables))
    recipes: Mapping[str, Callable[[PairRows, int], Column]] = {
        "components": _components,
        "leiden_modularity_300": lambda rows, size: _leiden(rows, size, "modularity", 300.0),
        "leiden_cpm_0.05": lambda rows, size: _leiden(rows, size, "CPM", 0.05),
    }
    size, fraud = len(tables.applicant_ids), fraud_spells(tables).fraud
    return {name: _flagged(cut(rows, size), fraud, tables.applicant_ids) for name, cut in recipes.items()}


def _shared_identifiers(sharing: Incidence) -> PairRows:
    """Every pair that shares an identifier with few enough holders; merchants and agents are no
    identifiers.
    """
    out = (sharing.holders > HOLDERS) | (sharing.kind >= MERCHANT) | (sharing.hub == 1)
    guarded = replace(sharing, hub=out.astype(np.int8))
    return pair_rows(guarded, all_pairs=HOLDERS)


def _components(rows: PairRows, size: int) -> Column:
    return components(size, rows.a, rows.b)


def _leiden(rows: PairRows, size: int, objective: str, resolution: float) -> Column:
    """Leiden on weights 1/holders, added up over shared values; seeded. Modularity at resolution 1 finds no
    ring at all in a large graph.
    """
    igraph.set_random_number_generator(random.Random(0))
    graph = igraph.Graph(
        size,
        np.stack([rows.a, rows.b], axis=1).tolist(),
        edge_attrs={"weight": (1.0 / rows.holders).tolist()},
    )
    graph.simplify(combine_edges="sum")
    return np.array(
        graph.community_leiden(objective, weights="weight", resolution=resolution, n_iterations=2).membership
    )


def _flagged(group: Column, fraud: Column, ids: Column) -> tuple[frozenset[str], ...]:
    size, bad = np.bincount(group), np.bincount(group, weights=fraud)
    out = []
    order = np.argsort(group, kind="stable")
    for people in np.split(order, np.cumsum(size)[:-1]):
        if len(people) >= _SMALLEST and bad[group[people[0]]]:
            out.append(frozenset(ids[people].tolist()))
    return tuple(out)
