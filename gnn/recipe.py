"""The recipe: what is learned by a moment, from what was known by then, with every part judged on what came later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gnn import calibrate, train, trees
from gnn.blend import NETWORK_SAY, blended
from gnn.calibrate import Calibrator
from gnn.evaluate import measures, threshold_at
from gnn.network import RingNet
from gnn.observe import COUNT_NAMES, SIGNAL_NAMES, VARIABLE_NAMES, Observed
from gnn.plan import Plan
from gnn.samples import Samples
from gnn.trees import Learned, Trees

Measures = Mapping[str, Mapping[str, float | None]]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

PARTS = ("network", "trees", "blend", "reference")
SERVABLE = ("trees", "blend")  # what is served must be able to say by how much each named input counted
NAMED = SIGNAL_NAMES + VARIABLE_NAMES
COUNT_COLUMNS = tuple(f"count_{name}" for name in COUNT_NAMES)  # the rival's columns beside ours: the blend is told everything
_NETWORK_SHARE, _REHEARSAL_SHARE = 0.6, 0.75
_ML_WINDOWS = ("ml_7d_", "ml_1m_", "ml_3m_")


@dataclass(frozen=True)
class Pool:
    """Samples and what was observed of each, row by row."""

    samples: Samples
    observed: Observed


@dataclass(frozen=True)
class Fitted:
    """Everything learned by `cut` (microseconds). `doubt`: the spreads between members above which the doubt is medium and high.

    `network_usual`: the network's mean logit, against which its say is told.
    `review_at` and `decline_at`: the probabilities from which on a person should look (as many as people can), and declining is proposed (more
    likely fraud than not, and the worst quarter of what people look at).
    """

    cut: int
    network: RingNet
    ensembles: Mapping[str, Trees]
    calibrators: Mapping[str, Calibrator]
    serves: str
    rehearsal: Measures
    doubt: tuple[float, float]
    network_usual: float
    review_at: float
    decline_at: float


def embedding_names(width: int) -> tuple[str, ...]:
    """The columns that the network adds to the blend's."""
    return ("network_logit", *(f"network_{place:02d}" for place in range(width)))


def columns(observed: Observed, embedded: Floats) -> dict[str, Floats]:
    """The inputs of each ensemble, (N, columns)."""
    return {"trees": observed.named, "blend": np.hstack([observed.named, observed.counts, embedded]), "reference": observed.counts}


def names_of(plan: Plan) -> dict[str, tuple[str, ...]]:
    """The names of those columns."""
    return {"trees": NAMED, "blend": NAMED + COUNT_COLUMNS + embedding_names(plan.embedding), "reference": COUNT_NAMES}


def views_of(plan: Plan) -> dict[str, tuple[Bools, ...]]:
    """Which of those columns each member of an ensemble may use, by turns, as masks.

    Of the ml_ variables those over all lenders and 7 to 90 days: the other windows and segments say nearly the same again. The blend's first
    member uses everything, the second the plain counts alone, the others no columns of the network: members that see other things err elsewhere.
    """
    named = np.array([not name.startswith("ml_") or ("_all_" in name and name.startswith(_ML_WINDOWS)) for name in NAMED])
    counts, embedding = np.ones(len(COUNT_COLUMNS), dtype=np.bool_), np.ones(1 + plan.embedding, dtype=np.bool_)
    everything = np.concatenate([named, counts, embedding])
    plain = np.concatenate([np.zeros_like(named), counts, ~embedding])
    tabular = np.concatenate([named, counts, ~embedding])
    return {"trees": (named,), "blend": (everything, plain, tabular, tabular), "reference": (counts,)}


def fit_at(cut: int, pool: Pool, plan: Plan, earlier: Measures | None = None) -> Fitted:
    """Learn from what was known before `cut`.

    The network first learns from the earliest part, for half as long, by what was known then, and the trees learn from what it says of the rest;
    before it serves, it goes on learning from everything, which moves its embedding a little and keeps what its columns mean. The trees are
    rehearsed on a longer part and watched on the rest, which sets the calibration and the doubt; then they grow again on everything.
    `earlier` measures, of the same recipe as it would have served on another slice, decide what serves: in the rehearsal the network is young.
    """
    samples = pool.samples
    first, rehearsal = _cuts(cut, samples, plan)
    young = _network(first, pool, replace(plan, epochs=max(1, plan.epochs // 2)))
    now = samples.weight(cut)
    embedded = _embedded(young, pool, (samples.at >= first) & (now > 0))  # where the network has learned it knows too much
    inputs, names, views = columns(pool.observed, embedded), names_of(plan), views_of(plan)
    watched = (samples.at >= rehearsal) & (now > 0)
    bad, weight = samples.bad(cut)[watched], now[watched]
    ensembles, logits, spread = {}, {"network": embedded[watched, 0]}, {}
    for part, x in inputs.items():
        members = trees.fit(names[part], _learned(rehearsal, x, samples), plan, views[part]).logits(x[watched])
        logits[part], spread[part] = members.mean(axis=1), members.std(axis=1)
        ensembles[part] = trees.fit(names[part], _learned(cut, x, samples), plan, views[part])
    # The network that serves will have learned far more than the young one: to fit its slope on the young one's errors would hush it.
    leveled = calibrate.level(logits["network"], bad, weight)
    logits["blend"] = blended(logits["blend"], logits["network"], leveled)
    calibrators = {part: calibrate.fit(values, bad, weight) for part, values in logits.items()} | {"network": leveled}
    promised = {part: calibrators[part].of_all(logits[part]) for part in PARTS}
    judged = {part: measures(promised[part], bad, weight, plan.capacity) for part in PARTS}
    serves = max(SERVABLE, key=lambda part: (earlier or judged)[part]["ap"] or 0.0)
    doubt = np.quantile(spread[serves], [0.6, 0.9]).tolist()
    more = samples.odds(cut) - samples.odds(rehearsal)
    review_at = threshold_at(promised[serves], weight, plan.capacity)
    return Fitted(
        cut=cut,
        network=_network(cut, pool, plan, young),
        ensembles=ensembles,
        calibrators={
            # More frauds are known by now than when the watched models learned: scores lie higher, and promise no more for it.
            "network": calibrators["network"].moved(samples.odds(cut) - samples.odds(first)),
            "blend": calibrators["blend"].moved((1 - NETWORK_SAY) * more),
            **{part: calibrators[part].moved(more) for part in ("trees", "reference")},
        },
        serves=serves,
        rehearsal=judged,
        doubt=(doubt[0], doubt[1]),
        network_usual=float(np.average(logits["network"], weights=weight)),
        review_at=review_at,
        decline_at=max(review_at, 0.5, threshold_at(promised[serves], weight, plan.capacity / 4)),
    )


def judge(fitted: Fitted, pool: Pool, as_of: int, capacity: float) -> dict[str, dict[str, float | None]]:
    """The parts' measures on the samples after `fitted.cut` whose horizon had passed by `as_of`: nothing of them was known to `fitted`."""
    samples = pool.samples
    rows = (samples.at >= fitted.cut) & samples.matured(as_of) & (samples.weight(as_of) > 0)
    bad, weight = samples.bad(as_of)[rows], samples.weight(as_of)[rows]
    places = np.flatnonzero(rows).tolist()
    seen = Observed(pool.observed.named[rows], pool.observed.counts[rows], [pool.observed.tensors[place] for place in places])
    embedded = train.embed(fitted.network, seen.tensors)
    logits = {"network": embedded[:, 0]}
    logits |= {part: fitted.ensembles[part].logits(x).mean(axis=1) for part, x in columns(seen, embedded).items()}
    logits["blend"] = blended(logits["blend"], logits["network"], fitted.calibrators["network"])
    return {part: measures(fitted.calibrators[part].of_all(logits[part]), bad, weight, capacity) for part in PARTS}


def test_cut(samples: Samples, as_of: int, plan: Plan) -> int:
    """Where the last matured samples begin: the last fifth of them, or more where it holds too few frauds to measure by."""
    matured = samples.matured(as_of) & (samples.weight(as_of) > 0)
    at, bad = samples.at[matured], samples.bad(as_of)[matured]
    for share in (0.8, 0.7, 0.6, 0.5):
        cut = int(np.quantile(at, share)) if len(at) else as_of
        if bad[at >= cut].sum() >= plan.least_frauds:
            break
    return cut


def _cuts(cut: int, samples: Samples, plan: Plan) -> tuple[int, int]:
    """Until when the network learns, and until when the rehearsal does: early enough that something is left, late enough to know frauds."""
    at = samples.at[samples.weight(cut) > 0]
    for share in (_NETWORK_SHARE, 0.7, 0.8):
        first = int(np.quantile(at, share))
        if samples.bad(first).sum() >= plan.least_frauds:
            break
    return first, max(first, int(np.quantile(at, _REHEARSAL_SHARE)))


def _network(cut: int, pool: Pool, plan: Plan, start: RingNet | None = None) -> RingNet:
    samples = pool.samples
    weight = _thinned(samples.weight(cut), samples.bad(cut), samples, plan.most_network_samples)
    rows = np.flatnonzero(weight > 0)
    tensors = [pool.observed.tensors[place] for place in rows.tolist()]
    return train.fit(tensors, samples.at[rows].tolist(), samples.bad(cut)[rows], weight[rows], plan, start)


def _thinned(weight: Floats, bad: Bools, samples: Samples, most: int) -> Floats:
    """The weights with so many of the samples not known to be bad left out, by lot, that `most` remain; the others count for more."""
    others = (weight > 0) & ~bad
    room = max(most - int((weight > 0)[bad].sum()), 1)
    if others.sum() <= room:
        return weight
    edge = float(np.sort(samples.drawn[others])[room])
    kept = others & (samples.drawn < edge)
    grown = weight * float(weight[others].sum() / weight[kept].sum())
    return np.asarray(np.where(bad, weight, np.where(kept, grown, 0.0)), dtype=np.float64)


def _embedded(network: RingNet, pool: Pool, rows: Bools) -> Floats:
    """(N, 1 + embedding): what the network says of those rows; NaN, *not known*, of the others."""
    said = train.embed(network, [pool.observed.tensors[place] for place in np.flatnonzero(rows).tolist()])
    out = np.full((len(rows), said.shape[1]), np.nan)
    out[rows] = said
    return out


def _learned(cut: int, x: Floats, samples: Samples) -> Learned:
    weight = samples.weight(cut)
    rows = weight > 0
    return Learned(x[rows], samples.bad(cut)[rows], weight[rows])
