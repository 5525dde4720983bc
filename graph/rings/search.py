"""The ring search as of a moment: project, partition, learn suspicion, partition again among suspects, score,
flag.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from graph.facts.tables import Column, Tables
from graph.model.errors import FrameFullError
from graph.model.types import Ring
from graph.rings.applicants.labelled import LabelledApplicants, labelled_applicants
from graph.rings.applicants.rows import ApplicantRows
from graph.rings.groups.budget import HONEST_BUDGET, Candidates, Spending, affordable, flagged_groups
from graph.rings.groups.flag_retention import RetainedFlags, retained_flags
from graph.rings.groups.joined_crews import hanging, joined
from graph.rings.groups.measures import MEANS
from graph.rings.groups.rows import GroupRows
from graph.rings.links.communities import communities
from graph.rings.links.projection import ApplicantLinks
from graph.rings.links.pull import FINE, SuspectLinks, suspect_links
from graph.rings.links.rows import LinkRows
from graph.rings.projected import Projected, in_this_process
from graph.rings.sharing.rows import SharingRows
from graph.rings.suspicion.columns import Features
from graph.rings.suspicion.improbable import beside_learned, improbable_suspicion
from graph.rings.suspicion.learned import Examples, fold_judges, learned_rows, member_examples
from graph.rings.suspicion.people import SuspectSignals
from graph.rings.suspicion.pretrained_prior import beside_experience, prior_suspicion
from graph.rings.suspicion.rows import ContextRows
from graph.rings.suspicion.scores import SMALLEST, group_scores, rescaled
from graph.rings.suspicion.store_habits import FALSE_ALARMS, UnusualGroups, no_groups, unusual_groups
from graph.rings.suspicion.suspect_features import links_beyond_a_place, suspects_nearby

log = logging.getLogger("ringfence.rings")

SUSPECT = 0.15  # below this chance nobody belongs to a group of suspects
CLOSELY = 0.1  # of all applicants, the most suspicious at first sight, are looked at closely
CLOSELY_AT_LEAST = 500  # people
_UNSEEN_BELOW = 0.2  # of those, in order, are as suspicious as anybody else can be
CONFIRMED = 0.8  # what a confirmed fraud is suspected with at least: labels are sometimes wrong
MEASURED = tuple(MEANS)  # of applicants by themselves: what rings are measured by
# of a flagged group's score a member must be suspected with, or it is merely attached: a flatmate, a
# neighbour
HELD = 0.6


@dataclass(frozen=True)
class RingSearch:
    """Groups found: `group` (A,) int, numbered by smallest applicant, every applicant in one (alone, most of
    them).

    `coarse` (A,) is the group of the first cut, before anybody was suspected. `suspicion` (A,) 0-1 by
    features alone, and not below CONFIRMED for the confirmed; `score` (G,) the expected share of bad among
    members; `flagged` (G,) bool; `spared` (A,) bool the confirmed goods that were let go from flagged groups:
    others like them, whom nobody has cleared, were not. `flags` is what became of the rings that were flagged
    last time and that the search itself does not flag. `honest` is the share of the honest that is expected
    in the groups that it does flag. `unusual` are the groups that the store's own habits of sharing do not
    explain. `own` (A, MEASURED) is what rings are measured by of what applicants are by themselves.
    """

    applicants: ApplicantRows
    sharing: SharingRows
    links: LinkRows
    groups: GroupRows
    known: LabelledApplicants
    coarse: Column
    group: Column
    suspicion: Column
    score: Column
    flagged: Column
    spared: Column
    flags: RetainedFlags
    honest: Spending
    unusual: UnusualGroups
    own: Features


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
    improbable = improbable_suspicion(unusual, labelled)
    learned, own = _suspicion(projected, labelled, closely)
    seen = beside_learned(learned, improbable, labelled)
    suspicion = np.maximum(seen, CONFIRMED * labelled.fraud)
    suspects = suspect_links(links, suspicion, labelled.since)
    label, spared, honest = _settled(
        suspects.links,
        suspicion,
        _among_suspects(suspects, suspicion, coarse),
        (coarse, labelled),
        (np.minimum(improbable, seen), memory.honest_budget),
    )
    label, honest = _whole(suspects.links, suspicion, label, labelled, (honest, memory.honest_budget))
    flags = retained_flags(memory.flagged, _in_flagged(label), labelled, (applicants, sharing))
    for number, people in enumerate(flags.retained.values()):
        label[people] = -(2 + 2 * size + number)
    group, first = _numbered(np.abs(label))
    flagged = _in_flagged(label)[first]
    score = group_scores(group, suspicion, labelled)
    return RingSearch(
        applicants,
        sharing,
        links,
        projected.groups,
        labelled,
        coarse,
        group,
        suspicion,
        score,
        flagged,
        spared,
        flags,
        honest,
        unusual,
        own,
    )


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
        score=chance,
        flagged=nobody,
        spared=nobody,
        flags=RetainedFlags(),
        honest=Spending(),
        unusual=no_groups(),
        own=Features(MEASURED, np.zeros((0, len(MEASURED)), np.float32)),
    )


def _in_flagged(label: Column) -> Column:
    """Who is in a flagged group (A,) bool, by labels that are negative for these; a group of too few is
    none.
    """
    group = _numbered(np.abs(label))[0]
    return np.asarray((label < 0) & (np.bincount(group)[group] >= SMALLEST))


def suspicion_features(tables: Tables) -> Features:
    """The suspicion features of everybody (A,), without labels; the pretrained prior is learned from these
    columns.
    """
    return in_this_process(tables).context().of(np.arange(len(tables.applicant_ids)))


def _suspicion(
    projected: Projected, labelled: LabelledApplicants, closely: SuspectSignals | None
) -> tuple[Column, Features]:
    """How suspicious everybody is (A,), and of the context features, which are let go then, MEASURED."""
    context = projected.context()
    own = Features(MEASURED, np.stack([context.column(name) for name in MEASURED], axis=1))
    return _suspected(projected, (context, labelled), closely), own


def _suspected(
    projected: Projected,
    known: tuple[ContextRows, LabelledApplicants],
    closely: SuspectSignals | None,
) -> Column:
    """What other stores taught, until this one does. Then two looks: by features alone, and closely at the
    most suspicious, also by how they hang together with those whom the first look found; both out of fold,
    beside what other stores taught while this one's frauds are few.
    """
    links, coarse, (context, labelled) = projected.links, projected.coarse, known
    if not labelled.has_enough_labels:
        return prior_suspicion(context)
    examples = member_examples(labelled, coarse)
    learn, weight = learned_rows(examples)
    judges = fold_judges(context.of(learn).values, examples.of(learn), weight)
    one = context.chance(judges, examples.fold)
    raised = rescaled(one, labelled)
    groups = _numbered(_among_suspects(suspect_links(links, raised), raised, coarse))[0]
    some = np.sort(np.argsort(-one, kind="stable")[: max(int(CLOSELY * len(one)), CLOSELY_AT_LEAST)])
    nearby = suspects_nearby(links, one, groups, some)

    def looked(people: Column, around: Features) -> Features:
        beside = around.beside(nearby.of(np.searchsorted(some, people)))
        return beside.beside(closely(projected.applicants, people)) if closely else beside

    try:
        two = _second_look(context, examples, some, looked)
    except FrameFullError as full:
        log.warning("%s: nobody is looked at closely", full)
        return beside_experience(raised, context, labelled)
    own = np.minimum(one, np.quantile(np.sqrt(one[some] * two), _UNSEEN_BELOW))
    own[some] = np.sqrt(one[some] * two)
    # what other stores taught is a chance to be bad already: only what labels teach has to be rescaled
    return beside_experience(rescaled(own, labelled), context, labelled)


def _second_look(
    context: ContextRows, examples: Examples, some: Column, looked: Callable[[Column, Features], Features]
) -> Column:
    """The chance to be bad of `some` people (N,), learned among them from their context features and what
    `looked` adds. Not all of their rows are held at once.
    """
    learn, weight = learned_rows(examples.of(some))
    learn, two = some[learn], np.zeros(len(examples.fold))
    judges = fold_judges(looked(learn, context.of(learn)).values, examples.of(learn), weight)
    for people, around in context.pieces(some):
        two[people] = judges.chance(looked(people, around).values, examples.fold[people])
    return two[some]


def _among_suspects(suspects: SuspectLinks, suspicion: Column, coarse: Column) -> Column:
    """Labels of groups (A,): suspects by links weighed by both ends' suspicion (1 to size), everybody else by
    their first cut (above).
    """
    people, links, label = suspects.people, suspects.links, 1 + len(suspicion) + coarse
    ends = (np.searchsorted(people, links.a), np.searchsorted(people, links.b))
    fine = communities(np.ones(len(people)), ends, suspects.pull, FINE)
    suspect = suspicion[people] >= SUSPECT
    enough = np.bincount(fine, weights=suspect)[fine] >= SMALLEST
    smallest = np.unique(fine, return_index=True)[1][fine]
    label[people[suspect & enough]] = 1 + people[smallest[suspect & enough]]
    return label


def _settled(
    links: ApplicantLinks,
    suspicion: Column,
    label: Column,
    first: tuple[Column, LabelledApplicants],
    spends: tuple[Column, float],
) -> tuple[Column, Column, Spending]:
    """Labels with those of flagged groups negative, which confirmed goods were let go from these (A,) bool,
    and what they cost the honest.

    Whom a flagged group cannot hold is back with the rest of their first cut: the merely attached, less
    suspicious than the group or tied to it by a place alone (unless all that the store has learned speaks
    against them), and the confirmed good.
    """
    coarse, labelled = first
    improbable, budget = spends
    size = len(label)
    group = _numbered(label)[0]
    score = group_scores(group, suspicion, labelled)
    tied = (links_beyond_a_place(links, group) > 0) | ((suspicion >= 0.8) & labelled.has_enough_labels)
    held = (suspicion >= HELD * score[group]) & tied & (label <= size)
    worst, honest = flagged_groups(
        Candidates(group, held, score, group_scores(group, suspicion, labelled, unheard=True), improbable),
        labelled,
        budget,
    )
    flagged = worst[group]
    kept = held & (labelled.fraud | ~labelled.good)
    settled = np.where(flagged & kept, -label, np.where(flagged, 1 + size + coarse, label))
    return settled, flagged & held & ~kept, honest


def _whole(
    links: ApplicantLinks,
    suspicion: Column,
    label: Column,
    labelled: LabelledApplicants,
    spent: tuple[Spending, float],
) -> tuple[Column, Spending]:
    """Labels with the pieces of one crew joined and its hangers-on with it, as far as the budget goes; and
    what is spent then.
    """
    honest, budget = spent
    flagged = _in_flagged(label)
    group = joined(links, suspicion, _numbered(np.abs(label))[0], flagged)
    who, to = hanging(links, suspicion, group, flagged)
    more, honest = affordable(who, suspicion, labelled, honest, budget)
    ring = np.where(flagged, group, -1)
    ring[who[more]] = to[more]
    return np.where(ring >= 0, -(2 + 3 * len(label) + ring), np.abs(label)), honest


def _numbered(label: Column) -> tuple[Column, Column]:
    """Labels as 0, 1, 2, ... in order of each group's first applicant (A,), and that applicant (G,)."""
    _, first, number = np.unique(label, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(first), np.int64)
    rank[order] = np.arange(len(first))
    return rank[number], first[order]
