"""Occlusion: by how much the log-odds fall without one tie of the subject, and without all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gnn.tensors import Tensors, without
from graph.features.finders import Finder, over_dealing, over_tie

MOST = 12  # ties that are taken away, one at a time: each costs one pass of the network
TOLD = 3  # that are told of
LEAST = 0.05  # log-odds that all links must add to be worth a word: the odds are a twentieth higher


class Looked(NamedTuple):
    """`ties`: the ways over the ties without which the log-odds would fall most, the heaviest first; `links`: by how much they would fall without
    any tie that leads to somebody."""

    ties: tuple[Finder, ...] = ()
    links: float = 0.0


NOTHING = Looked()


def looked_at(tensors: Tensors, network: Callable[[Tensors], float], served: Callable[[Tensors], float]) -> Looked:
    """The ties that matter, by the `network`'s log-odds without each; and the effect of all ties on the `served` log-odds.

    Where people are tied in many ways, the loss of one tie alone changes little: hence both.
    """
    leading = [tie for tie in tensors.mine.tolist() if _leads_on(tensors, tie)]
    if not leading:
        return NOTHING
    links = served(tensors) - served(without(tensors, leading))
    if links < LEAST:
        return NOTHING
    whole = network(tensors)
    found = sorted((network(without(tensors, [tie])), _way(tensors, tie)) for tie in leading[:MOST])
    heavy = [way for left, way in found[:TOLD] if left < whole] or [found[0][1]]
    return Looked(tuple(heavy), links)


def _leads_on(tensors: Tensors, tie: int) -> bool:
    """Whether a tie is to somebody, or to something that somebody else is tied to as well."""
    end = tensors.other_end(tie)
    return end < tensors.first[1] or bool((tensors.ends[:, 1] == end).sum() > 1)


def _way(tensors: Tensors, tie: int) -> Finder:
    end = tensors.other_end(tie)
    row = int(tensors.origin[end])
    return over_dealing(row) if end < tensors.first[1] else over_tie(row)
