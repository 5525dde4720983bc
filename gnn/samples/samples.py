"""Training samples: subjects at moments of their own, and when which of them became known for fraud."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gnn.samples.history import History
from gnn.samples.unlabelled import MaturedSamples, UnlabelledWorth, unlabelled_worth
from graph.facts.tables import Column
from graph.frame.walk.seeds import Seeds, seeds

LEAST_TRUST = 0.15  # younger samples than this say next to nothing: their frauds cannot be known yet

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class BadShare(NamedTuple):
    """Of samples the share (0-1) that was `confirmed` as fraud within the horizon, as a probability means it,
    and the share that is `estimated` to be of frauds, confirmed or not.
    """

    confirmed: float
    estimated: float


@dataclass(frozen=True)
class Samples:
    """N subjects at moments, sorted by moment; times are int64 microseconds.

    applicant_id, application_id (None: an applicant watched at a moment)   (N,) object
    person (row in `history`), at                                           (N,) int64
    drawn: a lot in [0, 1) that depends on the subject's name alone         (N,) float64
    `horizon`: microseconds within which a fraud must become known to count. `share`: the part of the samples
    not known to be bad that is kept.

    Learned from are those whose applicant was not known for fraud at their moment: who is known is for the
    policy to say.
    """

    applicant_id: Column
    application_id: Column
    person: Column
    at: Column
    drawn: Floats
    history: History
    horizon: int
    share: float = 1.0

    def __len__(self) -> int:
        return len(self.at)

    def take(self, rows: Column) -> Samples:
        """Those rows (a mask or positions)."""
        names = ("applicant_id", "application_id", "person", "at", "drawn")
        columns: dict[str, Any] = {name: getattr(self, name)[rows] for name in names}
        return replace(self, **columns)

    def seeds(self) -> Seeds:
        """They, to be looked at in their order."""
        has_application = np.array([one is not None for one in self.application_id.tolist()], dtype=np.bool_)
        return seeds(
            np.where(has_application, self.application_id, self.applicant_id).tolist(),
            has_application,
            self.at,
        )

    @property
    def known(self) -> Bools:
        """Whose applicant was known for fraud at the sample's own moment."""
        return self.history.known(self.person, self.at)

    def fraud(self, cutoff: int) -> Bools:
        """Whose applicant is known for fraud strictly before `cutoff`."""
        return self.history.known(self.person, cutoff)

    def bad(self, cutoff: int) -> Bools:
        """Whose applicant, not known at the sample's moment, became known for fraud within the horizon and
        is, strictly before `cutoff`, still.
        """
        result = self.history.first_known(self.person, self.at, cutoff)
        return np.asarray(
            ~self.known & self.fraud(cutoff) & (result - self.at <= self.horizon), dtype=np.bool_
        )

    def matured(self, cutoff: int) -> Bools:
        """Whose horizon had passed by `cutoff`."""
        return np.asarray(self.at + self.horizon < cutoff, dtype=np.bool_)

    def trust(self, cutoff: int) -> Floats:
        """How likely a fraud at that moment is known by `cutoff`, by the distribution of delays of matured
        frauds known by then.

        Weighing samples that are not known to be bad by it makes the young ones count as what they are: not
        known yet.
        """
        bad, delays = self.bad(cutoff), self.history.first_known(self.person, self.at, cutoff) - self.at
        known = np.sort(delays[bad & self.matured(cutoff)])
        if len(known) < 10:
            known = np.sort(delays[bad])
        ages = np.clip(cutoff - self.at, 0, self.horizon)
        if not len(known):
            return np.asarray(ages / self.horizon, dtype=np.float64)
        share = np.searchsorted(known, ages, side="left") / len(known)
        return np.asarray(np.where(self.matured(cutoff), 1.0, share), dtype=np.float64)

    def mass(self, cutoff: int) -> Floats:
        """How many of all samples each stands for, to compensate for those left out by lot."""
        return np.asarray(
            np.where(self.bad(cutoff), 1.0, np.where(self.drawn < self.share, 1.0 / self.share, 0.0)),
            dtype=np.float64,
        )

    def weight(self, cutoff: int) -> Floats:
        """The training weight of each sample at `cutoff`; 0 leaves it out.

        Frauds and confirmed goods count fully; silence for what it is worth (`unlabelled`), by the sample's
        age and by what became of the person's loans. Nobody's applications count who was known already, and
        none that proved to be of a fraud after the horizon.
        """
        fraud, counts = self._chance(cutoff), self._counts(cutoff)
        counts = np.where(self.bad(cutoff), counts, np.where(fraud < 1.0, (1.0 - fraud) * counts, 0.0))
        return np.asarray(self.mass(cutoff) * counts, dtype=np.float64)

    def targets(self, cutoff: int) -> tuple[Floats, Floats]:
        """Training targets at `cutoff`: the chance (N,) that each sample is of a fraud, and its weight (N,).

        Here a fraud that became known after the horizon is one, and a silent sample is one by its chance to
        be.
        """
        return self._chance(cutoff), np.asarray(self.mass(cutoff) * self._counts(cutoff), dtype=np.float64)

    def unlabelled_worth(self, cutoff: int) -> UnlabelledWorth:
        """What a missing label is worth by the fate of the person's loans, estimated from the samples matured
        by `cutoff`.
        """
        proved = self.fraud(cutoff)
        matured_now = self.matured(cutoff) & ~self.known
        applications = np.bincount(self.person[self.at < cutoff], minlength=len(self.history.paid))[
            self.person
        ]
        return unlabelled_worth(
            MaturedSamples(
                self._fate(cutoff)[matured_now],
                applications[matured_now],
                proved[matured_now],
                self.mass(cutoff)[matured_now],
            )
        )

    def bad_share(self, cutoff: int) -> BadShare:
        """The shares of bad of the samples of those who were not known for fraud at their moment."""
        weight, (chance, counts) = self.weight(cutoff), self.targets(cutoff)
        return BadShare(
            confirmed=float(weight @ self.bad(cutoff) / weight.sum()),
            estimated=float(counts @ chance / counts.sum()),
        )

    def _chance(self, cutoff: int) -> Floats:
        """The chance (N,) that each is of a fraud: 1 where known by `cutoff`, 0 for confirmed goods,
        otherwise by loan fate.
        """
        fraud = self.fraud(cutoff)
        good = (self.history.judged[self.person] < cutoff) & ~fraud
        return np.where(
            fraud, 1.0, np.where(good, 0.0, self.unlabelled_worth(cutoff).fraud[self._fate(cutoff)])
        )

    def _counts(self, cutoff: int) -> Floats:
        """How far each sample may be trusted at `cutoff`, by label, age and loan fate; 0 for those known for
        fraud at their moment.
        """
        trust, judged = self.trust(cutoff), self.history.judged[self.person] < cutoff
        silence = np.where(
            trust >= LEAST_TRUST, trust * self.unlabelled_worth(cutoff).confirmed[self._fate(cutoff)], 0.0
        )
        return np.where((self.at < cutoff) & ~self.known, np.where(judged, 1.0, silence), 0.0)

    def _fate(self, cutoff: int) -> Column:
        """What became of the person's loans strictly before `cutoff`, as codes of `unlabelled.FATES`."""
        paid, defaulted, repaid = (
            when[self.person] < cutoff
            for when in (self.history.paid, self.history.defaulted, self.history.repaid)
        )
        return np.select([repaid, defaulted, paid], [3, 2, 1], 0)
