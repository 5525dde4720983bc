"""Second-stage features: how an applicant is linked to those whom the first stage finds suspicious."""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.rings.columns import Features, features, most, total
from graph.rings.projection import HARD, LINK_KINDS, PLACES, SOFT, ApplicantLinks

HARD_COLUMNS = [i for i, name in enumerate(LINK_KINDS) if name in HARD]
_MORE_THAN_A_PLACE = [i for i, name in enumerate(LINK_KINDS) if name not in PLACES]
_SOFT_COLUMNS = [i for i, name in enumerate(LINK_KINDS) if name in SOFT]


def suspects_nearby(links: ApplicantLinks, suspicion: Column, group: Column) -> Features:
    """One row an applicant (A,): suspicion that reaches them by each kind of link, over hard kinds and soft
    ones, and in their group.

    A flatmate of a suspect shares an address; an accomplice shares a device, a card or contacts: only the
    kinds tell them apart.
    """
    size = len(suspicion)
    of_a, of_b = suspicion[links.a], suspicion[links.b]

    def reaching(value: Column) -> Column:
        return total(value * of_b, links.a, size) + total(value * of_a, links.b, size)

    hard, soft = _any_of(links, HARD_COLUMNS), _any_of(links, _SOFT_COLUMNS)
    out = {f"suspects_{name}": reaching(links.shared[:, k]) for k, name in enumerate(LINK_KINDS)}
    for name, value in (("hard", hard), ("soft", soft), ("all", links.weight)):
        strongest = np.maximum(most(value * of_b, links.a, size), most(value * of_a, links.b, size))
        reached, all_of_it = reaching(value), total(value, links.a, size) + total(value, links.b, size)
        out |= {
            f"suspects_{name}": reached,
            f"suspects_{name}_mean": reached / (all_of_it + 1e-6),
            f"suspects_{name}_most": strongest,
        }
    out["suspects_corroborated"] = reaching((links.shared[:, HARD_COLUMNS] > 0).sum(axis=1) >= 2)
    out["suspects_hard_and_soft"] = reaching((hard > 0) & (soft > 0))
    members = np.bincount(group)[group]
    others = np.bincount(group, weights=suspicion)[group] - suspicion
    out |= {
        "group_people": members,
        "group_suspicion": np.where(members > 1, others / np.maximum(members - 1, 1), np.nan),
        "first_look": suspicion,
    }
    return features(out)


def links_beyond_a_place(links: ApplicantLinks, group: Column) -> Column:
    """How many links tie each applicant to others of their group by more than a place or an employer (A,)."""
    inside = (group[links.a] == group[links.b]) & (links.shared[:, _MORE_THAN_A_PLACE] > 0).any(axis=1)
    return np.asarray(np.bincount(np.r_[links.a[inside], links.b[inside]], minlength=len(group)))


def _any_of(links: ApplicantLinks, columns: list[int]) -> Column:
    return np.asarray(1.0 - np.prod(1.0 - links.shared[:, columns].astype(np.float64), axis=1))
