"""Evidence paths of multi-lending variables and of other applicant ids of the same person, in compiled
code.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from graph.facts.fraud_labels import NEVER
from graph.facts.tables import KINDS, Column
from graph.features.lending.keys import OWN, PERSON, counted, named
from graph.features.paths.path_buffer import APPLICATION, IDENTIFIER, PathBuffer, begin, step
from graph.features.paths.path_buffer import PERSON as PERSON_NODE
from graph.features.person import RESOLVING
from graph.features.workspace import Precomputed
from graph.frame.neighbourhood import NOBODY, UNDATED, Neighbourhood
from graph.kernels.compiled import inner

_RESOLVING = np.array([kind in RESOLVING for kind in KINDS])


@inner
def find_lending(n: Neighbourhood, r: Precomputed, t: PathBuffer, key: int) -> bool:
    """Over the key (its bit in `lending.keys.counted`) to the latest applicant counted, another one
    where there is one, since the first.

    For the person: over the applicant to the latest application counted. False where nothing is counted.
    """
    chosen, _ = named(n)
    under = counted(n, _selves(n, r), chosen)
    last, first = _latest(n, under, key), NEVER
    if last < 0:
        return False
    for row in range(len(under)):
        if under[row] & key:
            first = min(first, n.applications[row].at)
    application = n.applications[last]
    begin(n, t)
    if key == PERSON:
        common = common_to(n, application.person) if application.person > 0 else -1
        if common >= 0:
            step(t, IDENTIFIER, n.identifiers[common].id)
    else:
        _over_key(n, t, application, chosen, key)
    if t.about[0].steps > 1 or n.subject[0].asked or application.applicant != n.people[0].id:
        step(t, PERSON_NODE, application.applicant)
    if key == PERSON:
        step(t, APPLICATION, application.id)
    t.about[0].since = first
    return True


@inner
def to_other_self(n: Neighbourhood, r: Precomputed, t: PathBuffer) -> bool:
    """To another applicant id of the same person, over what both own; False where nothing they hold joins the
    two straight.
    """
    best, over = -1, -1
    for p in range(1, n.subject[0].people):
        if r.people[p].me and (best < 0 or n.people[p].name_rank < n.people[best].name_rank):
            common = common_to(n, p)
            if common >= 0:
                best, over = p, common
    if best < 0:
        return False
    begin(n, t)
    step(t, IDENTIFIER, n.identifiers[over].id)
    step(t, PERSON_NODE, n.people[best].id)
    one = n.identifiers[over]
    for i in range(one.tie, one.tie + one.ties):
        if n.ties[i].person == best:
            t.about[0].since = n.ties[i].since
    return True


@inner
def common_to(n: Neighbourhood, person: int) -> int:
    """The first identifier used for entity resolution that the subject and this person both own; -1 for
    none.
    """
    for row in range(n.subject[0].identifiers):
        one, owners = n.identifiers[row], 0
        if one.hub == 0 and _RESOLVING[one.kind]:
            for i in range(one.tie, one.tie + one.ties):
                owners += n.ties[i].role == OWN and (n.ties[i].person == 0 or n.ties[i].person == person)
            if owners == 2:
                return row
    return -1


@inner
def _selves(n: Neighbourhood, r: Precomputed) -> Column:
    out = np.zeros(n.subject[0].people, np.bool_)
    for p in range(len(out)):
        out[p] = r.people[p].me
    return out


@inner
def _latest(n: Neighbourhood, under: Column, key: int) -> int:
    """The latest application under a key, by somebody else where there is one; for the person whosever."""
    best, best_other, at = -1, False, UNDATED
    for row in range(len(under)):
        if under[row] & key:
            other = key != PERSON and n.applications[row].applicant != n.people[0].id
            if (
                best < 0
                or (other and not best_other)
                or (other == best_other and n.applications[row].at > at)
            ):
                best, best_other, at = row, other, n.applications[row].at
    return best


@inner
def _over_key(n: Neighbourhood, t: PathBuffer, application: Any, chosen: Column, key: int) -> None:
    """Over the identifier that an application names under the key."""
    for place in range(application.mention, application.mention + application.mentions):
        mention = n.mentions[place]
        if (
            mention.role == OWN
            and mention.identifier != NOBODY
            and chosen[mention.identifier]
            and key == 1 << mention.kind
        ):
            step(t, IDENTIFIER, mention.id)
            return
