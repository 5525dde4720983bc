"""In which bucket whole groups of the first cut are, with their links, neighbours and features."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from graph.facts.tables import Column
from graph.rings.groups.labels import by_first
from graph.rings.spark.context import context_stage
from graph.rings.spark.stages import Stages


@dataclass(frozen=True)
class Homes:
    """By the groups `coarse` (A,) of the first cut; the stages are made when they are asked for first."""

    stages: Stages
    coarse: Column

    @cached_property
    def buckets(self) -> int:
        """How many there are."""
        return context_stage(self.stages, len(self.coarse))

    @cached_property
    def of(self) -> Column:
        """The bucket of each applicant (A,)."""
        smallest = by_first(self.coarse)[1]
        return (smallest % self.buckets).astype(np.int32)[self.coarse]
