"""Features and embeddings of many subjects on a Spark cluster: by the functions of one machine, over a copy
of its frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from gnn.batch_extraction import Floats, NeighbourhoodBatch
from gnn.scoring.forward import Forward
from gnn.scoring.weights import NetworkWeights
from graph import private
from graph.features import extraction as features
from graph.frame.columns.layout import VERSION
from graph.frame.frame import Frame
from graph.frame.frozen import freeze, thawed_once
from graph.frame.walk.seeds import Seeds, seeds
from graph.rings.spark.buckets import write_bucket
from graph.rings.spark.stages import Stages, digest, folder_of

_FRAME = "frame"
WINDOW = 4_000  # rows of features, 18 MB, that are put in order at once
_ROWS = pa.schema([("position", pa.int64()), ("row", pa.list_(pa.float64()))])
_SPOKEN = "position bigint, row array<double>"


class SentNetwork(NamedTuple):
    """A network as executors are given it: its shape, and a safetensors file of its numbers."""

    shape: Mapping[str, int]
    content: bytes

    def opened(self) -> Forward:
        """Ready to answer."""
        return Forward(NetworkWeights.read(self.shape, self.content))

    @property
    def name(self) -> str:
        """Of its answers' stage."""
        return f"network_{digest(self.content)}"


@dataclass(frozen=True)
class SeedTask:
    """What executors are given: the address (fsspec's) of the copy of the frame, up to which revision it is
    read, the store's zone, and the network whose answers are asked for; None asks for features.
    """

    frame: str
    revision: int
    zone: str
    network: SentNetwork | None = None

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Batches of seeds (`position`, `id`, `is_application`, `at`) to batches of their rows, in the order
        given.
        """
        frame = thawed_once(self.frame, self.zone)
        for batch in batches:
            around = NeighbourhoodBatch(frame, self.revision, _seeds_of(batch))
            done = 0
            for rows in self._rows(around):
                yield _batch_of(batch["position"].slice(done, len(rows)), rows)
                done += len(rows)

    def _rows(self, around: NeighbourhoodBatch) -> Iterator[Floats]:
        if self.network is None:
            return around.feature_rows()
        return map(self.network.opened().of_all, around.parts())


@dataclass(frozen=True, eq=False)
class SparkBatch(NeighbourhoodBatch):
    """Neighbourhoods whose features and embeddings are computed on a cluster; their graphs, which the network
    learns from, are made in this process, of the few that it asks for.

    Each result is a stage that is named by the seeds and the network: one that is there is read.
    """

    stages: Stages
    partitions: int

    def feature_rows(self) -> Iterator[Floats]:
        """As of one machine, to the last bit, WINDOW rows at a time."""
        return self._windows(None)

    def embedded(self, network: NetworkWeights) -> Floats:
        """As of one machine, to the last bit."""
        sent = SentNetwork(dict(network.shape), network.content())
        return np.concatenate([np.empty((0, 1 + network.shape["embedding"])), *self._windows(sent)])

    def _windows(self, network: SentNetwork | None) -> Iterator[Floats]:
        """The rows of all seeds, in their order."""
        if not len(self):
            return
        of_seeds, rows = f"seeds_{_named(self.seeds)}", "features" if network is None else network.name
        self._give(of_seeds)
        task = SeedTask(self.stages.place(_FRAME), self.revision, self.frame.zone, network)
        kept = f"{rows}_{of_seeds}"
        self.stages.kept(
            kept, lambda: self.stages.divided(of_seeds, self.partitions).mapInArrow(task, _SPOKEN)
        )
        for window in self.stages.in_order(kept, of_seeds, WINDOW):
            yield window["row"].combine_chunks().flatten().to_numpy().reshape(len(window), -1)

    def _give(self, stage: str) -> None:
        """The seeds as a stage, and the copy of the frame."""
        assert isinstance(self.frame, Frame)
        self.stages.made(_FRAME, partial(freeze, self.frame, self.revision))
        with private.owner_only():
            self.stages.made(stage, self._write_seeds)

    def _write_seeds(self, place: str) -> None:
        write_bucket(place, 0, _columns_of(self.seeds))


@dataclass(frozen=True)
class LookOnSpark:
    """Looks around seeds on the cluster of `session`. The stages are in a folder of `folder` that is named by
    Ringfence's version and by what the rows depend on, the store's `past` (`graph.store.past`) among it: a
    run that was cut off goes on where it stopped. `folders` are those that were used.
    """

    session: Any
    folder: str
    partitions: int
    past: str
    folders: set[str] = field(default_factory=set, compare=False)

    def __call__(self, frame: Frame, revision: int, of: Seeds) -> SparkBatch:
        """What is around them."""
        same = (VERSION, self.past, revision, frame.zone, features.names())
        own = folder_of(self.folder, "features", digest(repr(same).encode()))
        self.folders.add(own)
        stages = Stages(self.session, own, WINDOW)
        return SparkBatch(frame, revision, of, stages, self.partitions)


def _columns_of(of: Seeds) -> dict[str, Any]:
    places = range(len(of.at))
    return {
        "position": np.arange(len(of.at)),
        "id": np.array([of.name(place) for place in places], dtype=object),
        "is_application": of.has_application,
        "at": of.at,
    }


def _seeds_of(batch: pa.RecordBatch) -> Seeds:
    is_application, at = (np.array(batch[name].to_pylist()) for name in ("is_application", "at"))
    return seeds(batch["id"].to_pylist(), is_application, at)


def _batch_of(position: pa.Array, rows: Floats) -> pa.RecordBatch:
    ends = np.arange(len(rows) + 1, dtype=np.int32) * rows.shape[1]
    lists = pa.ListArray.from_arrays(pa.array(ends), pa.array(rows.reshape(-1)))
    return pa.RecordBatch.from_arrays([position, lists], schema=_ROWS)


def _named(of: Seeds) -> str:
    return digest(*(repr(column.tolist()).encode() for column in _columns_of(of).values()))
