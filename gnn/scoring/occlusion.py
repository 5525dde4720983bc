"""Occlusion: by how much the log-odds fall without one tie of the subject, and without all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from gnn.graphs.tensors import Index, Tensors, ties_of_subject, without
from graph.features.path_rules import PathRule, over_dealing, over_tie
from graph.kernels.compiled import compiled

MOST = 12  # ties that are taken away, one at a time: each costs one pass of the network
MOST_SHOWN = 3  # ties that are shown
LEAST = 0.05  # log-odds that all links must add to be worth a word: the odds are a twentieth higher


class Occlusion(NamedTuple):
    """`ties`: the ways over the ties without which the log-odds would fall most, the heaviest first; `links`:
    by how much they would fall without any tie that leads to somebody.
    """

    ties: tuple[PathRule, ...] = ()
    links: float = 0.0


NOTHING = Occlusion()


def occlusion(
    tensors: Tensors,
    whole: tuple[float, float],
    network: Callable[[Tensors, Index], Iterable[float]],
    served: Callable[[Tensors], float],
) -> Occlusion:
    """The ties that matter, by the `network`'s log-odds without each; and the effect of all ties on the
    `served` log-odds.

    `whole`: both with all ties. Where people are tied in many ways, the loss of one tie alone changes little:
    hence both.
    """
    leading = _leading(tensors)
    if not len(leading):
        return NOTHING
    links = whole[1] - served(without(tensors, leading.tolist()))
    if links < LEAST:
        return NOTHING
    tried = leading[:MOST]
    result = sorted(
        (float(left), _way(tensors, tie))
        for left, tie in zip(network(tensors, tried), tried.tolist(), strict=True)
    )
    heavy = [way for left, way in result[:MOST_SHOWN] if left < whole[0]] or [result[0][1]]
    return Occlusion(tuple(heavy), links)


@compiled
def _leading(tensors: Tensors) -> Index:
    """The subject's ties to somebody, or to something that somebody else is tied to as well."""
    mine, kept = ties_of_subject(tensors), 0
    named = np.zeros(len(tensors.rows), np.int32)
    for link in range(len(tensors.ends)):
        named[tensors.ends[link, 1]] += 1
    for link in mine:
        end = max(tensors.ends[link, 0], tensors.ends[link, 1])
        if end < tensors.first[1] or named[end] > 1:
            mine[kept] = link
            kept += 1
    return mine[:kept]


def _way(tensors: Tensors, tie: int) -> PathRule:
    end = tensors.other_end(tie)
    row = int(tensors.origin[end])
    return over_dealing(row) if end < tensors.first[1] else over_tie(row)
