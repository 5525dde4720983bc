"""The ring search as of a moment: project, partition, learn suspicion, partition again among suspects, score,
flag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from graph.facts.tables import Column, Tables
from graph.model.types import Ring
from graph.rings.applicants.everybody import Everybody, Rows, merged
from graph.rings.applicants.labelled import StoreLabels, store_labels
from graph.rings.applicants.moved import Moved, grouped, moved
from graph.rings.applicants.rows import ApplicantRows
from graph.rings.error_shares import FALSE_ALARMS, HONEST_BUDGET
from graph.rings.groups.budget import Spending
from graph.rings.groups.flag_retention import RetainedFlags, retained_flags
from graph.rings.groups.flagged import crews_joined, settled
from graph.rings.groups.labels import in_flagged
from graph.rings.groups.rows import GroupRows, rings_of
from graph.rings.groups.suspects import Suspects, among_suspects
from graph.rings.links.pull import drawn_to_others, suspect_links
from graph.rings.links.rows import LinkRows
from graph.rings.projected import Projected, in_this_process
from graph.rings.sharing.rows import SharingRows
from graph.rings.suspected import suspected
from graph.rings.suspicion.columns import Features
from graph.rings.suspicion.companions import companion_suspicion
from graph.rings.suspicion.improbable import beside_learned, improbable_suspicion
from graph.rings.suspicion.people import SuspectSignals
from graph.rings.suspicion.scores import SMALLEST, LabelRates, rates_of
from graph.rings.suspicion.store_habits import UnusualGroups, no_groups, unusual_groups

CONFIRMED = 0.8  # what a confirmed fraud is suspected with at least: labels are sometimes wrong


@dataclass(frozen=True)
class RingSearch:
    """Groups found. A group is called by the position of its first applicant; every applicant is in one
    (alone, most of them).

    `everybody` has the columns `group` and `size` (of their group), `coarse`, the group of the first cut,
    before anybody was suspected, and `suspicion`, 0-1, by features alone, and not below CONFIRMED for the
    confirmed and what is known of companions of these. `people` (M,), positions in ascending order, are in
    the groups of three or more `group` (M,); `flagged` (F,), ascending, are those of these groups that are
    flagged, `spared` positions of the confirmed goods that were let go from flagged groups: others like them,
    whom nobody has cleared, were not. `rates` are what groups are scored by. `flags` is what became of the
    rings that were flagged last time and that the search itself does not flag. `honest` is the share of the
    honest that is expected in the groups that it does flag. `unusual` are the groups that the store's own
    habits of sharing do not explain.
    """

    applicants: ApplicantRows
    sharing: SharingRows
    links: LinkRows
    groups: GroupRows
    known: StoreLabels
    everybody: Everybody
    people: Column
    group: Column
    rates: LabelRates
    flagged: Column
    spared: Column
    flags: RetainedFlags
    honest: Spending
    unusual: UnusualGroups

    @cached_property
    def in_flagged(self) -> Column:
        """Which of the `people` are in flagged groups (M,) bool."""
        return np.isin(self.group, self.flagged)

    @property
    def flagged_people(self) -> Column:
        """Who is in a flagged group, positions in ascending order."""
        return np.asarray(self.people[self.in_flagged])


@dataclass(frozen=True)
class PreviousFlags:
    """Inputs of a search beside the facts: the rings flagged last time, the share of honest people that may
    be flagged, and the share of the groups that stand out by the store's habits alone that may be there by
    chance.
    """

    flagged: tuple[Ring, ...] = ()
    honest_budget: float = HONEST_BUDGET
    false_alarms: float = FALSE_ALARMS


def search(
    projected: Projected,
    memory: PreviousFlags = PreviousFlags(),
    closely: SuspectSignals | None = None,
) -> RingSearch:
    """All groups as of the moment of what an engine projected; the same facts and memory give the same
    groups.

    `closely` says by what signals serving and training see the people who are looked at closely
    (`graph.rings.suspicion.people`); None: by none. Nobody is where the frame, by which they are seen,
    cannot hold the store.
    """
    applicants, everybody = projected.applicants, projected.everybody
    labels = store_labels(everybody, applicants.as_of)
    if not len(applicants):
        return _of_nobody(projected, labels)
    unusual = unusual_groups(everybody, projected.sharing, applicants.as_of, memory.false_alarms)
    improbable = improbable_suspicion(unusual, labels.of(unusual.people))
    everybody, unlikely = _with_what_is_known(
        suspected(projected, labels, closely), labels, unusual, improbable
    )
    everybody, companions = _with_companions(everybody, projected.sharing, labels)
    chances = (unlikely, companions)
    found = _flagged((projected, labels), everybody, chances, memory.honest_budget)
    flags = retained_flags(memory.flagged, found.flagged, labels, (applicants, projected.sharing))
    some, flagged = found.moved, [found.flagged]
    for number, members in enumerate(flags.retained.values(), int(some.label.max(initial=0)) + 1):
        some = some.with_others(members, number)
        flagged.append(members)
    everybody = grouped(everybody, some)
    in_rings = merged(everybody.answers(rings_of, ("group", "size")))
    return RingSearch(
        applicants,
        projected.sharing,
        projected.links,
        projected.groups,
        labels,
        everybody,
        in_rings["who"],
        in_rings["group"],
        rates_of(everybody, some, labels),
        np.unique(some.group[np.isin(some.people, np.concatenate(flagged)) & (some.size >= SMALLEST)]),
        found.let_go,
        flags,
        found.honest,
        unusual,
    )


_Chances = tuple[Column, Column]
"""Some people (M,), in ascending order, and the chance to be bad of each (M,) that is not their group's."""


def _with_what_is_known(
    everybody: Everybody, labels: StoreLabels, unusual: UnusualGroups, improbable: Column
) -> tuple[Everybody, _Chances]:
    """Everybody with what unusual groups and labels add to `suspicion`; and the chances of these groups'
    people, whose groups are `improbable` (M,).
    """
    some = np.union1d(unusual.people, labels.frauds)
    suspicion = everybody.of(some, "suspicion")["suspicion"].copy()
    at, frauds = np.searchsorted(some, unusual.people), np.searchsorted(some, labels.frauds)
    seen = beside_learned(suspicion[at], improbable, labels.totals.share_without_labels)
    suspicion[at] = seen
    suspicion[frauds] = np.maximum(suspicion[frauds], CONFIRMED)
    return _suspected(everybody, some, suspicion), (unusual.people, np.minimum(improbable, seen))


def _with_companions(
    everybody: Everybody, sharing: SharingRows, labels: StoreLabels
) -> tuple[Everybody, _Chances]:
    """Everybody with what is known of companions of frauds; and these people's chances."""
    drawn = merged(everybody.answers(drawn_to_others, ("suspicion", "coarse")))
    place, chance = companion_suspicion(sharing, drawn["who"], drawn["coarse"], labels.of(drawn["who"]))
    people = drawn["who"][place].astype(np.int64)
    if not len(people):
        return everybody, (people, chance)
    raised = np.maximum(drawn["suspicion"][place], chance)
    return _suspected(everybody, people, raised), (people, chance)


def _suspected(everybody: Everybody, people: Column, suspicion: Column) -> Everybody:
    """With another `suspicion` (N,) of some people (N,), in ascending order."""
    given = {"who": people.astype(np.int32), "suspicion": suspicion}
    return everybody.put(_replaced, ("suspicion",), given)


def _replaced(rows: Rows, given: Rows) -> Rows:
    suspicion = rows["suspicion"].copy()
    suspicion[np.searchsorted(rows["who"], given["who"])] = given["suspicion"]
    return {"suspicion": suspicion}


@dataclass(frozen=True)
class _Found:
    """Who left the group of the first cut, who of these are in flagged groups and who was let go from such,
    positions in ascending order, and what flagging costs the honest.
    """

    moved: Moved
    flagged: Column
    let_go: Column
    honest: Spending


def _flagged(
    known: tuple[Projected, StoreLabels], everybody: Everybody, chances: Sequence[_Chances], budget: float
) -> _Found:
    """The groups of those who are drawn to others."""
    projected, labels = known
    drawn, suspicion = suspect_links(projected.links, everybody)
    people = drawn.people
    coarse = np.unique(everybody.of(people, "coarse")["coarse"], return_inverse=True)[1]
    label = among_suspects(drawn, suspicion, coarse)
    suspects = Suspects(
        links=drawn.links,
        suspicion=suspicion,
        improbable=np.max([_of_those(people, *one) for one in chances], axis=0),
        coarse=coarse,
        known=labels.of(people),
        rates=rates_of(everybody, moved(people, label), labels),
    )
    label, let_go, honest = settled(suspects, label, budget)
    label, honest = crews_joined(suspects, label, honest, budget)
    return _Found(moved(people, label), people[in_flagged(label)], people[let_go], honest)


def _of_those(people: Column, some: Column, value: Column) -> Column:
    """The `value` (M,) of `some` (M,) for each of `people` (N,), 0 where it has none; both ascending."""
    _, at, of = np.intersect1d(people, some, assume_unique=True, return_indices=True)
    out = np.zeros(len(people))
    out[at] = value[of]
    return out


def _of_nobody(projected: Projected, labels: StoreLabels) -> RingSearch:
    """The search of a store without people."""
    nobody = np.zeros(0, np.int32)
    no_chance = {
        name: np.zeros(0, kind) for name, kind in (("suspicion", "f8"), ("group", "i4"), ("size", "i4"))
    }
    return RingSearch(
        projected.applicants,
        projected.sharing,
        projected.links,
        projected.groups,
        labels,
        projected.everybody.put(partial(_given, columns=no_chance), ()),
        people=nobody,
        group=nobody,
        rates=LabelRates((0.3, 1e-4), (0.3, 1e-4), labels.mature_before),
        flagged=nobody,
        spared=nobody,
        flags=RetainedFlags(),
        honest=Spending(),
        unusual=no_groups(),
    )


def _given(rows: Rows, given: Rows, columns: Rows) -> Rows:
    return columns


def suspicion_features(tables: Tables) -> Features:
    """The suspicion features of everybody (A,), without labels; the pretrained prior is learned from these
    columns.
    """
    return in_this_process(tables).context().of(np.arange(len(tables.applicant_ids)))
