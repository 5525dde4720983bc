"""Fitting the network: mini-batches of past-only surroundings, the best epoch by time-ordered validation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from sklearn.metrics import average_precision_score
from torch import Tensor
from torch.nn import functional as F

from gnn.network import Batch, RingNet
from gnn.plan import Plan
from gnn.progress import bar
from gnn.sampler import loader, union
from gnn.tensors import Tensors

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_RATE, _DECAY, _CLIP = 3e-3, 1e-3, 1.0
_WATCHED = 0.2  # the last share of the samples, by time, chooses the epoch


def fit(tensors: Sequence[Tensors], moments: Sequence[int], bad: Bools, weight: Floats, plan: Plan) -> RingNet:
    """The network of the best epoch; samples come sorted by time. The same input gives the same weights.

    Single-threaded: two threads are slower on graphs of this size, and one keeps sums in one order.
    """
    torch.set_num_threads(1)
    torch.manual_seed(plan.seed)
    network = RingNet(plan.hidden, plan.embedding)
    data, y, w = union(tensors, moments), torch.from_numpy(bad.astype(np.float32)), torch.from_numpy(weight.astype(np.float32))
    learn, watch = _parts(bad, plan)
    best, best_state = -1.0, network.state_dict()
    optimizer = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=_DECAY)
    steps = -(-len(learn) // plan.batch) * plan.epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=max(steps, 1))
    shuffled = torch.Generator().manual_seed(plan.seed)
    with bar("network", steps, "batch") as progress:
        for _ in range(plan.epochs):
            network.train()
            for mini in loader(data, learn, batch_size=plan.batch, generator=shuffled):
                rows = learn[mini["applicant"].input_id]
                loss = _loss(network, Batch.from_data(mini), y[rows], w[rows])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(network.parameters(), _CLIP)
                optimizer.step()
                schedule.step()
                progress.update()
            score = _watch(network, [tensors[i] for i in watch.tolist()], bad[watch.numpy()], weight[watch.numpy()])
            progress.set_postfix(ap=f"{score:.3f}", refresh=False)
            if score > best:
                best, best_state = score, {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(best_state)
    return network.eval()


def _parts(bad: Bools, plan: Plan) -> tuple[Tensor, Tensor]:
    """What is learned from and what chooses the epoch: the last part by time, or everything when that part has too few frauds."""
    cut = int(len(bad) * (1 - _WATCHED))
    rows = torch.arange(len(bad))
    if bad[cut:].sum() < plan.least_frauds // 2 or bad[:cut].sum() < plan.least_frauds // 2:
        return rows, rows
    return rows[:cut], rows[cut:]


def _loss(network: RingNet, batch: Batch, y: Tensor, w: Tensor) -> Tensor:
    _, logit = network(batch)
    return (F.binary_cross_entropy_with_logits(logit, y, reduction="none") * w).sum() / w.sum().clamp_min(1e-6)


def _watch(network: RingNet, tensors: Sequence[Tensors], bad: Bools, weight: Floats) -> float:
    logit = embed(network.eval(), tensors)[:, 0]
    return float(average_precision_score(bad, logit, sample_weight=weight)) if bad.any() else 0.0


def embed(network: RingNet, tensors: Sequence[Tensors]) -> Floats:
    """(N, 1 + embedding): logit and embedding of each, computed one by one exactly as they are served, so that the bits are the same."""
    out = np.empty((len(tensors), 1 + network.narrow.out_features), dtype=np.float64)
    with torch.inference_mode():
        for place, one in enumerate(tensors):
            z, logit = network(Batch.of(one))
            out[place, 0], out[place, 1:] = logit.item(), z[0].numpy()
    return out
