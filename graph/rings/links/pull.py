"""Pull: how strongly links draw suspects together, relative to how much each of them is linked to suspects at
all. A sparse ring in the open and a dense one in a dormitory hold together alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from graph.facts.tables import Column
from graph.model.moments import DAY
from graph.rings.applicants.everybody import Everybody, Rows, merged
from graph.rings.links.projection import ApplicantLinks
from graph.rings.links.rows import LinkRows

# mean pull per pair that suspects keep together
FINE = 0.005
# people of one crew begin about the same time; two crews that hide in one place do not
_APART = 90  # days between two first applications after which a link counts for half of what it did
_ALWAYS = 0.2  # of a link counts however long it was between
_SLACK = 0.3  # pull that an applicant must have before relative weights count in full
# Whoever is less suspicious is drawn to nobody: the pull of a link is below FINE then, even where it weighs
# 1, the other end is bad for sure, and neither is linked to anybody else. A little below it, for last bits.
DRAWN = float(np.sqrt(FINE * _SLACK)) * (1 - 1e-6)


@dataclass(frozen=True)
class SuspectLinks:
    """Links between `people` (N,), positions in ascending order, who are suspicious enough to be drawn
    together, by their places among these, and the `pull` (P,) of each link. Weights fall with the time
    between first applications, where that was asked for.
    """

    people: Column
    links: ApplicantLinks
    pull: Column


def suspect_links(
    rows: LinkRows, everybody: Everybody, also: tuple[str, ...] = ("since",)
) -> tuple[SuspectLinks, Column]:
    """By the `suspicion` of both ends, and, unless nothing is asked for `also`, by their first applications
    `since`; and the suspicion of the people (N,).
    """
    names = ("suspicion", *also)
    given = merged(everybody.answers(drawn_to_others, names))
    reach = merged(rows.by_person(reach_of, everybody, names, is_drawn))["reach"]
    people = given.pop("who").astype(np.int64)
    links = rows.among(people)
    a, b = (np.searchsorted(people, end).astype(np.int32) for end in (links.a, links.b))
    links = _weighed(replace(links, a=a, b=b), given)
    suspicion = given["suspicion"]
    return SuspectLinks(people, links, _relative(links, _pull(links, suspicion), reach)), suspicion


def is_drawn(rows: Rows) -> Column:
    """Who is suspicious enough to be drawn to others, bool."""
    return np.asarray(rows["suspicion"] >= DRAWN)


def drawn_to_others(rows: Rows, given: Rows) -> Rows:
    """Their columns, of those who are suspicious enough."""
    at = np.flatnonzero(is_drawn(rows))
    return {name: column[at] for name, column in rows.items()}


def reach_of(links: ApplicantLinks, people: Column, given: Mapping[str, Column]) -> Mapping[str, Column]:
    """How much each of `people` (N,) is linked to suspects, as a `graph.rings.links.rows.LookAround`."""
    links, suspicion = _weighed(links, given), given["suspicion"]
    return {"reach": _reach(links, _pull(links, suspicion), len(suspicion))[people]}


def relative_pull(links: ApplicantLinks, suspicion: Column) -> Column:
    """The pull of each of `links` (P,) where these are all that count."""
    pull = _pull(links, suspicion)
    return _relative(links, pull, _reach(links, pull, len(suspicion)))


def by_closeness(links: ApplicantLinks, since: Column) -> ApplicantLinks:
    """The links with weights that fall with the time between the first applications `since` (A,), int64
    microseconds, of both ends.
    """
    days = np.abs(since[links.a] - since[links.b]) / DAY
    return replace(links, weight=links.weight * (_ALWAYS + (1 - _ALWAYS) * np.exp(-days / _APART)))


def _weighed(links: ApplicantLinks, given: Mapping[str, Column]) -> ApplicantLinks:
    return by_closeness(links, given["since"]) if "since" in given else links


def _pull(links: ApplicantLinks, suspicion: Column) -> Column:
    return np.asarray(links.weight * (suspicion[links.a] * suspicion[links.b]) ** 2)


def _reach(links: ApplicantLinks, pull: Column, people: int) -> Column:
    one, other = (np.bincount(end, weights=pull, minlength=people) for end in (links.a, links.b))
    return np.asarray(one + other + _SLACK)


def _relative(links: ApplicantLinks, pull: Column, reach: Column) -> Column:
    return np.asarray(pull / np.sqrt(reach[links.a] * reach[links.b]))
