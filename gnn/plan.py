"""What a training run is asked for: every choice that is not in the data, in one place and written into the model's card."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The choices of a training run; the same plan on the same facts gives the same bundle.

    `horizon_days`: a loan is bad when its fraud is known within so many days; None takes the delay within which most known frauds became known.
    `capacity`: the share of assessments that people can review. `most_samples`: above it, samples not known to be bad are thinned out;
    `most_network_samples`: the same for the network, which is slower to learn.
    `fewest_steps`: a small history is gone through more often, up to four times `epochs`, until the network has made so many steps.
    `members`: boosted ensembles are so many models of `rounds` trees with different seeds, whose spread is the uncertainty.
    """

    name: str = "ringfence"
    horizon_days: float | None = None
    capacity: float = 0.02
    most_samples: int = 20_000
    least_frauds: int = 20
    most_network_samples: int = 5_000
    hidden: int = 32
    embedding: int = 16
    epochs: int = 6
    batch: int = 32
    fewest_steps: int = 300
    members: int = 4
    rounds: int = 100
    seed: int = 7
    workers: int = 2
