"""Which groups are flagged within the budget, whom they hold, and the pieces of one crew joined."""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.rings.applicants.labelled import LabelledApplicants
from graph.rings.groups.budget import Candidates, Spending, affordable, flagged_groups
from graph.rings.groups.joined_crews import hanging, joined
from graph.rings.groups.labels import in_flagged, numbered
from graph.rings.links.projection import ApplicantLinks
from graph.rings.suspicion.scores import group_scores, label_rates
from graph.rings.suspicion.suspect_features import links_beyond_a_place

# of a flagged group's score a member must be suspected with, or it is merely attached: a flatmate, a
# neighbour
_HELD = 0.6


def settled(
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
    group = numbered(label)[0]
    rates = label_rates(group, suspicion, labelled)
    score = group_scores(group, suspicion, labelled, rates)
    tied = (links_beyond_a_place(links, group) > 0) | ((suspicion >= 0.8) & labelled.has_enough_labels)
    held = (suspicion >= _HELD * score[group]) & tied & (label <= size)
    worst, honest = flagged_groups(
        Candidates(
            group, held, score, group_scores(group, suspicion, labelled, rates, unheard=True), improbable
        ),
        labelled,
        budget,
    )
    flagged = worst[group]
    kept = held & (labelled.fraud | ~labelled.good)
    others = np.where(flagged, 1 + size + coarse, label)
    return np.where(flagged & kept, -label, others), flagged & held & ~kept, honest


def crews_joined(
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
    flagged = in_flagged(label)
    group = joined(links, suspicion, numbered(np.abs(label))[0], flagged)
    who, to = hanging(links, suspicion, group, flagged)
    more, honest = affordable(who, suspicion, labelled, honest, budget)
    ring = np.where(flagged, group, -1)
    ring[who[more]] = to[more]
    return np.where(ring >= 0, -(2 + 3 * len(label) + ring), np.abs(label)), honest
