"""Which groups are flagged within the budget, whom they hold, and the pieces of one crew joined."""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.rings.groups.budget import Candidates, Spending, affordable, flagged_groups
from graph.rings.groups.joined_crews import hanging, joined
from graph.rings.groups.labels import in_flagged, numbered
from graph.rings.groups.suspects import Suspects
from graph.rings.suspicion.scores import group_scores
from graph.rings.suspicion.suspect_features import links_beyond_a_place

# of a flagged group's score a member must be suspected with, or it is merely attached: a flatmate, a
# neighbour
_HELD = 0.6


def settled(suspects: Suspects, label: Column, budget: float) -> tuple[Column, Column, Spending]:
    """Labels (N,) with those of flagged groups negative, which confirmed goods were let go from these (N,)
    bool, and what they cost the honest.

    Whom a flagged group cannot hold is back with the rest of their first cut: the merely attached, less
    suspicious than the group or tied to it by a place alone (unless all that the store has learned speaks
    against them), and the confirmed good. Of a group of the first cut only suspects are here: nobody is held
    in one, so nothing hangs on its score.
    """
    suspicion, known, size = suspects.suspicion, suspects.known, len(label)
    group = numbered(label)[0]
    score, unheard = (
        group_scores(group, suspicion, known, suspects.rates, unheard=never) for never in (False, True)
    )
    tied = (links_beyond_a_place(suspects.links, group) > 0) | ((suspicion >= 0.8) & known.has_enough_labels)
    held = (suspicion >= _HELD * score[group]) & tied & (label <= size)
    candidates = Candidates(group, held, score, unheard, suspects.improbable)
    whole, honest = flagged_groups(candidates, known, budget)
    kept = held & (known.fraud | (whole[group] & ~known.good))
    flagged = (whole | candidates.of_known(known))[group]
    others = np.where(flagged, 1 + size + suspects.coarse, label)
    return np.where(flagged & kept, -label, others), whole[group] & held & ~kept, honest


def crews_joined(
    suspects: Suspects, label: Column, honest: Spending, budget: float
) -> tuple[Column, Spending]:
    """Labels (N,) with the pieces of one crew joined and its hangers-on with it, as far as the budget goes;
    and what is spent then.
    """
    links, suspicion, flagged = suspects.links, suspects.suspicion, in_flagged(label)
    group = joined(links, suspicion, numbered(np.abs(label))[0], flagged)
    who, to = hanging(links, suspicion, group, flagged)
    more, honest = affordable(who, suspicion, suspects.known, honest, budget)
    ring = np.where(flagged, group, -1)
    ring[who[more]] = to[more]
    return np.where(ring >= 0, -(2 + 3 * len(label) + ring), np.abs(label)), honest
