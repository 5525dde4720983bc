"""Measures of all groups at once: links by kind, times, money, hubs, and the strength of each member's
links.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from graph.facts.loans import ENDED, loan_histories
from graph.facts.tables import Column, Tables
from graph.model.moments import DAY
from graph.rings.active import last_active
from graph.rings.columns import Features, most
from graph.rings.communities import components
from graph.rings.kinds import Traits
from graph.rings.projection import LINK_KINDS, ApplicantLinks
from graph.rings.search import MEASURED, RingSearch
from graph.rings.shared_items import NEVER, SharedItems, shared_items

AT_ONCE = 500_000  # people whose links are looked at at once: some 250 MB


@dataclass(frozen=True)
class Measures:
    """By group (G,): size, links and things (G, K), inner links, first, last (int64), burst (days), exposure
    (CNY), hubs, platforms, confirmed, suspected, soon, same_agent, same_merchant, suspicion, emulators,
    refused, face; by applicant (A,): strength, partners, best_partner, joined (int64). `first` is when the
    group's first tie was made, `joined` when each member's was, and never before.
    """

    flagged: Column
    size: Column
    links: Column
    things: Column
    inner: Column
    first: Column
    last: Column
    burst: Column
    exposure: Column
    hubs: Column
    platforms: Column
    confirmed: Column
    suspected: Column
    soon: Column
    same_agent: Column
    same_merchant: Column
    suspicion: Column
    emulators: Column
    refused: Column
    face: Column
    strength: Column
    partners: Column
    best_partner: Column
    joined: Column
    improbable: list[tuple[str, ...]]

    def traits(self, group: int) -> Traits:
        """What kind and reasons are decided by."""
        size = int(self.size[group])
        return Traits(
            flagged=bool(self.flagged[group]),
            size=size,
            links={name: int(n) for name, n in zip(LINK_KINDS, self.links[group].tolist())},
            same_agent=float(self.same_agent[group]),
            same_merchant=float(self.same_merchant[group]),
            soon=float(self.soon[group]),
            density=float(self.inner[group]) / max(size * (size - 1) / 2, 1),
            confirmed=int(self.confirmed[group]),
            suspicion=float(self.suspicion[group]),
            emulators=float(self.emulators[group]),
            refused=float(self.refused[group]),
            weak_face=bool(self.face[group] < 0.7),
            improbable=self.improbable[group] if self.flagged[group] else (),
        )


def measure(search: RingSearch) -> Measures:
    """All groups of `search`."""
    group, labelled = search.group, search.known
    size = np.bincount(group)
    mean = _means(group, search.own)
    inside, things = _inside(search, size)
    return Measures(
        flagged=search.flagged,
        size=size,
        **inside,
        things=things.counts,
        **_times(group, labelled.since, size),
        **_tied_in(things, group, labelled.since, len(size)),
        last=most(last_active(search.tables), group, len(size)),
        **_members(search, size),
        exposure=np.bincount(group, weights=open_amount(search.tables), minlength=len(size)),
        confirmed=np.bincount(group, weights=labelled.fraud, minlength=len(size)),
        suspected=np.bincount(
            group, weights=(search.suspicion >= 0.5) & ~labelled.fraud, minlength=len(size)
        ),
        suspicion=np.bincount(group, weights=search.suspicion, minlength=len(size)) / size,
        emulators=mean["is_emulator"],
        refused=mean["refused"],
        face=mean["face"],
        improbable=search.unusual.reasons(group, len(size)),
    )


def open_amount(tables: Tables) -> Column:
    """CNY disbursed to each applicant and neither paid back nor written off (A,)."""
    became = loan_histories(tables)
    amount = np.where(became.ever(*ENDED), 0.0, became.paid_out)
    return np.bincount(tables.applications["applicant"], weights=amount, minlength=len(tables.applicant_ids))


def _means(group: Column, own: Features) -> dict[str, Column]:
    out = {}
    for name in MEASURED:
        value = own.column(name)
        present = ~np.isnan(value)
        count = np.bincount(group[present], minlength=int(group.max(initial=-1)) + 1)
        total = np.bincount(group[present], weights=value[present], minlength=len(count))
        out[name] = np.where(count > 0, total / np.maximum(count, 1), 1.0 if name == "face" else 0.0)
    return out


def _inside(search: RingSearch, size: Column) -> tuple[dict[str, Column], SharedItems]:
    """What groups of three or more share: links by kind and hubs of each, the pull, the partners and the pull
    of the strongest partner of each member; and the things.
    """
    group, groups, people = search.group, len(size), len(search.group)
    out: dict[str, Column] = {
        "links": np.zeros((groups, len(LINK_KINDS)), np.int32),
        "inner": np.zeros(groups, np.int64),
        "hubs": np.zeros(groups, np.int64),
        "strength": np.zeros(people),
        "partners": np.zeros(people, np.int64),
        "best_partner": np.zeros(people),
    }
    things = SharedItems(np.zeros_like(out["links"]), np.full(people, NEVER), np.full(people, NEVER))
    for some in _of_whole_groups(group, size):
        _add_links(out, search.links.among(some), group, some)
        sharing = search.sharing.of(some)
        hub = sharing.hub[sharing.value_of_row] > 0
        out["hubs"] += _distinct(group[sharing.who[hub]], sharing.value_of_row[hub], groups)[0]
        here = np.full(people, -1)
        here[some] = group[some]
        found = shared_items(search.tables, sharing, here)
        things.counts[: len(found.counts)] += found.counts
        things.tied[some], things.hard[some] = found.tied[some], found.hard[some]
    return out, things


def _add_links(out: dict[str, Column], links: ApplicantLinks, group: Column, some: Column) -> None:
    """Adds what the links inside groups of `some` people, all of these groups, come to."""
    links = links.of(group[links.a] == group[links.b])
    for k in range(len(LINK_KINDS)):
        out["links"][:, k] += np.bincount(group[links.a[links.shared[:, k] > 0]], minlength=len(out["inner"]))
    out["inner"] += np.bincount(group[links.a], minlength=len(out["inner"]))
    a, b = (np.searchsorted(some, end) for end in (links.a, links.b))
    one, other = (np.bincount(end, weights=links.weight, minlength=len(some)) for end in (a, b))
    pull = one + other
    out["strength"][some] = pull
    out["best_partner"][some] = np.maximum(most(pull[b], a, len(some)), most(pull[a], b, len(some)))
    out["partners"][some] = np.bincount(np.r_[a, b], minlength=len(some))


def _of_whole_groups(group: Column, size: Column) -> Iterator[Column]:
    """The people of whole groups of three or more, ascending, some AT_ONCE after the other."""
    large = size >= 3
    batch = np.cumsum(np.where(large, size, 0)) // AT_ONCE
    of = np.where(large, batch, -1)[group]
    for number in range(int(of.max(initial=-1)) + 1):
        yield np.flatnonzero(of == number)


def largest_component(search: RingSearch) -> int:
    """How many people the links inside one group hold together, at most."""
    size, found = np.bincount(search.group), min(1, len(search.group))
    for number in np.argsort(-size, kind="stable").tolist():
        if size[number] <= found:
            break
        some = np.flatnonzero(search.group == number)
        links = search.links.among(some)
        a, b = (np.searchsorted(some, end) for end in (links.a, links.b))
        found = max(found, int(np.bincount(components(len(some), a, b)).max()))
    return found


def _times(group: Column, since: Column, size: Column) -> dict[str, Column]:
    """Days between the first and the last decile of arrivals, and the share that came within 14 days of the
    median.
    """
    order = np.lexsort((since, group))
    end = np.cumsum(size)
    start = end - size
    ordered = since[order]
    low, high, middle = (start + ((size - 1) * share).astype(np.int64) for share in (0.1, 0.9, 0.5))
    near = np.abs(since - ordered[middle][group]) <= 14 * DAY
    soon = np.bincount(group, weights=near) / size
    return {"burst": (ordered[high] - ordered[low]) / DAY, "soon": soon}


def _tied_in(things: SharedItems, group: Column, since: Column, groups: int) -> dict[str, Column]:
    """When the first tie of each group was made, and each member's; ties beyond a place, a shop or an agent
    count where there are any.
    """
    first = _earliest(things.hard, group, groups)
    for other in (things.tied, since):
        first = np.where(first < NEVER, first, _earliest(other, group, groups))
    joined = np.where(things.hard < NEVER, things.hard, np.where(things.tied < NEVER, things.tied, since))
    return {"first": first, "joined": np.maximum(joined, first[group])}


def _earliest(at: Column, group: Column, groups: int) -> Column:
    out = np.full(groups, NEVER)
    np.minimum.at(out, group, at)
    return out


def _members(search: RingSearch, size: Column) -> dict[str, Column]:
    """Lenders, agents and merchants of each group."""
    applications, group = search.tables.applications, search.group
    return {
        "platforms": _distinct(group[applications["applicant"]], applications["platform"], len(size))[0],
        "same_agent": _most_common(group, applications, "agent", size),
        "same_merchant": _most_common(group, applications, "merchant", size),
    }


def _distinct(group: Column, what: Column, groups: int) -> tuple[Column, Column]:
    """Different things by group (G,), and the most rows any one thing has (G,); `what` < 0 is nothing."""
    at = what >= 0
    width = int(what.max(initial=0)) + 1
    key, rows = np.unique(group[at].astype(np.int64) * width + what[at], return_counts=True)
    return np.bincount(key // width, minlength=groups), most(rows, key // width, groups)


def _most_common(group: Column, created: dict[str, Column], column: str, size: Column) -> Column:
    """The largest share of a group's members that came through one agent or merchant."""
    width = int(created[column].max(initial=0)) + 1
    once = np.unique(
        created["applicant"][created[column] >= 0].astype(np.int64) * width
        + created[column][created[column] >= 0]
    )
    return _distinct(group[once // width], once % width, len(size))[1] / size
