"""The training plan: every choice of a training run that is not in the data; it is written into the model
card.
"""

from __future__ import annotations

from dataclasses import dataclass

from graph.model.errors import SettingError


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """The choices of a training run; the same plan on the same facts gives the same bundle.

    `horizon_days`: a loan is bad when its fraud is known within so many days; None takes the delay within
    which most known frauds became known.
    `capacity`: the share of assessments that people can review. `most_samples`: above it, samples not known
    to be bad are thinned out;
    `most_network_samples`: the same for the network, which is slower to learn.
    `fewest_steps`: a small history is gone through more often, up to four times `epochs`, until the network
    has made so many steps.
    `members`: boosted ensembles are so many models of `rounds` trees, each of so many `leaves` and levels
    (`depth`) over columns cut into so many `bins`, with different seeds, whose spread is the uncertainty.
    `workers`: threads that grow them.
    """

    name: str = "ringfence"
    horizon_days: float | None = None
    capacity: float = 0.02
    most_samples: int = 1_000_000
    least_frauds: int = 20
    most_network_samples: int = 5_000
    hidden: int = 32
    embedding: int = 16
    epochs: int = 6
    batch: int = 32
    fewest_steps: int = 300
    members: int = 4
    rounds: int = 100
    leaves: int = 15
    depth: int = 5
    bins: int = 63
    seed: int = 7
    workers: int = 2

    def __post_init__(self) -> None:
        """Raise SettingError for a choice that no training can follow."""
        if not 0.0 < self.capacity < 1.0:
            raise SettingError(
                f"--capacity {self.capacity:g}: the share of assessments that people can review is between 0 "
                "and 1, as in 0.02"
            )
        if self.horizon_days is not None and not 0.0 < self.horizon_days <= 3_650.0:
            raise SettingError(
                f"--horizon-days {self.horizon_days:g}: give days from now on, at most 3650, or leave it out"
            )
        if self.most_samples < 2 * self.least_frauds:
            raise SettingError(
                f"--most-samples {self.most_samples}: at least {2 * self.least_frauds} are needed to learn "
                "anything"
            )
        if self.most_network_samples < 1:
            raise SettingError(f"--most-network-samples {self.most_network_samples}: at least one")
        if self.workers < 1:
            raise SettingError(f"--processes {self.workers}: at least one")
