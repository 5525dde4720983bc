"""What a task of the cluster does with a bucket of whole groups: their surroundings, and all their context
features.
"""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.rings.links.projection import ApplicantLinks
from graph.rings.spark.buckets import Rows, bucket
from graph.rings.spark.links import LINKS
from graph.rings.suspicion.columns import Features
from graph.rings.suspicion.context_features import Surroundings, side_by_side, surroundings
from graph.rings.suspicion.link_features import DESCRIBED, OF_CUSTOMERS, counted, mean_of_others, most_by_kind

SUMS = tuple(f"{what}_{name}" for what in ("sum", "known") for name in OF_CUSTOMERS)
_PARTS = tuple(Surroundings.__dataclass_fields__)


def around(folder: str, number: int, names: tuple[str, ...]) -> Rows:
    """`who`, a column PART.NAME for each feature of their surroundings, and SUMS: what they add to those of
    their shops. `names` are the features that applicants have by themselves.
    """
    people = bucket(folder, "people_of", number, {"who": "i4", "first": "i4", "since": "i8"} | _floats(names))
    if not len(people["who"]):
        return {}
    links = bucket(folder, "links_of", number, LINKS)
    beyond = bucket(folder, "neighbours_of", number, {"who": "i4", "since": "i8"} | _floats(DESCRIBED))
    everyone = np.union1d(people["who"], beyond["who"])
    at, further = (np.searchsorted(everyone, some["who"]) for some in (people, beyond))
    own, since = np.full((len(everyone), len(names)), np.nan, np.float32), np.zeros(len(everyone), np.int64)
    since[further], since[at] = beyond["since"], people["since"]
    for name in DESCRIBED:
        own[further, names.index(name)] = beyond[name]
    for column, name in enumerate(names):
        own[at, column] = people[name]
    group = len(everyone) + np.arange(len(everyone))
    group[at] = np.searchsorted(everyone, people["first"])
    group = np.unique(group, return_inverse=True)[1]
    found = surroundings(Features(names, own), numbered_links(links, everyone), group, since)
    x, known = counted(Features(names, own).beside(found.degree), OF_CUSTOMERS)
    sums = np.concatenate([x, known], axis=1)[at].astype(np.int64)
    return {
        "who": people["who"],
        **{f"{part}.{name}": column[at] for part in _PARTS for name, column in _named(getattr(found, part))},
        **dict(zip(SUMS, sums.T)),
    }


def _named(some: Features) -> list[tuple[str, Column]]:
    return list(zip(some.names, some.values.T, strict=True))


def _floats(names: tuple[str, ...]) -> dict[str, str]:
    return dict.fromkeys(names, "f4")


def each_once(rows: Rows) -> Rows:
    """Each link once, in the order of one machine."""
    order = np.lexsort((rows["b"], rows["a"]))
    a, b = rows["a"][order], rows["b"][order]
    once = order[np.r_[True, (np.diff(a) != 0) | (np.diff(b) != 0)][: len(order)]]
    return {name: column[once] for name, column in rows.items()}


def numbered_links(rows: Rows, everyone: Column) -> ApplicantLinks:
    """Each link once, in the order of one machine, between places among `everyone`."""
    held = each_once(rows)
    places = {end: np.searchsorted(everyone, held[end]).astype(np.int32) for end in "ab"}
    return ApplicantLinks(**{**held, **places})


def whole(folder: str, number: int, names: tuple[str, ...], columns: tuple[str, ...]) -> Rows:
    """`who`, ascending, and all context features; `columns` are those that `around` wrote."""
    people = bucket(folder, "people_of", number, {"who": "i4"} | _floats(names))
    if not len(people["who"]):
        return {}
    order = np.argsort(people["who"])
    who = people["who"][order]
    own = Features(names, np.stack([people[name][order] for name in names], axis=1))
    kinds = {"who": "i4"} | {name: "i8" if name in SUMS else "f4" for name in columns if name != "who"}
    beside = bucket(folder, "around", number, kinds)
    beside = {name: column[np.argsort(beside["who"])] for name, column in beside.items()}
    parts = {part: _part(beside, part) for part in _PARTS}
    values = bucket(folder, "values_of", number, dict.fromkeys(("who", "kind", "holders", "arrivals"), "i8"))
    counts = (values["holders"], values["arrivals"])
    most = most_by_kind(np.searchsorted(who, values["who"]), values["kind"], counts, len(who))
    features = side_by_side(own, Surroundings(**parts), most, _counter(folder, number, who, beside))
    return {"who": who, **dict(_named(features))}


def _part(rows: Rows, part: str) -> Features:
    names = [name for name in rows if name.startswith(f"{part}.")]
    return Features(
        tuple(name.removeprefix(f"{part}.") for name in names),
        np.stack([rows[name] for name in names], axis=1),
    )


def _counter(folder: str, number: int, who: Column, around: Rows) -> Features:
    kinds = {"who": "i8", "visits": "i8"} | dict.fromkeys(SUMS, "i8")
    met = bucket(folder, "customers_of", number, kinds)
    at, visits = np.searchsorted(who, met["who"]), np.zeros(len(who), np.int64)
    visits[at] = met["visits"]
    out = []
    for name in SUMS:
        total = np.zeros(len(who), np.int64)
        total[at] = met[name]
        out.append((total - visits * around[name]).astype(np.float64))
    of_all = np.stack(out, axis=1)
    half = len(OF_CUSTOMERS)
    return mean_of_others(of_all[:, :half], of_all[:, half:], OF_CUSTOMERS)
