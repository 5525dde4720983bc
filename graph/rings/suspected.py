"""How suspicious everybody is: by features alone, then the most suspicious once more, closely."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from graph.facts.tables import Column
from graph.model.errors import FrameFullError
from graph.rings.applicants.labelled import LabelledApplicants
from graph.rings.groups.suspects import among_suspects, regrouped
from graph.rings.links.pull import SuspectLinks, suspect_links
from graph.rings.projected import Projected
from graph.rings.suspicion.columns import Features
from graph.rings.suspicion.learned import Examples, fold_judges, learned_rows, member_examples
from graph.rings.suspicion.people import SuspectSignals
from graph.rings.suspicion.pretrained_prior import beside_experience, prior_suspicion
from graph.rings.suspicion.rows import ContextRows
from graph.rings.suspicion.scores import rescaled
from graph.rings.suspicion.suspect_features import suspects_nearby

log = logging.getLogger("ringfence.rings")

_CLOSELY = 0.1  # of all applicants, the most suspicious at first sight, are looked at closely
_CLOSELY_AT_LEAST = 500  # people
_UNSEEN_BELOW = 0.2  # of those, in order, are as suspicious as anybody else can be


def suspected(projected: Projected, labelled: LabelledApplicants, closely: SuspectSignals | None) -> Column:
    """How suspicious everybody is (A,): what other stores taught, until this one does. Then two looks: by
    features alone, and closely at the most suspicious, also by how they hang together with those whom the
    first look found; both out of fold, beside what other stores taught while this one's frauds are few.
    """
    links, coarse, context = projected.links, projected.coarse, projected.context()
    if not labelled.has_enough_labels:
        return prior_suspicion(context)
    examples = member_examples(labelled, coarse)
    learn, weight = learned_rows(examples)
    judges = fold_judges(context.of(learn).values, examples.of(learn), weight)
    one = context.chance(judges, examples.fold)
    raised = rescaled(one, labelled)
    groups = _groups(suspect_links(links, raised), raised, coarse)
    some = np.sort(np.argsort(-one, kind="stable")[: max(int(_CLOSELY * len(one)), _CLOSELY_AT_LEAST)])
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


def _groups(suspects: SuspectLinks, suspicion: Column, coarse: Column) -> Column:
    """A number for the group of everybody (A,) by the first look."""
    people = suspects.people
    first = np.unique(coarse[people], return_inverse=True)[1]
    return regrouped(coarse, people, among_suspects(suspects, suspicion[people], first))


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
