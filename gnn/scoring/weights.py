"""A network's numbers as they are kept and served: plain arrays by the names that its learning gave them,
without the library that learns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load, save

from gnn.graphs.schema import LENDING, GraphSchema

Array = npt.NDArray[np.float32]

BOUND = 3.0  # inputs are held within so many deviations
# layers in bundles of earlier releases
_RENAMED = {"say_and_keep": "message_and_self", "forth_and_back": "edge_linear", "take": "combine"}


@dataclass(frozen=True, eq=False)
class NetworkWeights:
    """`shape`: `hidden`, `embedding` and `layers` of a RingNet; `numbers`: float32, as `shapes`
    names them.
    """

    shape: Mapping[str, int]
    numbers: Mapping[str, Array]
    schema: GraphSchema = LENDING

    @classmethod
    def read(cls, shape: Mapping[str, int], content: bytes) -> Self:
        """Those of a safetensors file. Raises ValueError, TypeError or SafetensorError where it is none, or
        holds others than the shape asks for.
        """
        numbers = {_current(name): np.asarray(value, np.float32) for name, value in load(content).items()}
        results, wanted = {name: value.shape for name, value in numbers.items()}, shapes(**shape)
        if results != wanted:
            odd = sorted(name for name in {*results, *wanted} if results.get(name) != wanted.get(name))
            raise ValueError(f"the network has other numbers than its shape asks for: {', '.join(odd)}")
        return cls(dict(shape), numbers)

    def content(self) -> bytes:
        """A safetensors file of them."""
        content: bytes = save({name: np.ascontiguousarray(value) for name, value in self.numbers.items()})
        return content


def shapes(hidden: int, embedding: int, layers: int) -> dict[str, tuple[int, ...]]:
    """Which numbers a network of lending has, (out, in) of maps: what `RingNet.state_dict` names."""
    schema = LENDING
    edge = len(schema.edge_features) + len(schema.edge_types)
    named: dict[str, tuple[int, ...]] = {}
    for name, columns in schema.node_features.items():
        named |= {f"scale.{name}.mean": (len(columns),), f"scale.{name}.deviation": (len(columns),)}
        named |= _map(f"enter.{name}", len(columns), hidden)
    for layer in range(layers):
        conv = f"convs.{layer}"
        for kind in range(len(schema.node_types)):
            named |= _map(f"{conv}.message_and_self.maps.{kind}", hidden, 2 * hidden)
        named |= _map(f"{conv}.edge_linear", edge, 2 * hidden) | _map(f"{conv}.combine", 2 * hidden, hidden)
        named |= {f"{conv}.norm.weight": (hidden,), f"{conv}.norm.bias": (hidden,)}
    return named | _map("narrow", 4 * hidden, embedding) | _map("decide", embedding, 1)


def _current(name: str) -> str:
    return ".".join(_RENAMED.get(part, part) for part in name.split("."))


def _map(name: str, width: int, out: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (out, width), f"{name}.bias": (out,)}
