"""RingNet's forward pass for one subject in compiled code: on so small a graph a framework's overhead would
exceed the computation.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from gnn.graphs.packed import PackedGraphs, one_of
from gnn.graphs.tensors import Array, Index, Tensors, within_reach
from gnn.scoring.layers import (
    Flags,
    Floats,
    Hearing,
    Weights,
    enter,
    hear,
    hearing,
    link_terms,
    listeners,
    read,
    speak,
    type_of,
    update,
)
from gnn.scoring.weights import NetworkWeights
from graph.kernels.compiled import compiled, inner


class Forward:
    """A network prepared to serve one subject at a time; bitwise deterministic, stateless, safe for many
    threads.
    """

    def __init__(self, network: NetworkWeights) -> None:
        self._weights = _weights(network)

    def __call__(self, tensors: Tensors) -> Floats:
        """(1 + embedding,): the logit of fraud within the horizon, then the embedding."""
        return _answer(tensors, self._weights)

    @property
    def size(self) -> int:
        """How many numbers an answer is."""
        return 1 + len(self._weights.narrow_bias)

    def without_each(self, tensors: Tensors, ties: Index) -> Floats:
        """(ties,): the logit without each of these links, one at a time."""
        return _answer_without_each(tensors, ties, self._weights)

    def of_all(self, packed: PackedGraphs) -> Floats:
        """(N, 1 + embedding): the same of each of them, to the bit."""
        out = np.empty((packed.size, self.size))
        _answer_all(packed, self._weights, out)
        return out

    def of_parts(self, parts: Iterable[PackedGraphs]) -> Floats:
        """(N, 1 + embedding): the same of graphs that come a few after the other."""
        return np.concatenate([np.empty((0, self.size)), *(self.of_all(part) for part in parts)])


def _weights(network: NetworkWeights) -> Weights:
    predictions, layers = network.numbers, range(network.shape["layers"])
    types, widest = network.schema.node_types, network.schema.widest
    maps = [[f"convs.{layer}.message_and_self.maps.{kind}" for kind in range(len(types))] for layer in layers]

    def each(name: str) -> Array:
        return np.stack([_turned(predictions[f"convs.{layer}.{name}"]) for layer in layers])

    return Weights(
        mean=np.stack([_wide(predictions[f"scale.{name}.mean"], widest) for name in types]),
        # Columns that a type does not have are 0, and stay so.
        deviation=np.stack([_wide(predictions[f"scale.{name}.deviation"], widest, 1.0) for name in types]),
        enter=np.stack([_wide(_turned(predictions[f"enter.{name}.weight"]), widest) for name in types]),
        enter_bias=np.stack([predictions[f"enter.{name}.bias"] for name in types]),
        message_and_self=np.array(
            [[_turned(predictions[f"{name}.weight"]) for name in names] for names in maps]
        ),
        message_and_self_bias=np.array([[predictions[f"{name}.bias"] for name in names] for names in maps]),
        edge=each("edge_linear.weight"),
        edge_bias=each("edge_linear.bias"),
        combine=each("combine.weight"),
        combine_bias=each("combine.bias"),
        norm=each("norm.weight"),
        norm_bias=each("norm.bias"),
        narrow=_turned(predictions["narrow.weight"]),
        narrow_bias=predictions["narrow.bias"].copy(),
        decide=predictions["decide.weight"][0].copy(),
        decide_bias=predictions["decide.bias"].copy(),
    )


def _turned(weight: Array) -> Array:
    return np.ascontiguousarray(weight.T)


def _wide(values: Array, widest: int, beyond: float = 0.0) -> Array:
    """With so many columns, or rows of a map."""
    return np.pad(values, [(0, widest - len(values)), *[(0, 0)] * (values.ndim - 1)], constant_values=beyond)


class _Pass(NamedTuple):
    """One pass over a graph, layer by layer.

    h (L + 1, N, H): the states of the nodes before each layer, and after the last; both (L, N, 2 H): what
    they say; terms (L, 2 E, H): what the links add.
    """

    hearing: Hearing
    h: Array
    both: Array
    terms: Array


@compiled
def _answer(tensors: Tensors, weights: Weights) -> Floats:
    made = _passed(tensors, weights)
    return read(made.h[-1], np.ones(len(tensors.rows), np.bool_), tensors, weights)


@inner
def _passed(tensors: Tensors, weights: Weights) -> _Pass:
    layers, nodes, width = len(weights.combine), len(tensors.rows), weights.enter_bias.shape[1]
    made = _Pass(
        hearing(tensors),
        np.empty((layers + 1, nodes, width), np.float32),
        np.empty((layers, nodes, 2 * width), np.float32),
        np.empty((layers, 2 * len(tensors.ends), width), np.float32),
    )
    left = np.ones(len(tensors.ends), np.bool_)
    heard, fresh = np.empty(2 * width, np.float32), np.empty(width, np.float32)
    made.h[0] = enter(tensors, weights)
    for layer in range(layers):
        both, terms, h = made.both[layer], made.terms[layer], made.h[layer + 1]
        listen = listeners(tensors, layer + 1 == layers)
        link_terms(tensors, weights.edge[layer], weights.edge_bias[layer], terms)
        _all_speak(made.h[layer], tensors.first, weights, layer, listen, both)
        h[:] = made.h[layer]
        for node in range(listen):
            hear(node, made.hearing, tensors.ends, left, both, terms, heard)
            update(h[node], both[node], heard, weights, layer, fresh)
    return made


@inner
def _all_speak(h: Array, first: Index, weights: Weights, layer: int, listen: int, both: Array) -> None:
    """What every node says; the self part is of use to those who listen alone."""
    weight, bias = weights.message_and_self[layer], weights.message_and_self_bias[layer]
    for kind in range(len(first) - 1):
        for node in range(first[kind], first[kind + 1]):
            room = both[node] if node < listen else both[node, : h.shape[1]]
            speak(h[node], weight[kind], bias[kind], room)


@compiled
def _answer_without_each(tensors: Tensors, ties: Index, weights: Weights) -> Floats:
    """Without a link the states of its two ends are other after the first layer, after the second those of
    who hears them as well: all else stands as it is, and is not computed again.
    """
    whole, out = _passed(tensors, weights), np.empty(len(ties))
    left = np.ones(len(tensors.ends), np.bool_)
    h, both = whole.h.copy(), whole.both.copy()
    for place in range(len(ties)):
        left[ties[place]] = False
        there = within_reach(tensors, left)
        _pass_again(_Pass(whole.hearing, h, both, whole.terms), tensors, weights, ties[place], left, there)
        out[place] = read(h[-1], there, tensors, weights)[0]
        left[ties[place]] = True
        h[:], both[:] = whole.h, whole.both
    return out


@inner
def _pass_again(
    made: _Pass, tensors: Tensors, weights: Weights, gone: int, left: Flags, there: Flags
) -> None:
    """The pass without one link, of those who are still `there`, where it becomes another."""
    layers, width = len(weights.combine), made.h.shape[2]
    heard, fresh = np.empty(2 * width, np.float32), np.empty(width, np.float32)
    other = np.zeros(len(tensors.rows), np.bool_)  # whose state is another than in the whole graph
    for layer in range(layers):
        both, h, becomes = made.both[layer], made.h[layer + 1], other.copy()
        listen = listeners(tensors, layer + 1 == layers)
        becomes[tensors.ends[gone, 0]] = becomes[tensors.ends[gone, 1]] = True
        for node in range(len(other)):
            if other[node]:
                kind = type_of(tensors.first, node)
                speak(
                    made.h[layer, node],
                    weights.message_and_self[layer, kind],
                    weights.message_and_self_bias[layer, kind],
                    both[node],
                )
        for link in range(len(left)):
            a, b = tensors.ends[link, 0], tensors.ends[link, 1]
            if left[link] and (other[a] or other[b]):
                becomes[a] = becomes[b] = True
        for node in range(listen):
            becomes[node] = becomes[node] and there[node]
            if becomes[node]:
                hear(node, made.hearing, tensors.ends, left, both, made.terms[layer], heard)
                h[node] = made.h[layer, node]
                update(h[node], both[node], heard, weights, layer, fresh)
        for node in range(listen, len(other)):
            becomes[node] = False
        other = becomes


@compiled
def _answer_all(packed: PackedGraphs, weights: Weights, out: Floats) -> None:
    for place in range(len(out)):
        out[place] = _answer(one_of(packed, place), weights)
