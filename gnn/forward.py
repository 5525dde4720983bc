"""RingNet's forward pass for one subject in compiled code: on so small a graph a framework's overhead would
exceed the computation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gnn.packed import PackedGraphs, one_of
from gnn.tensors import Array, Index, Tensors, reached
from gnn.weights import BOUND, NetworkWeights
from graph.kernels.compiled import compiled, inner

Floats = npt.NDArray[np.float64]
_BOUND = np.float32(BOUND)
_MARGIN = np.float32(1e-5)  # torch's own, of LayerNorm
_NOTHING = np.float32(0)


class _Weights(NamedTuple):
    """A RingNet's numbers; a map's weights are (in, out). T node types, L layers, C columns, H hidden, D
    embedding.

    mean, deviation (T, C), enter (T, C, H), enter_bias (T, H); message_and_self (L, T, H, 2 H), its bias (L,
    T, 2 H); edge (L, marks + edge types, 2 H), its bias (L, 2 H); take (L, 2 H, H), its bias, norm and norm's
    bias (L, H); narrow (4 H, D), its bias (D,); decide (D,), its bias (1,).
    """

    mean: Array
    deviation: Array
    enter: Array
    enter_bias: Array
    message_and_self: Array
    message_and_self_bias: Array
    edge: Array
    edge_bias: Array
    combine: Array
    combine_bias: Array
    norm: Array
    norm_bias: Array
    narrow: Array
    narrow_bias: Array
    decide: Array
    decide_bias: Array


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


def _weights(network: NetworkWeights) -> _Weights:
    predictions, layers = network.numbers, range(network.shape["layers"])
    types, widest = network.schema.node_types, network.schema.widest
    maps = [[f"convs.{layer}.message_and_self.maps.{kind}" for kind in range(len(types))] for layer in layers]

    def each(name: str) -> Array:
        return np.stack([_turned(predictions[f"convs.{layer}.{name}"]) for layer in layers])

    return _Weights(
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


@compiled
def _answer(tensors: Tensors, weights: _Weights) -> Floats:
    h = _enter(tensors, weights)
    aggregated = np.empty((len(h), 2 * h.shape[1]), np.float32)
    for layer in range(len(weights.combine)):
        # Of the last layer people and the application in question alone are read, which come first; what
        # others would hear is heard by nobody.
        listen = len(h) if layer + 1 < len(weights.combine) else tensors.first[1] + tensors.has_application
        both = _messages(
            h, tensors.first, weights.message_and_self[layer], weights.message_and_self_bias[layer], listen
        )
        _aggregate(both, tensors, weights.edge[layer], weights.edge_bias[layer], aggregated[:listen])
        _combine(h[:listen], both, aggregated, weights, layer)
    return _read(h, tensors, weights)


@compiled
def _answer_without_each(tensors: Tensors, ties: Index, weights: _Weights) -> Floats:
    out = np.empty(len(ties))
    left = np.ones(len(tensors.ends), np.bool_)
    for place in range(len(ties)):
        left[ties[place]] = False
        out[place] = _answer(reached(tensors, left), weights)[0]
        left[ties[place]] = True
    return out


@compiled
def _answer_all(packed: PackedGraphs, weights: _Weights, out: Floats) -> None:
    for place in range(len(out)):
        out[place] = _answer(one_of(packed, place), weights)


@inner
def _add(x: Array, weight: Array, out: Array, first: int) -> None:
    """out += x @ weight, of one row and in the order of x; `out` are the outputs from the `first` on, as many
    as there is room for.

    The inner loop runs along the outputs, so that the machine does many at once, and takes four inputs, so
    that it fetches them less often.
    """
    fours = len(x) // 4 * 4
    for k in range(0, fours, 4):
        a, b, c, d = x[k], x[k + 1], x[k + 2], x[k + 3]
        for j in range(len(out)):
            at = first + j
            out[j] = (
                out[j]
                + a * weight[k, at]
                + b * weight[k + 1, at]
                + c * weight[k + 2, at]
                + d * weight[k + 3, at]
            )
    for k in range(fours, len(x)):
        for j in range(len(out)):
            out[j] += x[k] * weight[k, first + j]


@inner
def _enter(tensors: Tensors, weights: _Weights) -> Array:
    """The nodes as the layers see them (N, width): their columns brought to one scale and mapped, each type
    by its own map.
    """
    width, columns = weights.enter_bias.shape[1], tensors.rows.shape[1]
    h, row = np.empty((len(tensors.rows), width), np.float32), np.empty(columns, np.float32)
    for kind in range(len(tensors.first) - 1):
        for node in range(tensors.first[kind], tensors.first[kind + 1]):
            for k in range(columns):
                value = (tensors.rows[node, k] - weights.mean[kind, k]) / weights.deviation[kind, k]
                value = value if value > -_BOUND else -_BOUND
                row[k] = value if value < _BOUND else _BOUND
            h[node] = weights.enter_bias[kind]
            _add(row, weights.enter[kind], h[node], 0)
            for j in range(width):
                h[node, j] = max(h[node, j], _NOTHING)
    return h


@inner
def _messages(h: Array, first: Index, weight: Array, bias: Array, listen: int) -> Array:
    """The message (N, 2 width) of every node, and the self part of the first `listen` ones: linear maps by
    node type.
    """
    both = np.empty((len(h), bias.shape[1]), np.float32)
    for kind in range(len(first) - 1):
        for node in range(first[kind], first[kind + 1]):
            out = both[node] if node < listen else both[node, : h.shape[1]]
            out[:] = bias[kind, : len(out)]
            _add(h[node], weight[kind], out, 0)
    return both


@inner
def _aggregate(predictions: Array, tensors: Tensors, weight: Array, bias: Array, aggregated: Array) -> None:
    """Mean and maximum of relu(message + edge term), over the links in both directions, of each node with a
    row in `aggregated`.
    """
    width, ends = predictions.shape[1] // 2, tensors.ends
    marks = tensors.marks.shape[1]  # columns of a link; after them comes one for each type of link
    edge, degree = np.empty(width, np.float32), np.zeros(len(aggregated), np.int32)
    aggregated[:] = _NOTHING
    for sort in range(len(tensors.sorts) - 1):
        for link in range(tensors.sorts[sort], tensors.sorts[sort + 1]):
            for direction in range(2):
                source, target, first = ends[link, direction], ends[link, 1 - direction], direction * width
                if target >= len(aggregated):
                    continue
                edge[:] = bias[first : first + width]
                _add(tensors.marks[link], weight, edge, first)
                degree[target] += 1
                for k in range(width):
                    edge[k] += weight[marks + sort, first + k]
                    message = max(predictions[source, k] + edge[k], _NOTHING)
                    aggregated[target, k] += message
                    aggregated[target, width + k] = max(aggregated[target, width + k], message)
    for node in range(len(aggregated)):
        if degree[node] > 1:
            for k in range(width):
                aggregated[node, k] /= np.float32(degree[node])


@inner
def _combine(h: Array, both: Array, aggregated: Array, weights: _Weights, layer: int) -> None:
    """Residual update of every node: layer norm of relu(self part + linear map of the aggregated
    messages).
    """
    width = h.shape[1]
    fresh, size = np.empty(width, np.float32), np.float32(width)
    for node in range(len(h)):
        fresh[:] = weights.combine_bias[layer]
        _add(aggregated[node], weights.combine[layer], fresh, 0)
        mean, square = _NOTHING, _NOTHING
        for k in range(width):
            fresh[k] = max(both[node, width + k] + fresh[k], _NOTHING)
            mean += fresh[k]
        mean /= size
        for k in range(width):
            fresh[k] -= mean
            square += fresh[k] * fresh[k]
        deviation = np.sqrt(square / size + _MARGIN)
        for k in range(width):
            h[node, k] += fresh[k] / deviation * weights.norm[layer, k] + weights.norm_bias[layer, k]


@inner
def _read(h: Array, tensors: Tensors, weights: _Weights) -> Floats:
    """The logit and the embedding: of the subject, the application in question (0 without one), and the mean
    and maximum over the people.
    """
    width, people = h.shape[1], tensors.first[1]
    read = np.zeros(4 * width, np.float32)
    read[:width] = h[0]
    if tensors.has_application:
        read[width : 2 * width] = h[people]
    for k in range(width):
        total, most = _NOTHING, h[0, k]
        for node in range(people):
            total += h[node, k]
            most = max(most, h[node, k])
        read[2 * width + k], read[3 * width + k] = total / np.float32(people), most
    z = weights.narrow_bias.copy()
    _add(read, weights.narrow, z, 0)
    logit, out = weights.decide_bias[0], np.empty(1 + len(z), np.float64)
    for k in range(len(z)):
        z[k] = max(z[k], _NOTHING)
        logit += z[k] * weights.decide[k]
        out[1 + k] = z[k]
    out[0] = logit
    return out
