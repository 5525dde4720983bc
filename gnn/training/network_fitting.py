"""Fits the network: mini-batches of past-only neighbourhoods, and a running mean of the weights."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gnn.graphs.packed import PackedGraphs
from gnn.graphs.sampler import loader, union
from gnn.graphs.schema import LENDING, GraphSchema
from gnn.training.network import GraphBatch, RingNet
from gnn.training_plan import TrainingPlan
from graph.facts.tables import Column
from graph.progress import bar

Floats = npt.NDArray[np.float64]

_RATE, _DECAY, _CLIP, _AVERAGED = 3e-3, 1e-3, 1.0, 0.99


@dataclass(frozen=True)
class NetworkSamples:
    """N samples to fit a network to: their neighbourhoods, `moments` (N,) microseconds, `fraud` (N,) the
    chance of each to be of one, and `weight` (N,).
    """

    graphs: PackedGraphs
    moments: Column
    fraud: Floats
    weight: Floats
    schema: GraphSchema = LENDING


def fit(samples: NetworkSamples, plan: TrainingPlan, start: RingNet | None = None) -> RingNet:
    """The network fitted to these samples: a running mean of the weights, which is more stable than the last
    step's.

    `start` goes on from a network that has learned earlier samples. The same input gives the same weights.
    Single-threaded: two threads are slower on graphs of this size, and one keeps sums in one order.
    """
    torch.set_num_threads(1)
    torch.manual_seed(plan.seed)
    schema, data = samples.schema, union(samples.graphs, samples.moments, samples.schema)
    y, w = (torch.from_numpy(one.astype(np.float32)) for one in (samples.fraud, samples.weight))
    network = copy.deepcopy(start) if start else RingNet(plan.hidden, plan.embedding, schema=schema)
    if start is None:
        network.fit_scale({name: data[name].x for name in schema.node_types})
    batches = -(-len(y) // plan.batch)
    epochs = max(plan.epochs, min(4 * plan.epochs, -(-plan.fewest_steps // batches)))
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(_AVERAGED))  # type: ignore[no-untyped-call]
    optimizer = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=batches * epochs)
    shuffled = torch.Generator().manual_seed(plan.seed)
    network.train()
    with bar("network", batches * epochs, "batch") as progress:
        for _ in range(epochs):
            minis = loader(
                data, torch.arange(len(y)), batch_size=plan.batch, generator=shuffled, schema=schema
            )
            for mini in minis:
                rows = mini[schema.subject].input_id
                loss = _loss(network, GraphBatch.from_data(mini, schema), y[rows], w[rows])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(network.parameters(), _CLIP)
                optimizer.step()
                schedule.step()
                averaged.update_parameters(network)
                progress.update()
    steady = averaged.module
    assert isinstance(steady, RingNet)
    return steady.eval()


def _loss(network: RingNet, batch: GraphBatch, y: Tensor, w: Tensor) -> Tensor:
    _, logit = network(batch)
    return (F.binary_cross_entropy_with_logits(logit, y, reduction="none") * w).sum() / w.sum().clamp_min(
        1e-6
    )
