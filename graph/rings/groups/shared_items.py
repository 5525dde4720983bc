"""Items shared within a group, counted as items and not as pairs, by kind, with each member's first tie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from graph.facts.tables import KINDS, ROLES, Column
from graph.model.types import IdentifierKind, Role
from graph.rings.links.projection import (
    COMMON_CONTACT,
    EMPLOYER_PHONE,
    KNOWN_CONTACT,
    LINK_KINDS,
    REFERRAL,
    SOFT,
    TRANSFER,
)
from graph.rings.sharing.incidence import Incidence

_PHONE = KINDS.index(IdentifierKind.PHONE)
_IS_SOFT = np.array([name in SOFT for name in LINK_KINDS])
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class SharedItems:
    """`counts` (G, K): things by LINK_KINDS that two or more members of a group hold: one card of six people
    is one, one transfer's pair is one.

    `tied` and `hard` (A,) int64: when each person first held a thing together with another of their group,
    anything at all and more than a place, a shop or an agent; NEVER where they do not.
    """

    counts: Column
    tied: Column
    hard: Column


def shared_items(
    events: Mapping[str, Column], sharing: Incidence, group: Column, guard: Column | None = None
) -> SharedItems:
    """The things within each group. `events` are those of the tables. `group` (A,) int, below zero: of no
    interest. `guard` (kinds of values,): most holders a thing may have anywhere, or it is a place and left
    out.
    """
    groups = int(group.max(initial=-1)) + 1
    held = _held(sharing, group, guard)
    parts = (*_kinds_of_held(held, sharing), *_direct(events, group))
    counts = np.zeros((groups, len(LINK_KINDS)), np.int64)
    tied, hard = (np.full(len(group), NEVER) for _ in range(2))
    for kind, owners, (people, since) in parts:
        counts[:, kind] += np.bincount(owners, minlength=groups)
        np.minimum.at(tied, people, since)
        if not _IS_SOFT[kind]:
            np.minimum.at(hard, people, since)
    return SharedItems(counts, tied, hard)


@dataclass(frozen=True)
class _Held:
    """Rows of values that two or more of a group hold, by (group, value, since): `thing` numbers the pairs of
    group and value.
    """

    thing: Column
    who: Column
    role: Column
    since: Column
    kind: Column
    group: Column


def _held(sharing: Incidence, group: Column, guard: Column | None) -> _Held:
    value = sharing.value_of_row
    links = sharing.hub == 0
    if guard is not None:
        links = links & (sharing.holders <= guard[sharing.kind])
    at = links[value] & (group[sharing.who] >= 0)
    key = group[sharing.who[at]].astype(np.int64) * max(len(sharing.kind), 1) + value[at]
    order = np.lexsort((sharing.who[at], sharing.since[at], key))
    _, thing, count = np.unique(key[order], return_inverse=True, return_counts=True)
    shared = count[thing] >= 2
    rows = np.flatnonzero(at)[order][shared]
    _, thing = np.unique(thing[shared], return_inverse=True)
    who = sharing.who[rows]
    return _Held(thing, who, sharing.role[rows], sharing.since[rows], sharing.kind[value[rows]], group[who])


def _kinds_of_held(held: _Held, sharing: Incidence) -> list[tuple[int, Column, tuple[Column, Column]]]:
    """For each kind of link: the group of each thing of that kind, and who was tied by one when (rows)."""
    if not len(held.thing):
        return []
    first = np.flatnonzero(np.r_[True, held.thing[1:] != held.thing[:-1]])
    # the first one is tied in when the second comes
    since = np.maximum(held.since, held.since[first + 1][held.thing])
    counts = {role: np.bincount(held.thing, weights=held.role == ROLES.index(role)) for role in Role}
    own, contact, employer = counts[Role.OWN], counts[Role.CONTACT], counts[Role.EMPLOYER]
    phone = held.kind[first] == _PHONE
    kinds = {kind: held.kind[first] == kind for kind in np.unique(held.kind).tolist() if kind != _PHONE}
    kinds |= {
        _PHONE: phone & (own >= 2),
        KNOWN_CONTACT: phone & (own >= 1) & (contact >= 1),
        COMMON_CONTACT: phone & (contact >= 2),
        EMPLOYER_PHONE: phone & (employer >= 1),
    }
    out = []
    for kind, of_kind in kinds.items():
        rows = of_kind[held.thing]
        out.append((kind, held.group[first][of_kind], (held.who[rows], since[rows])))
    return out


def _direct(events: Mapping[str, Column], group: Column) -> list[tuple[int, Column, tuple[Column, Column]]]:
    """The same for what goes from one member to another: each pair is one thing."""
    a, b = events["applicant"], events["counterparty"]
    inside = (b >= 0) & (a != b) & (group[a] >= 0) & (group[a] == group[b])
    out = []
    for kind in (TRANSFER, REFERRAL):
        at = inside & ((events["kind"] == "referral") == (kind == REFERRAL))
        pairs = np.unique(np.stack([np.minimum(a[at], b[at]), np.maximum(a[at], b[at])]), axis=1)
        out.append((kind, group[pairs[0]], (np.r_[a[at], b[at]], np.r_[events["at"][at], events["at"][at]])))
    return out
