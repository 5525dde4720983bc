"""The gate's question whether a model holds up the honest of a group more often than others like them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gnn.evaluate import reviewed
from gnn.registry.checks import GateCheck
from gnn.sample_groups import lives_of
from investigations.estimates import TOO_FEW, Excess, excess

if TYPE_CHECKING:
    from gnn.registry.comparison import ComparedModel, ModelComparison
    from gnn.registry.last_slice import LastSlice

MOST = 5_000  # people
BY_CHANCE = 0.01  # where a lot would do as much more often than this, chance explains it

Mask = npt.NDArray[np.bool_]


def fairness_checks(compared: ModelComparison, most_times: float) -> list[GateCheck]:
    """One for each group of TOO_FEW honest people or more: how many times as many of them the model holds up,
    among as many as people can review, as of others with the same own history.

    Each person counts once, by their latest application; of more than MOST so many are drawn by lot.
    """
    on = compared.slice
    rows = _people(on)
    honest = rows[~on.bad[rows]]
    lives = list(lives_of(on.samples, on.inputs.rows, on.tables, honest.tolist()))
    words = sorted({history for _, history in lives})
    history = np.array([words.index(one) for _, one in lives], np.int64)
    now, then = (_held_up(one, compared)[honest] for one in (compared.model, compared.other))
    members = {
        name: np.array([name in groups for groups, _ in lives], bool)
        for name in sorted({name for groups, _ in lives for name in groups})
    }
    return [
        _check(name, excess(now, mask, history), excess(then, mask, history), most_times)
        for name, mask in members.items()
        if mask.sum() >= TOO_FEW
    ]


def _check(name: str, ours: Excess, before: Excess, most: float) -> GateCheck:
    fair = ours.times <= most or ours.chance >= BY_CHANCE or ours.times <= before.times
    return GateCheck(
        name=f"fairness to {name}",
        passed=fair,
        value=round(ours.times, 3),
        limit=most,
        sentence=f"{ours.happened} of the group's honest are held up, {ours.expected:.1f} if they fared as "
        f"others with the same own history ({ours.times:.1f} times, {before.times:.1f} by the other model); "
        f"by lot it would be so many with a chance of {ours.chance:.2g}",
    )


def _people(on: LastSlice) -> npt.NDArray[np.int64]:
    """The rows of the latest application of each person, of too many people those whom the lot draws."""
    latest = {person: row for row, person in enumerate(on.samples.person.tolist())}
    rows = np.array(sorted(latest.values()), np.int64)
    return rows[np.argsort(on.samples.drawn[rows], kind="stable")[:MOST]]


def _held_up(model: ComparedModel, compared: ModelComparison) -> Mask:
    return np.asarray(reviewed(model.probability, compared.slice.mass, compared.capacity) >= 0.5)
