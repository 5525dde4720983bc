"""The network as it serves: RingNet's sums for one subject in plain arrays; on so small a graph torch's bookkeeping would cost more than they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from threadpoolctl import ThreadpoolController

from gnn.network import BOUND, NODE_TYPES, RingNet
from gnn.tensors import EDGE_TYPES, Tensors
from graph.compiled import compiled

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[np.float32]
_MARGIN = np.float32(1e-5)  # torch's own, of LayerNorm


@dataclass(frozen=True, slots=True)
class _Map:
    """x (N, in) to x @ weight + bias, (N, out)."""

    weight: Array
    bias: Array

    def __call__(self, x: Array) -> Array:
        return np.asarray(x @ self.weight + self.bias)


class Forward:
    """A RingNet made ready to answer for one subject at a time; deterministic to the last bit, without state, safe for many threads."""

    def __init__(self, network: RingNet) -> None:
        # From here on in this process: the bits must not depend on how many threads the arithmetic may use, and these sums are too small for two.
        ThreadpoolController().limit(limits=1, user_api="blas")
        said = {name: value.detach().to(torch.float32).numpy() for name, value in network.state_dict().items()}
        self._scale = {name: (said[f"scale.{name}.mean"], said[f"scale.{name}.deviation"]) for name in NODE_TYPES}
        self._enter = {name: _map(said, f"enter.{name}") for name in NODE_TYPES}
        self._layers = [_Layer(said, f"convs.{place}") for place in range(len(network.convs))]
        self._narrow = _map(said, "narrow")
        self._decide = _map(said, "decide")

    def __call__(self, tensors: Tensors) -> Floats:
        """(1 + embedding,): the logit of fraud within the horizon, then the embedding."""
        counts = [len(tensors.x[name]) for name in NODE_TYPES]
        starts = np.cumsum([0, *counts])
        h = np.concatenate([self._enter[name](self._scaled(name, tensors.x[name])) for name in NODE_TYPES])
        np.maximum(h, 0, out=h)
        links, marks = _flat_links(tensors, dict(zip(NODE_TYPES, starts.tolist())))
        for layer in self._layers:
            h = layer(h, starts, links, marks)
        people = h[: counts[0]]
        asked = h[counts[0]] if tensors.asked else np.zeros_like(h[0])
        z = np.maximum(self._narrow(np.concatenate([h[0], asked, people.mean(0), people.max(0)])), 0)
        return np.concatenate([self._decide(z), z]).astype(np.float64)

    def _scaled(self, name: str, x: Array) -> Array:
        mean, deviation = self._scale[name]
        return np.asarray(np.clip((x - mean) / deviation, -BOUND, BOUND))


class _Layer:
    """One TypedConv."""

    def __init__(self, said: Mapping[str, Any], name: str) -> None:
        self._maps = [_map(said, f"{name}.say_and_keep.maps.{place}") for place in range(len(NODE_TYPES))]
        self._edge = _map(said, f"{name}.forth_and_back")
        self._take = _map(said, f"{name}.take")
        self._norm: tuple[Array, Array] = (said[f"{name}.norm.weight"], said[f"{name}.norm.bias"])

    def __call__(self, h: Array, starts: npt.NDArray[np.int64], links: npt.NDArray[np.int64], marks: Array) -> Array:
        """(N, width) to (N, width), over nodes sorted by type and links (2, E) with their rows (E, columns)."""
        width = h.shape[1]
        both = np.concatenate([self._maps[place](h[starts[place] : starts[place + 1]]) for place in range(len(NODE_TYPES))])
        heard = np.zeros((len(h), 2 * width), dtype=np.float32)
        _hear(both, self._edge(marks), links, heard)
        out = np.maximum(both[:, width:] + self._take(heard), 0)
        out -= out.mean(1, keepdims=True)
        out /= np.sqrt(np.square(out).mean(1, keepdims=True) + _MARGIN)
        return np.asarray(h + (out * self._norm[0] + self._norm[1]))


@compiled
def _hear(said: Array, edge: Array, links: npt.NDArray[np.int64], heard: Array) -> None:
    """Each node's mean and maximum of relu(what the other end says + what the link adds), over its links in both directions."""
    width = said.shape[1] // 2
    degree = np.zeros(len(said), dtype=np.int64)
    for direction in range(2):
        for e in range(links.shape[1]):
            source, target = links[direction, e], links[1 - direction, e]
            degree[target] += 1
            for k in range(width):
                message = max(said[source, k] + edge[e, direction * width + k], np.float32(0))
                heard[target, k] += message
                heard[target, width + k] = max(heard[target, width + k], message)
    for node in range(len(said)):
        if degree[node] > 1:
            for k in range(width):
                heard[node, k] /= np.float32(degree[node])


def _flat_links(tensors: Tensors, start: Mapping[str, int]) -> tuple[npt.NDArray[np.int64], Array]:
    """All links as one list over the nodes sorted by type, each marked with its edge type: (2, E) and (E, features + types)."""
    counts = [tensors.index[edge].shape[1] for edge in EDGE_TYPES]
    offsets = np.array([(start[edge[0]], start[edge[2]]) for edge in EDGE_TYPES]).T
    links = np.concatenate([tensors.index[edge] for edge in EDGE_TYPES], axis=1) + np.repeat(offsets, counts, axis=1)
    marks = np.repeat(np.eye(len(EDGE_TYPES), dtype=np.float32), counts, axis=0)
    return links, np.concatenate([np.concatenate([tensors.attr[edge] for edge in EDGE_TYPES]), marks], axis=1)


def _map(said: Mapping[str, Any], name: str) -> _Map:
    return _Map(np.ascontiguousarray(said[f"{name}.weight"].T), said[f"{name}.bias"])
