"""What the network looked at: how much less it would say without one tie of the subject, and without all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gnn.tensors import EDGE_TYPES, EdgeType, Index, Mine, Tensors

MOST = 12  # ties that are taken away, one at a time: each costs one pass of the network
TOLD = 3  # that are told of
LEAST = 0.05  # log-odds that all links must add to be worth a word: the odds are a twentieth higher
_PLACE = "place"


class Looked(NamedTuple):
    """`ties`: nodes at the other ends of the ties without which the log-odds would fall most, the heaviest first; `links`: by how much they would
    fall without any tie that leads to somebody."""

    ties: tuple[str, ...] = ()
    links: float = 0.0


NOTHING = Looked()


def looked_at(tensors: Tensors, network: Callable[[Tensors], float], served: Callable[[Tensors], float]) -> Looked:
    """Which ties count, by the log-odds that the `network` alone says without each; and what all of them do to the log-odds that are `served`.

    Where people are tied in many ways, the loss of one tie alone changes little: hence both.
    """
    leading = [mine for mine in tensors.mine if _leads_on(tensors, mine)]
    leading.sort(key=lambda mine: mine.edge[2] == _PLACE)
    if not leading:
        return NOTHING
    links = served(tensors) - served(without(tensors, leading))
    if links < LEAST:
        return NOTHING
    whole = network(tensors)
    found = sorted((network(without(tensors, [mine])), mine.node) for mine in leading[:MOST])
    heavy = [node for left, node in found[:TOLD] if left < whole] or [found[0][1]]
    return Looked(tuple(heavy), links)


def without(tensors: Tensors, gone: Sequence[Mine]) -> Tensors:
    """The surroundings as they would be without these links: what can then not be reached from the subject is not there."""
    index, attr = dict(tensors.index), dict(tensors.attr)
    for edge in {mine.edge for mine in gone}:
        places = [mine.place for mine in gone if mine.edge == edge]
        index[edge], attr[edge] = np.delete(index[edge], places, axis=1), np.delete(attr[edge], places, axis=0)
    here = _reached(tensors, index)
    rows = {name: np.cumsum(mask) - 1 for name, mask in here.items()}
    for one in EDGE_TYPES:
        source, target = index[one]
        kept = here[one[0]][source] & here[one[2]][target]
        index[one] = np.stack([rows[one[0]][source[kept]], rows[one[2]][target[kept]]])
        attr[one] = attr[one][kept]
    return replace(tensors, x={name: x[here[name]] for name, x in tensors.x.items()}, index=index, attr=attr, mine=())


def _reached(tensors: Tensors, index: dict[EdgeType, Index]) -> dict[str, npt.NDArray[np.bool_]]:
    """By node type, which rows the subject reaches over the links."""
    counts = [len(x) for x in tensors.x.values()]
    start = dict(zip(tensors.x, np.cumsum([0, *counts]).tolist()))
    links = np.concatenate([index[edge] + [[start[edge[0]]], [start[edge[2]]]] for edge in EDGE_TYPES], axis=1)
    total = sum(counts)
    _, group = connected_components(coo_array((np.ones(links.shape[1], dtype=np.int8), (links[0], links[1])), shape=(total, total)), directed=False)
    mine = group == group[start["applicant"]]
    return {name: mine[first : first + len(tensors.x[name])] for name, first in start.items()}


def _leads_on(tensors: Tensors, mine: Mine) -> bool:
    """Whether a tie is to somebody, or to something that somebody else is tied to as well."""
    if mine.edge[2] == "applicant":
        return True
    ends = tensors.index[mine.edge][1]
    return bool((ends == ends[mine.place]).sum() > 1)
