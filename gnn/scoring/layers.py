"""The steps of RingNet's forward pass in compiled code, node by node, so that a pass can be made again for a
few nodes alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gnn.graphs.tensors import Array, Index, Tensors
from gnn.scoring.weights import BOUND
from graph.kernels.compiled import inner

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_BOUND = np.float32(BOUND)
_MARGIN = np.float32(1e-5)  # torch's own, of LayerNorm
_NOTHING = np.float32(0)


class Weights(NamedTuple):
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


class Hearing(NamedTuple):
    """Who hears whom. Every link carries messages both ways; `steps` (2 E,) are link * 2 + direction by who
    hears them, in the order of the links, those of a node from `first` (N + 1,) of it on.
    """

    first: Index
    steps: Index


@inner
def add(x: Array, weight: Array, out: Array, first: int) -> None:
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
def enter(tensors: Tensors, weights: Weights) -> Array:
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
            add(row, weights.enter[kind], h[node], 0)
            for j in range(width):
                h[node, j] = max(h[node, j], _NOTHING)
    return h


@inner
def hearing(tensors: Tensors) -> Hearing:
    """Who hears whom over all links."""
    ends, first = tensors.ends, np.zeros(len(tensors.rows) + 1, np.int32)
    for link in range(len(ends)):
        first[ends[link, 0] + 1] += 1
        first[ends[link, 1] + 1] += 1
    for node in range(len(tensors.rows)):
        first[node + 1] += first[node]
    steps, place = np.empty(2 * len(ends), np.int32), first[:-1].copy()
    for link in range(len(ends)):
        for direction in range(2):
            target = ends[link, 1 - direction]
            steps[place[target]] = 2 * link + direction
            place[target] += 1
    return Hearing(first, steps)


@inner
def listeners(tensors: Tensors, last: bool) -> int:
    """How many nodes listen: of the last layer people and the application in question alone are read, which
    come first; what others would hear is heard by nobody.
    """
    return int(tensors.first[1] + tensors.has_application) if last else len(tensors.rows)


@inner
def type_of(first: Index, node: int) -> int:
    """Of which type a node is."""
    kind = 0
    while node >= first[kind + 1]:
        kind += 1
    return kind


@inner
def speak(h: Array, weight: Array, bias: Array, both: Array) -> None:
    """What one node says (2 width,), a linear map of its own state (width,) by its type: its message, and the
    self part where there is room for it.
    """
    both[:] = bias[: len(both)]
    add(h, weight, both, 0)


@inner
def link_terms(tensors: Tensors, weight: Array, bias: Array, terms: Array) -> None:
    """What the links add to the messages (2 E, width): of link * 2 + direction."""
    width, marks = terms.shape[1], tensors.marks.shape[1]  # after the marks comes a row for each type of link
    for sort in range(len(tensors.sorts) - 1):
        for link in range(tensors.sorts[sort], tensors.sorts[sort + 1]):
            for direction in range(2):
                term, first = terms[2 * link + direction], direction * width
                term[:] = bias[first : first + width]
                add(tensors.marks[link], weight, term, first)
                for k in range(width):
                    term[k] += weight[marks + sort, first + k]


@inner
def hear(
    node: int, hearing: Hearing, ends: Index, left: Flags, both: Array, terms: Array, heard: Array
) -> None:
    """Mean and maximum (2 width,) of relu(message + the link's term) over the links of a node that are
    `left` (E,).
    """
    width, degree = terms.shape[1], 0
    heard[:] = _NOTHING
    for place in range(hearing.first[node], hearing.first[node + 1]):
        step = hearing.steps[place]
        if not left[step >> 1]:
            continue
        source = ends[step >> 1, step & 1]
        degree += 1
        for k in range(width):
            message = max(both[source, k] + terms[step, k], _NOTHING)
            heard[k] += message
            heard[width + k] = max(heard[width + k], message)
    if degree > 1:
        for k in range(width):
            heard[k] /= np.float32(degree)


@inner
def update(h: Array, both: Array, heard: Array, weights: Weights, layer: int, fresh: Array) -> None:
    """Residual update of one node's state (width,): layer norm of relu(self part + linear map of what it
    heard); `fresh` is room for one more.
    """
    width, size = len(h), np.float32(len(h))
    fresh[:] = weights.combine_bias[layer]
    add(heard, weights.combine[layer], fresh, 0)
    mean, square = _NOTHING, _NOTHING
    for k in range(width):
        fresh[k] = max(both[width + k] + fresh[k], _NOTHING)
        mean += fresh[k]
    mean /= size
    for k in range(width):
        fresh[k] -= mean
        square += fresh[k] * fresh[k]
    deviation = np.sqrt(square / size + _MARGIN)
    for k in range(width):
        h[k] += fresh[k] / deviation * weights.norm[layer, k] + weights.norm_bias[layer, k]


@inner
def read(h: Array, there: Flags, tensors: Tensors, weights: Weights) -> Floats:
    """The logit and the embedding: of the subject, the application in question (0 without one), and the mean
    and maximum over the people who are `there` (N,), the subject among them.
    """
    width, people = h.shape[1], tensors.first[1]
    whole, count = np.zeros(4 * width, np.float32), there[:people].sum()
    whole[:width] = h[0]
    if tensors.has_application:
        whole[width : 2 * width] = h[people]
    for k in range(width):
        total, most = _NOTHING, h[0, k]
        for node in range(people):
            if there[node]:
                total += h[node, k]
                most = max(most, h[node, k])
        whole[2 * width + k], whole[3 * width + k] = total / np.float32(count), most
    z = weights.narrow_bias.copy()
    add(whole, weights.narrow, z, 0)
    logit, out = weights.decide_bias[0], np.empty(1 + len(z), np.float64)
    for k in range(len(z)):
        z[k] = max(z[k], _NOTHING)
        logit += z[k] * weights.decide[k]
        out[1 + k] = z[k]
    out[0] = logit
    return out
