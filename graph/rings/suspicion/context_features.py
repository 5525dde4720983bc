"""Context features of an applicant: own features, links, neighbours, merchants and agents, and the group
around them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph.facts.tables import Column, Tables
from graph.rings.links.projection import ApplicantLinks
from graph.rings.sharing.incidence import Incidence
from graph.rings.suspicion.columns import Features
from graph.rings.suspicion.link_features import (
    averaged,
    counter_features,
    degrees,
    group_features,
    matrix,
    value_features,
)
from graph.rings.suspicion.member_features import member_features

# Averaged over the other members of the group; the spread of the last ones too: copies of one story are all
# alike.
_OF_THE_GROUP = (
    "applications", "lenders", "busiest_week", "amount", "amount_spread", "term", "night", "at_banks",
    "refused", "face", "worst_face", "liveness", "three_element", "age", "new_citizen", "own_device",
    "own_phone", "own_bank_card", "is_emulator", "is_rooted", "events_before", "history_days",
    "events_first_week", "corroborated", "hard_links", "hard_within_week", "handed_over", "held_together",
    "strong_links", "most_values", "with_merchant", "with_agent", "partners",
)  # fmt: skip
_SPREAD = ("amount", "term", "age", "face", "liveness", "night", "history_days", "events_before")


@dataclass(frozen=True)
class Surroundings:
    """What an applicant's links, neighbours and group say, by applicant (A,). For the people of a whole group
    of the first cut it hangs on them, their neighbours and their links alone.
    """

    degree: Features
    group: Features
    near: Features
    members: Features


def context_features(
    tables: Tables, sharing: Incidence, links: ApplicantLinks, group: Column, first: Column
) -> Features:
    """One row an applicant: no label and no outcome of a loan beyond a refusal is in it. `group` is the first
    cut, `first` microseconds.
    """
    own = member_features(tables)
    around = surroundings(own, links, group, first)
    counter = counter_features(sharing, own, around.degree)
    return side_by_side(own, around, value_features(sharing, len(first)), counter)


def surroundings(own: Features, links: ApplicantLinks, group: Column, first: Column) -> Surroundings:
    """All of it, by the applicants' `own` features."""
    degree = degrees(links, first)
    near = averaged(matrix(links, links.weight, len(first)), own, "near")
    return Surroundings(
        degree, group_features(group, links, first), near, _of_members(group, own.beside(degree))
    )


def side_by_side(own: Features, around: Surroundings, values: Features, counter: Features) -> Features:
    """The context features (A,), of their parts."""
    return own.beside(around.degree, around.group, values, around.near, counter, around.members)


def _of_members(group: Column, known: Features) -> Features:
    """Mean and spread of the other members of each applicant's group."""
    names = _OF_THE_GROUP + tuple(name for name in known.names if name.startswith("links_"))
    columns = tuple(f"group_{name}" for name in names) + tuple(f"spread_{name}" for name in _SPREAD)
    out = np.empty((len(group), len(columns)), np.float32)

    def of_others(value: Column) -> Column:
        return np.asarray(np.bincount(group, weights=value)[group] - value)

    # one feature after the other: all of them in doubles were the most that a search held
    for place, name in enumerate(names):
        x = known.column(name).astype(np.float64)
        there = ~np.isnan(x)
        x[~there] = 0.0
        mass = of_others(there)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(mass > 0.5, of_others(x) / mass, np.nan)
            out[:, place] = mean
            if name in _SPREAD:
                square = np.where(mass > 1.5, of_others(x * x) / mass, np.nan)
                spread = np.sqrt(np.maximum(square - mean**2, 0.0))
                out[:, len(names) + _SPREAD.index(name)] = spread
    return Features(columns, out)
