"""Features of an applicant's links: links by kind, averages over neighbours, the group, and the merchant or
agent.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from graph.facts.tables import Column
from graph.kernels.compiled import compiled
from graph.model.moments import DAY
from graph.rings.links.projection import LINK_KINDS, SOFT, ApplicantLinks
from graph.rings.sharing.incidence import AGENT, MERCHANT, VALUE_KINDS, Incidence
from graph.rings.suspicion.columns import Features, features, most, total

# Own features whose average over others says something about the others.
DESCRIBED = (
    "applications", "lenders", "busiest_week", "amount", "term", "night", "at_banks", "refused", "face",
    "worst_face", "liveness", "three_element", "age", "new_citizen", "own_device", "own_phone",
    "own_bank_card", "is_emulator", "is_rooted", "events_before", "history_days", "partners",
)  # fmt: skip

NEAR_IN_TIME = 7 * DAY  # microseconds: holders of a value who came together
STEPS = 65_536.0  # of one: sums over the customers of a shop are of whole steps

OF_CUSTOMERS = (
    "face", "liveness", "three_element", "refused", "is_emulator", "amount", "age", "history_days",
    "corroborated", "hard_links", "hard_within_week"
)  # fmt: skip


def matrix(links: ApplicantLinks, weight: Column, applicants: int) -> sparse.csr_matrix:
    """Links as a symmetric matrix (applicants, applicants)."""
    rows, columns = np.r_[links.a, links.b], np.r_[links.b, links.a]
    return sparse.csr_matrix((np.r_[weight, weight], (rows, columns)), shape=(applicants, applicants))


def averaged(pull: sparse.csr_matrix, own: Features, prefix: str) -> Features:
    """Weighted mean of neighbours' known features (applicants, len(DESCRIBED)); NaN where no neighbour's is
    known.
    """
    x = np.stack([own.column(name) for name in DESCRIBED], axis=1).astype(np.float64)
    present = ~np.isnan(x)
    mass = pull @ present.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (pull @ np.where(present, x, 0.0)) / mass
    return Features(
        tuple(f"{prefix}_{name}" for name in DESCRIBED),
        np.where(mass > 1e-9, mean, np.nan).astype(np.float32),
    )


def degrees(links: ApplicantLinks, first: Column) -> Features:
    """How an applicant is linked: by each kind, how strongly, how close in time."""
    size = len(first)

    def all_of(value: Column) -> Column:
        return total(value, links.a, size) + total(value, links.b, size)

    def best(value: Column) -> Column:
        return np.maximum(most(value, links.a, size), most(value, links.b, size))

    apart = np.abs(first[links.a] - first[links.b]) / DAY
    hard = [i for i, name in enumerate(LINK_KINDS) if name not in SOFT]
    kinds, hard_kinds = (links.shared > 0).sum(axis=1), (links.shared[:, hard] > 0).sum(axis=1)
    out = {f"most_{name}": best(links.shared[:, i]) for i, name in enumerate(LINK_KINDS)}
    out |= {f"links_{name}": np.log1p(all_of(links.shared[:, i] > 0)) for i, name in enumerate(LINK_KINDS)}
    out |= {
        "pull": all_of(links.weight),
        "strongest": best(links.weight),
        "strong_links": all_of(links.weight >= 0.3),
        "hard_links": all_of(hard_kinds >= 1),
        "corroborated": all_of(hard_kinds >= 2),
        "most_kinds": best(kinds),
        "most_values": best(links.values),
        "links_within_week": all_of(links.weight * (apart <= 7)),
        "links_within_month": all_of(links.weight * (apart <= 30)),
        "hard_within_week": all_of((hard_kinds >= 1) & (apart <= 7)),
        "held_together": all_of((hard_kinds >= 1) & links.together),
        "handed_over": all_of((hard_kinds >= 1) & ~links.together),
    }
    return features(out)


def group_features(group: Column, links: ApplicantLinks, first: Column) -> Features:
    """The first cut's group around each applicant: how big, how dense, how sudden."""
    size = np.bincount(group)
    inside = group[links.a] == group[links.b]
    at = group[links.a[inside]]
    inner = np.bincount(at, weights=links.weight[inside], minlength=len(size))
    count = np.bincount(at, minlength=len(size))
    pairs = np.maximum(size * (size - 1) / 2, 1)
    days = first / DAY
    mean = np.bincount(group, weights=days) / size
    spread = np.sqrt(np.bincount(group, weights=(days - mean[group]) ** 2) / size)
    columns = {
        "group_size": size, "group_density": count / pairs, "group_weight": inner / pairs,
        "group_spread_days": np.where(size > 1, spread, np.nan)
    }  # fmt: skip
    return features({name: column[group] for name, column in columns.items()})


def value_features(sharing: Incidence, size: int) -> Features:
    """The most holders among an applicant's values of each kind, and how many of them came within a week of
    this one.
    """
    value = sharing.value_of_row
    counts = (sharing.holders[value], arrivals(value, sharing.since))
    return most_by_kind(sharing.who, sharing.kind[value], counts, size)


def most_by_kind(who: Column, kind: Column, counts: tuple[Column, Column], size: int) -> Features:
    """The most of `counts`, holders and arrivals, by person and kind (size, twice the kinds); all (rows,)."""
    out = {}
    for code, name in enumerate(VALUE_KINDS):
        at = kind == code
        out[f"holders_{name}"], out[f"arrivals_{name}"] = (most(count[at], who[at], size) for count in counts)
    return features(out)


@compiled
def arrivals(value: Column, since: Column) -> Column:
    """How many other rows of the same value lie within a week before or after each (rows,). The rows are by
    (value, since); `since` in microseconds.
    """
    out = np.zeros(len(value), np.int64)
    begin, end = 0, 0
    for row in range(len(value)):
        while value[begin] != value[row] or since[begin] < since[row] - NEAR_IN_TIME:
            begin += 1
        end = max(end, row)
        while end < len(value) and value[end] == value[row] and since[end] <= since[row] + NEAR_IN_TIME:
            end += 1
        out[row] = end - begin - 1
    return out


def counter_features(sharing: Incidence, own: Features, surroundings: Features) -> Features:
    """The merchants and agents an applicant came through, described by their other customers."""
    return others_at(
        sharing, np.isin(sharing.kind, (MERCHANT, AGENT)), own.beside(surroundings), OF_CUSTOMERS
    )


def others_at(sharing: Incidence, chosen: Column, known: Features, names: tuple[str, ...]) -> Features:
    """Mean of `names` over the other holders of the chosen values (a mask over values), as columns
    `counter_...`.
    """
    size = len(known.values)
    at = chosen[sharing.value_of_row]
    through = sparse.csr_matrix(
        (np.ones(at.sum()), (sharing.who[at], sharing.value_of_row[at])), shape=(size, len(sharing.kind))
    )
    visits = np.asarray(through.sum(axis=1))
    x, there = counted(known, names)
    total = through @ (through.T @ x) - visits * x
    mass = through @ (through.T @ there) - visits * there
    return mean_of_others(total, mass, names)


def counted(known: Features, names: tuple[str, ...]) -> tuple[Column, Column]:
    """These columns as whole numbers of 1 / STEPS, 0 where not known, and 1 where known (rows, names),
    float64: sums of less than 2^53 of them have no rounding, in whatever order they are added up.
    """
    x = np.stack([known.column(name) for name in names], axis=1).astype(np.float64)
    there = ~np.isnan(x)
    return np.where(there, np.rint(x * STEPS), 0.0), there.astype(np.float64)


def mean_of_others(total: Column, mass: Column, names: tuple[str, ...]) -> Features:
    """What `counted` gives, added up over others (rows, names), as their mean; NaN where none is known."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return Features(
            tuple(f"counter_{name}" for name in names),
            np.where(mass > 0.5, total / (mass * STEPS), np.nan).astype(np.float32),
        )
