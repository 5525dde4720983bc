"""Training samples: subjects at moments of their own, and when which of them became known for fraud."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gnn.history import History
from gnn.silence import Seen, Worth, worth
from graph.frame.seeds import Seeds, seeds
from graph.store.tables import Column

LEAST_TRUST = 0.15  # younger samples than this say next to nothing: their frauds cannot be known yet

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Samples:
    """N subjects at moments, sorted by moment; times are int64 microseconds.

    applicant_id, application_id (None: an applicant watched at a moment)   (N,) object
    person (row in `history`), at                                           (N,) int64
    drawn: a lot in [0, 1) that depends on the subject's name alone         (N,) float64
    `horizon`: microseconds within which a fraud must become known to count. `share`: the part of the samples not known to be bad that is kept.

    Learned from are those whose applicant was not known for fraud at their moment: who is known is for the policy to say.
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
        asked = np.array([one is not None for one in self.application_id.tolist()], dtype=np.bool_)
        return seeds(np.where(asked, self.application_id, self.applicant_id).tolist(), asked, self.at)

    @property
    def known(self) -> Bools:
        """Whose applicant was known for fraud at the sample's own moment."""
        return self.history.known(self.person, self.at)

    def fraud(self, cut: int) -> Bools:
        """Whose applicant is known for fraud strictly before `cut`."""
        return self.history.known(self.person, cut)

    def bad(self, cut: int) -> Bools:
        """Whose applicant, not known at the sample's moment, became known for fraud within the horizon and is, strictly before `cut`, still."""
        found = self.history.found(self.person, self.at, cut)
        return np.asarray(~self.known & self.fraud(cut) & (found - self.at <= self.horizon), dtype=np.bool_)

    def matured(self, cut: int) -> Bools:
        """Whose horizon had passed by `cut`."""
        return np.asarray(self.at + self.horizon < cut, dtype=np.bool_)

    def trust(self, cut: int) -> Floats:
        """How likely a fraud at that moment is known by `cut`, by the distribution of delays of matured frauds known by then.

        Weighing samples that are not known to be bad by it makes the young ones count as what they are: not known yet.
        """
        bad, delays = self.bad(cut), self.history.found(self.person, self.at, cut) - self.at
        known = np.sort(delays[bad & self.matured(cut)])
        if len(known) < 10:
            known = np.sort(delays[bad])
        ages = np.clip(cut - self.at, 0, self.horizon)
        if not len(known):
            return np.asarray(ages / self.horizon, dtype=np.float64)
        share = np.searchsorted(known, ages, side="left") / len(known)
        return np.asarray(np.where(self.matured(cut), 1.0, share), dtype=np.float64)

    def mass(self, cut: int) -> Floats:
        """How many of all samples each stands for: those left out by lot are made up for by the others."""
        return np.asarray(np.where(self.bad(cut), 1.0, np.where(self.drawn < self.share, 1.0 / self.share, 0.0)), dtype=np.float64)

    def weight(self, cut: int) -> Floats:
        """The training weight of each sample at `cut`; 0 leaves it out.

        Frauds and confirmed goods count fully; silence for what it is worth (`gnn.silence`), by the sample's age and by what became of the
        person's loans. Nobody's applications count who was known already, and none that proved to be of a fraud after the horizon.
        """
        fraud, counts = self._chance(cut), self._counts(cut)
        counts = np.where(self.bad(cut), counts, np.where(fraud < 1.0, (1.0 - fraud) * counts, 0.0))
        return np.asarray(self.mass(cut) * counts, dtype=np.float64)

    def lessons(self, cut: int) -> tuple[Floats, Floats]:
        """Training targets at `cut`: the chance (N,) that each sample is of a fraud, and its weight (N,).

        Here a fraud that became known after the horizon is one, and a silent sample is one by its chance to be.
        """
        return self._chance(cut), np.asarray(self.mass(cut) * self._counts(cut), dtype=np.float64)

    def odds(self, cut: int) -> float:
        """The log-odds of a fraud among the samples that can be learned from at `cut`: the base rate of a model's scores."""
        chance, weight = self.lessons(cut)
        return float(np.log((weight @ chance + 0.5) / (weight @ (1 - chance) + 0.5)))

    def silence(self, cut: int) -> Worth:
        """What a missing label is worth by the fate of the person's loans, estimated from the samples matured by `cut`."""
        proved = self.fraud(cut)
        seen = self.matured(cut) & ~self.known
        made = np.bincount(self.person[self.at < cut], minlength=len(self.history.paid))[self.person]
        return worth(Seen(self._fate(cut)[seen], made[seen], proved[seen], self.mass(cut)[seen]))

    def _chance(self, cut: int) -> Floats:
        """The chance (N,) that each is of a fraud: 1 where known by `cut`, 0 for confirmed goods, otherwise by loan fate."""
        fraud = self.fraud(cut)
        good = (self.history.judged[self.person] < cut) & ~fraud
        return np.where(fraud, 1.0, np.where(good, 0.0, self.silence(cut).fraud[self._fate(cut)]))

    def _counts(self, cut: int) -> Floats:
        """How far each sample may be trusted at `cut`, by label, age and loan fate; 0 for those known for fraud at their moment."""
        trust, judged = self.trust(cut), self.history.judged[self.person] < cut
        silence = np.where(trust >= LEAST_TRUST, trust * self.silence(cut).looked[self._fate(cut)], 0.0)
        return np.where((self.at < cut) & ~self.known, np.where(judged, 1.0, silence), 0.0)

    def _fate(self, cut: int) -> Column:
        """What became of the person's loans strictly before `cut`, as codes of `gnn.silence.FATES`."""
        paid, defaulted, repaid = (when[self.person] < cut for when in (self.history.paid, self.history.defaulted, self.history.repaid))
        return np.select([repaid, defaulted, paid], [3, 2, 1], 0)
