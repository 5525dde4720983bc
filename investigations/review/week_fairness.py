"""How each group of people fared in a week: who of the honest is in flagged rings, and what was proposed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.facts.groups import READ, groups_of, history_of, said_in
from graph.facts.tables import Column
from graph.model.errors import RingfenceError
from graph.model.moments import moment
from graph.model.types import OutcomeStatus
from graph.rings.applicants.labelled import StoreLabels
from graph.rings.applicants.rows import ApplicantRows
from graph.rings.search import RingSearch
from graph.rings.suspicion.people import SuspectSignals
from graph.rings.weekly.honest_impact import known_honest
from investigations.assessments import Decision
from investigations.estimates import TOO_FEW, Estimate, Excess, excess, share
from investigations.fairness.lot import drawn
from investigations.fairness.measures import decided, members_of

MOST = 20_000  # of the honest, and of those who were answered: of more so many are drawn by lot

_HELD = "are in flagged rings"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOfWeek:
    """A group of people. `flagged`: who is in a flagged ring, of those known to be honest; `unlike`: how many
    that are, beside others with the same own history; `usual`: the same by the usual settings, None where the
    review had these. `decisions`: the shares of what was proposed for its people (`approved`, `reviewed`,
    `declined`).
    """

    flagged: Estimate
    unlike: Excess
    decisions: Mapping[str, Estimate]
    usual: Excess | None = None

    def as_json(self) -> dict[str, object]:
        """The figures of the command."""
        answered = {name: one for name, one in self.decisions.items() if one.people}
        figures = {"honest_in_flagged_rings": self.flagged, **answered}
        return {name: one.rounded() for name, one in figures.items()} | {
            "honest_flagged": self.unlike.happened,
            "honest_flagged_as_others": round(self.unlike.expected, 6),
            "chance": round(self.unlike.chance, 6),
        }


class UnfairRingsError(RingfenceError):
    """Settings of the review hold more of a group's honest in flagged rings than the usual ones."""

    def __init__(self, unfair: Sequence[str]) -> None:
        super().__init__(
            "the last snapshot stays in force, because these settings would not be fair: " + "; ".join(unfair)
        )
        self.unfair = tuple(unfair)


def unfair_to(fairness: Mapping[str, GroupOfWeek], most: float) -> list[str]:
    """In sentences which groups of TOO_FEW honest people or more are in flagged rings more than `most` times
    as often as others with the same own history, beyond chance, and more than by the usual settings.
    """
    return [
        f"fairness to {name}: {one.unlike.sentence(_HELD, one.usual, 'by the usual settings')}"
        for name, one in fairness.items()
        if one.usual is not None and one.flagged.people >= TOO_FEW and not one.unlike.is_fair(one.usual, most)
    ]


def fairness_of_week(
    found: RingSearch,
    looked_at: SuspectSignals,
    decisions: Mapping[str, Decision],
    usual: RingSearch | None = None,
) -> dict[str, GroupOfWeek]:
    """Everybody and each group as of the search's moment, the largest group first.

    `looked_at` gives the signals that tell how people live, `decisions` what was proposed for whom in the
    week, `usual` is the search of the same facts by the usual settings. Nothing where nobody is known to be
    honest and nobody was answered.
    """
    applicants = found.applicants
    answered = applicants.places(asked := list(decisions))
    known = (rows["who"] for rows in known_honest(found))
    some = np.union1d(_drawn(applicants, known), _drawn(applicants, [np.unique(answered[answered >= 0])]))
    if not len(some):
        return {}
    people = _People(applicants, some, looked_at)
    history = people.histories(found.known)
    honest, hit = _honest_and_hit(found, some)
    hit_usually = _honest_and_hit(usual, some)[1][honest] if usual is not None else None
    concluded = {place: decisions[one] for place, one in zip(answered.tolist(), asked, strict=True)}
    proposed = np.array([concluded.get(one) for one in some.tolist()], object)
    was_answered = np.array([one is not None for one in proposed], bool)
    return {
        name: GroupOfWeek(
            flagged=share(hit, honest & member),
            unlike=excess(hit[honest], member[honest], history[honest]),
            decisions=decided(proposed, was_answered & member),
            usual=None if hit_usually is None else excess(hit_usually, member[honest], history[honest]),
        )
        for name, member in members_of(people.groups()).items()
    }


def _drawn(applicants: ApplicantRows, among: Iterable[Column]) -> Column:
    named = (names for people in among for _, names in applicants.each_name(people))
    return np.sort(applicants.places(drawn((name for names in named for name in names.tolist()), MOST)))


def _honest_and_hit(found: RingSearch, some: Column) -> tuple[Column, Column]:
    """Who of some people (N,) is known to be honest, and who of these is hit by flags (N,) bool."""
    honest, hit = np.zeros(len(some), bool), np.zeros(len(some), bool)
    for rows in known_honest(found):
        honest |= np.isin(some, rows["who"])
        hit |= np.isin(some, rows["who"][rows["hit"]])
    return honest, hit


class _People:
    """Some people (positions, rising), each as their latest application shows them."""

    def __init__(self, applicants: ApplicantRows, some: Column, looked_at: SuspectSignals) -> None:
        self._some, self._facts = some, applicants.facts_of(some)
        self._signals = looked_at(applicants, some)
        who = self._facts.applications["applicant"]
        self._latest = np.full(len(some), -1)
        self._latest[who] = np.arange(len(who))  # they are sorted by moment: the last one stays
        self._earlier = np.maximum(np.bincount(who, minlength=len(some)) - 1, 0)

    def groups(self) -> list[frozenset[str]]:
        """The groups of each, as `graph.facts.groups` tells them."""
        read = {name: self._signals.column(name).tolist() for name in READ}
        as_of, out = moment(self._facts.as_of), []
        for n, (row, earlier) in enumerate(zip(self._latest.tolist(), self._earlier.tolist(), strict=True)):
            application, lender = said_in(self._facts, row)
            signals = {name: None if np.isnan(column[n]) else column[n] for name, column in read.items()}
            out.append(groups_of(application, signals, earlier, lender, as_of))
        return out

    def histories(self, labels: StoreLabels) -> npt.NDArray[np.int64]:
        """The own history of each as a number, equal for equal ones (N,)."""
        known = labels.of(self._some)
        became = zip(known.late, known.paid, self._earlier.tolist(), strict=True)
        words = [
            history_of([[OutcomeStatus.DPD30]] if late else [[OutcomeStatus.CLOSED]] if paid else [], earlier)
            for late, paid, earlier in became
        ]
        return np.unique(words, return_inverse=True)[1].astype(np.int64)
