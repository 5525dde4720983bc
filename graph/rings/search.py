"""The ring search as of a moment: project, partition, learn suspicion, partition again among suspects, score,
flag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graph.facts.tables import Column, Tables
from graph.model.types import Ring
from graph.rings.applicants.labelled import LabelledApplicants, labelled_applicants
from graph.rings.applicants.rows import ApplicantRows
from graph.rings.groups.budget import HONEST_BUDGET, Spending
from graph.rings.groups.flag_retention import RetainedFlags, retained_flags
from graph.rings.groups.flagged import crews_joined, settled
from graph.rings.groups.labels import by_first, in_flagged
from graph.rings.groups.rows import GroupRows
from graph.rings.groups.suspects import Suspects, among_suspects, regrouped
from graph.rings.links.pull import suspect_links
from graph.rings.links.rows import LinkRows
from graph.rings.projected import Projected, in_this_process
from graph.rings.sharing.rows import SharingRows
from graph.rings.suspected import suspected
from graph.rings.suspicion.columns import Features
from graph.rings.suspicion.companions import companion_suspicion
from graph.rings.suspicion.improbable import beside_learned, improbable_suspicion
from graph.rings.suspicion.people import SuspectSignals
from graph.rings.suspicion.scores import SMALLEST, LabelRates, label_rates
from graph.rings.suspicion.store_habits import FALSE_ALARMS, UnusualGroups, no_groups, unusual_groups

CONFIRMED = 0.8  # what a confirmed fraud is suspected with at least: labels are sometimes wrong


@dataclass(frozen=True)
class RingSearch:
    """Groups found: `group` (A,) int, numbered by smallest applicant, every applicant in one (alone, most of
    them).

    `coarse` (A,) is the group of the first cut, before anybody was suspected. `suspicion` (A,) 0-1 by
    features alone, and not below CONFIRMED for the confirmed and what is known of companions of these;
    `rates` are what groups are scored by; `flagged` (G,) bool; `spared` (A,) bool the confirmed goods that
    were let go from flagged groups: others like them, whom nobody has cleared, were not. `flags` is what
    became of the rings that were flagged last time and that the search itself does not flag. `honest` is the
    share of the honest that is expected in the groups that it does flag. `unusual` are the groups that the
    store's own habits of sharing do not explain.
    """

    applicants: ApplicantRows
    sharing: SharingRows
    links: LinkRows
    groups: GroupRows
    known: LabelledApplicants
    coarse: Column
    group: Column
    suspicion: Column
    rates: LabelRates
    flagged: Column
    spared: Column
    flags: RetainedFlags
    honest: Spending
    unusual: UnusualGroups


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
    applicants, labelled = projected.applicants, labelled_applicants(projected.applicants)
    sharing, links, coarse = projected.sharing, projected.links, projected.coarse
    size = len(applicants)
    if not size:
        return _of_nobody(projected, labelled)
    unusual = unusual_groups(applicants, sharing, memory.false_alarms)
    improbable, suspicion = improbable_suspicion(unusual, labelled), suspected(projected, labelled, closely)
    seen = beside_learned(suspicion[unusual.people], improbable, labelled)
    suspicion[unusual.people] = seen
    suspicion[labelled.fraud] = np.maximum(suspicion[labelled.fraud], CONFIRMED)
    companions, chance = companion_suspicion(sharing, suspicion, coarse, labelled)
    suspicion[companions] = np.maximum(suspicion[companions], chance)
    chances = ((unusual.people, np.minimum(improbable, seen)), (companions, chance))
    people, label, let_go, honest = _flagged((projected, labelled), suspicion, chances, memory.honest_budget)
    group, flagged, spared = regrouped(coarse, people, label), np.zeros(size, bool), np.zeros(size, bool)
    flagged[people], spared[people] = in_flagged(label), let_go
    flags = retained_flags(memory.flagged, flagged, labelled, (applicants, sharing))
    for number, members in enumerate(flags.retained.values(), int(group.max()) + 1):
        group[members], flagged[members] = number, True
    group, first = by_first(group)
    flagged = flagged[first] & (np.bincount(group) >= SMALLEST)
    rates = label_rates(group, suspicion, labelled)
    return RingSearch(
        applicants,
        sharing,
        links,
        projected.groups,
        labelled,
        coarse,
        group,
        suspicion,
        rates,
        flagged,
        spared,
        flags,
        honest,
        unusual,
    )


def _flagged(
    known: tuple[Projected, LabelledApplicants],
    suspicion: Column,
    chances: Sequence[tuple[Column, Column]],
    budget: float,
) -> tuple[Column, Column, Column, Spending]:
    """Who is drawn to others (N,), positions; the labels of their groups (N,), negative for flagged ones; who
    was let go from these (N,) bool; and what flagging costs the honest. `chances` are some people (M,), in
    ascending order, and the chance to be bad of each (M,) that is not their group's.
    """
    projected, labelled = known
    drawn = suspect_links(projected.links, suspicion, labelled.since)
    people, coarse = drawn.people, np.unique(projected.coarse[drawn.people], return_inverse=True)[1]
    label = among_suspects(drawn, suspicion[people], coarse)
    suspects = Suspects(
        links=drawn.links,
        suspicion=suspicion[people],
        improbable=np.max([_of_those(people, *one) for one in chances], axis=0),
        coarse=coarse,
        known=labelled.of(people),
        rates=label_rates(regrouped(projected.coarse, people, label), suspicion, labelled),
    )
    label, let_go, honest = settled(suspects, label, budget)
    label, honest = crews_joined(suspects, label, honest, budget)
    return people, label, let_go, honest


def _of_those(people: Column, some: Column, value: Column) -> Column:
    """The `value` (M,) of `some` (M,) for each of `people` (N,), 0 where it has none; both ascending."""
    _, at, of = np.intersect1d(people, some, assume_unique=True, return_indices=True)
    out = np.zeros(len(people))
    out[at] = value[of]
    return out


def _of_nobody(projected: Projected, labelled: LabelledApplicants) -> RingSearch:
    """The search of a store without people."""
    number, chance, nobody = np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool)
    return RingSearch(
        projected.applicants,
        projected.sharing,
        projected.links,
        projected.groups,
        labelled,
        coarse=number,
        group=number,
        suspicion=chance,
        rates=label_rates(number, chance, labelled),
        flagged=nobody,
        spared=nobody,
        flags=RetainedFlags(),
        honest=Spending(),
        unusual=no_groups(),
    )


def suspicion_features(tables: Tables) -> Features:
    """The suspicion features of everybody (A,), without labels; the pretrained prior is learned from these
    columns.
    """
    return in_this_process(tables).context().of(np.arange(len(tables.applicant_ids)))
