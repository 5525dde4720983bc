"""The gate's question whether a model holds up the honest of a group more often than others like them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gnn.samples.sample_groups import lives_of
from gnn.training.evaluate import reviewed
from service.governance.gates.group_checks import HonestLives, Mask, group_checks

if TYPE_CHECKING:
    from gnn.registry.checks import GateCheck
    from gnn.registry.comparison import ComparedModel, ModelComparison
    from gnn.registry.last_slice import LastSlice

MOST = 5_000  # people


def fairness_checks(compared: ModelComparison, most_times: float) -> list[GateCheck]:
    """One for each group of TOO_FEW honest people or more: how many times as many of them the model holds up,
    among as many as people can review, as of others with the same own history.

    Each person counts once, by their latest application; of more than MOST so many are drawn by lot.
    """
    on = compared.slice
    rows = _people(on)
    honest = rows[~on.bad[rows]]
    lives = list(lives_of(on.samples, on.inputs.rows, on.tables, honest.tolist()))
    now, then = (_held_up(one, compared)[honest] for one in (compared.model, compared.other))
    groups, histories = [one for one, _ in lives], [history for _, history in lives]
    return group_checks(HonestLives(groups, histories), now, (then, "by the other model"), most_times)


def _people(on: LastSlice) -> npt.NDArray[np.int64]:
    """The rows of the latest application of each person, of too many people those whom the lot draws."""
    latest = {person: row for row, person in enumerate(on.samples.person.tolist())}
    rows = np.array(sorted(latest.values()), np.int64)
    return rows[np.argsort(on.samples.drawn[rows], kind="stable")[:MOST]]


def _held_up(model: ComparedModel, compared: ModelComparison) -> Mask:
    return np.asarray(reviewed(model.probability, compared.slice.mass, compared.capacity) >= 0.5)
