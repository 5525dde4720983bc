"""Multi-lending variables that a request names, beyond those of every answer: one compiled pass over the
subject's neighbourhood, and one over its ring's applications where these are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from graph.facts.hubs import GUARD
from graph.facts.tables import Column
from graph.features.lending.counts import (
    CountingPlan,
    counting_plan,
    fill_counts,
    key_bit,
    segment_bit,
)
from graph.features.lending.grammar import PRODUCTS, RELATIONS, TYPES, WINDOWS, Variable, variable
from graph.features.lending.keys import RING, counted, named
from graph.features.lending.relations import fill_relations, relation_plan
from graph.features.lending.rhythm import fill_rhythm, rhythm_plan
from graph.features.read_neighbourhood import read_histories
from graph.features.subject_features import SubjectFeatures
from graph.features.workspace import DAY
from graph.frame.neighbourhood import LENDER_KNOWN, Neighbourhood
from graph.frame.node_names import NodeNames
from graph.kernels.by_address import address_of, by_address, taken
from graph.kernels.compiled import compiled
from graph.model.moments import micros
from graph.model.types import Identifier, Role, Tie
from graph.store.evidence import Subject
from graph.store.port import GraphView

MOST_MEMBERS = 1_000
"""Members of a ring at most; under a larger one nothing is counted, as under an identifier with too many
holders.
"""
_ROOM_OF_RING = 2  # beside the subject's surroundings, and beside those of an earlier scan
_PHONE = key_bit("phone")
_OF_WORD = {word: segment_bit(word) for word in (*TYPES.values(), *PRODUCTS)}
_NO_SELVES = np.zeros(0, np.bool_)
_MICROSECOND = timedelta(microseconds=1)
_CONTACT_OF = next(name for name, counts in RELATIONS.items() if counts is None)


class Requested(NamedTuple):
    """Variables by name, None where nothing is known under the key; and keys under which nothing was counted
    though there is something, with the reason.
    """

    variables: Mapping[str, float | None]
    left_out: Mapping[str, str]


NOTHING = Requested({}, {})


@by_address(counts=CountingPlan, rhythm=("i8", 2), relations=("i8", 2))
class RequestPlan(NamedTuple):
    """Which variables are wanted of one neighbourhood: counts, then rhythm, then relations, as
    `graph.features.lending.counts` and the like take them.
    """

    counts: CountingPlan
    rhythm: Column
    relations: Column


class _Plan(NamedTuple):
    """A request taken apart: what is counted about the subject, under its ring, and by whom its number is
    named as a contact's; the names in the order in which they are written.
    """

    own: RequestPlan
    own_names: tuple[str, ...]
    ring: RequestPlan
    ring_names: tuple[str, ...]
    contact_of: tuple[Variable, ...]


def compute_requested(
    view: GraphView, subject: Subject, features: SubjectFeatures, names: tuple[str, ...]
) -> Requested:
    """Those variables of a subject whose features were computed last on this thread, through the same view.

    Raises KeyError for a name that is not in the grammar, FrameUnreadableError and StoreUnavailableError.
    """
    if not names:
        return NOTHING
    wanted, n = _planned(names), features.n
    selves = features.precomputed.people["me"][: int(n.subject[0]["people"])] != 0
    chosen, row = np.zeros(int(n.subject[0]["identifiers"]), np.bool_), np.empty(len(wanted.own_names))
    by_words = _by_words(n, features.names)
    known = _fill(address_of(n), selves, by_words, address_of(wanted.own), chosen, row)
    values = dict(zip(wanted.own_names, _plain(row), strict=True))
    left_out: dict[str, str] = {}
    if wanted.ring_names:
        results, too_many = _of_ring(view, subject, features, wanted)
        values |= dict(zip(wanted.ring_names, results, strict=True))
        left_out = {"ring": "many_holders"} if too_many else {}
    if wanted.contact_of:
        phones = [features.names.identifier(number) for number in _ids(n, chosen, _PHONE)]
        people = {features.names.person(number) for number in n.people["id"][: len(selves)][selves].tolist()}
        ties = _contact_ties(view, phones, people)
        for one in wanted.contact_of:
            values[one.name] = _contact_of(one, ties, micros(view.as_of), known & _PHONE != 0)
    return Requested({name: values[name] for name in names}, left_out)


@compiled
def _fill(room: int, selves: Column, by_words: Column, plan: int, chosen: Column, row: Column) -> int:
    """Write the variables of a RequestPlan at an address of a Neighbourhood into `row` (V,) float64, and into
    `chosen` (I,) bool which identifiers are the subject's keys; under which keys anything is known, as bits.

    `selves` (P,) bool are the people who are the subject; of nobody (P = 0) all applications but the one in
    question are the ring's. `by_words` as in `_by_words`.
    """
    n, wanted = taken(room, Neighbourhood), taken(plan, RequestPlan)
    if len(selves):
        keys, _ = named(n)
        chosen[:] = keys
        under = counted(n, selves, keys)
        for place in range(len(keys)):
            chosen[place] = keys[place] and n.identifiers[place].hub == 0
    else:
        under = np.full(n.subject[0].applications, RING, np.int32)
        if n.subject[0].asked:
            under[0] = 0
    counts, rhythm = len(wanted.counts.columns), len(wanted.rhythm)
    known = fill_counts(wanted.counts, n, under, by_words, row[:counts])
    fill_rhythm(wanted.rhythm, n, under, row[counts : counts + rhythm])
    fill_relations(wanted.relations, n, under, row[counts + rhythm :])
    return known


@lru_cache(maxsize=64)
def _planned(names: tuple[str, ...]) -> _Plan:
    """A request taken apart; callers mostly name the same variables time and again."""
    wanted = [variable(name) for name in names]
    contact_of = tuple(one for one in wanted if one.key == _CONTACT_OF)
    rest = [one for one in wanted if one.key != _CONTACT_OF]
    own, own_names = _request_plan([one for one in rest if one.key != "ring"])
    ring, ring_names = _request_plan([one for one in rest if one.key == "ring"])
    return _Plan(own, own_names, ring, ring_names, contact_of)


def _request_plan(wanted: Sequence[Variable]) -> tuple[RequestPlan, tuple[str, ...]]:
    """The plan of those variables, and their names in its order."""
    counts = [one for one in wanted if one.family == "count"]
    rhythm = sorted((one for one in wanted if one.family in ("rhythm", "windowless")), key=_by_key)
    relations = sorted((one for one in wanted if one.family in ("relation", "change")), key=_by_key)
    made = RequestPlan(counting_plan(counts), rhythm_plan(rhythm), relation_plan(relations))
    return made, tuple(one.name for one in (*counts, *rhythm, *relations))


def _by_key(one: Variable) -> str:
    return one.key


def _by_words(n: Neighbourhood, names: NodeNames) -> Column:
    """The segments of each application that words tell: type of lender and product, (N,) int32 bits."""
    applications = n.applications[: int(n.subject[0]["applications"])]
    known = (applications["lender"] & LENDER_KNOWN) != 0
    bits = _bits_of(
        np.where(known, applications["platform"], -1), lambda lender: TYPES[names.lender_type(lender)]
    )
    return bits | _bits_of(applications["product"], lambda word: names.word(word).strip().lower())


def _bits_of(numbers: Column, segment_of: Callable[[int], str]) -> Column:
    """The bit of each number's segment (N,) int32, 0 for what is not known and for a word that is no
    segment; each word is looked up once.
    """
    different, place = np.unique(numbers, return_inverse=True)
    words = [segment_of(number) if number >= 0 else "" for number in different.tolist()]
    return np.array([_OF_WORD.get(word, 0) for word in words], np.int32)[place]


def _of_ring(
    view: GraphView, subject: Subject, features: SubjectFeatures, wanted: _Plan
) -> tuple[list[float | None], bool]:
    """The variables under the ring, all None for who is in none; and whether it has too many members."""
    place = int(features.precomputed.whole[0]["ring"])
    ring = view.ring(features.names.ring(int(features.n.rings[place]["id"]))) if place >= 0 else None
    if ring is None or len(ring.members) > MOST_MEMBERS:
        return [None] * len(wanted.ring_names), ring is not None
    members = [one.applicant_id for one in ring.members]
    n, names = read_histories(view, subject, members, _ROOM_OF_RING)
    row, by_words = np.empty(len(wanted.ring_names)), _by_words(n, names)
    _fill(address_of(n), _NO_SELVES, by_words, address_of(wanted.ring), np.zeros(0, np.bool_), row)
    return _plain(row), False


def _ids(n: Neighbourhood, chosen: Column, key: int) -> Iterator[int]:
    """The numbers of the identifiers chosen under a key."""
    for one in n.identifiers[: len(chosen)][chosen]:
        if 1 << int(one["kind"]) == key:
            yield int(one["id"])


def _contact_ties(view: GraphView, phones: Sequence[Identifier], people: set[str]) -> list[Tie]:
    """The ties of others who name one of these numbers as a contact's."""
    held = view.holders_of(phones, max(GUARD.values())).values() if phones else ()
    return [
        tie
        for holders in held
        for tie in holders.ties
        if tie.role is Role.CONTACT and tie.applicant_id not in people
    ]


def _contact_of(one: Variable, ties: Sequence[Tie], as_of: int, known: bool) -> float | None:
    """How many others named the number in the window, or days since the latest of them first did."""
    if one.family == "change":
        first: dict[str, int] = {}
        for tie in ties:
            first[tie.applicant_id] = min(micros(tie.since), first.get(tie.applicant_id, as_of))
        return float((as_of - max(first.values())) // DAY) if first else None
    if not ties and not known:
        return None
    since = as_of - WINDOWS[one.window] // _MICROSECOND
    return float(len({tie.applicant_id for tie in ties if micros(tie.last) >= since}))


def _plain(values: Column) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]
