"""The workspace of features: arrays that are allocated once and reused for one subject after the other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from graph.facts.hubs import REASONS
from graph.facts.tables import KINDS, ROLES, Column
from graph.facts.ties import COHERENT, STRONG, WORTH, way_of_number
from graph.facts.ties import WAY_OF_KIND as WAY_BY_KIND
from graph.features.kinds_in_role import BAD, KINDS_IN_ROLE
from graph.features.sums import PARTS
from graph.frame.neighbourhood import Neighbourhood
from graph.kernels.by_address import by_address
from graph.model.types import IdentifierKind, Role

SHOP_DEVICE = len(REASONS)  # code of a hub in HELD, beside those of `graph.facts.hubs.REASONS`
DAY = 86_400_000_000  # microseconds
MONTH = 30 * DAY

NATIONAL_ID, PHONE, DEVICE, BANK_CARD, EMAIL, IP, WIFI, ADDRESS, EMPLOYED_BY = map(
    KINDS.index, IdentifierKind
)
OWN, CONTACT, EMPLOYER = map(ROLES.index, (Role.OWN, Role.CONTACT, Role.EMPLOYER))

# The ways in which two people can be tied: places in WAYS, and as bits in `BOND.groups`.
WAYS = tuple(WORTH)
WORTHS = np.array([WORTH[way] for way in WAYS])
PLACE_ONLY = WAYS.index("crowd")


def ways(names: Collection[str]) -> int:
    """Those ways as bits."""
    return sum(1 << WAYS.index(name) for name in names)


STRONG_WAYS, COHERENT_WAYS, PLACE_WAYS, ALL_WAYS = ways(STRONG), ways(COHERENT), ways(["place"]), ways(WAYS)
WAY_OF_KIND = np.array(
    [WAYS.index(WAY_BY_KIND[kind]) if kind in WAY_BY_KIND else -1 for kind in KINDS], np.int8
)
WAY_OF_PHONE = np.array(
    [[WAYS.index(way_of_number(mine, theirs)) for theirs in ROLES] for mine in ROLES], np.int8
)

WHOLE = np.dtype(
    [
        ("selves", "i4"), ("own", "i4"), ("held", "i4"), ("others", "i4"), ("bonds", "i4"), ("strong", "i4"),
        ("group", "i4"), ("ring", "i4"), ("mark", "i4"),
    ],
    align=True,
)  # fmt: skip
PAST = np.dtype(
    [
        ("first", "i8"), ("latest", "i8"), ("face_match", "f8"), ("rejected", "i4"), ("decided", "i4"),
        ("city", "i4"), ("lenders", "i4"), ("alike", "i4"), ("bond", "i4"), ("mark", "i4"), ("times", "i4"),
        ("counted", "u4"), ("me", "i1"), ("identified", "i1"), ("bad", "i1"), ("good", "i1"), ("late", "i1"),
        ("defaulted", "i1"), ("came_too", "i1"), ("strong", "i1"), ("coherent", "i1"), ("grouped", "i1"),
    ],
    align=True,
)  # fmt: skip
HELD = np.dtype(
    [
        ("since", "i8"), ("last", "i8"), ("identifier", "i4"), ("holders", "i4"), ("other", "i4"),
        ("others", "i4"), ("kind", "i1"), ("role", "i1"), ("hub", "i1"), ("now", "i1"),
    ],
    align=True,
)  # fmt: skip
OTHERS = np.dtype(
    [("since", "i8"), ("last", "i8"), ("apart", "i8"), ("person", "i4"), ("way", "i1")], align=True
)
BOND = np.dtype(
    [
        ("weight", "f8"),
        ("since", "i8"),
        ("person", "i4"),
        ("ways", "i4"),
        ("rank", "i4"),
        ("strong", "i1"),
        ("fresh", "i1"),
    ],
    align=True,
)
TALLY = np.dtype(
    [
        ("newest", "i8"), ("newest_now", "i8"), ("handed_over", "i8"), ("held", "i4"), ("now", "i4"),
        ("linking", "i4"), ("new", "i4"), ("new_now", "i4"), ("named_before", "i4"), ("holders", "i4"),
        ("holders_now", "i4"), ("newcomers", "i4"), ("newcomers_now", "i4"), ("users", "i4"),
        ("one_day", "i4"), ("companions", "i4"),
    ],
    align=True,
)  # fmt: skip
PLACE = np.dtype(
    [
        ("oldest", "i8"), ("made", "i4"), ("week", "i4"), ("three_days", "i4"), ("month", "i4"),
        ("customers", "i4"), ("bad", "i4"), ("decided", "i4"), ("rejected", "i4"), ("entangled", "i4"),
        ("priced", "i4"), ("alike", "i4"), ("named", "i1"),
    ],
    align=True,
)  # fmt: skip
CONDUCT = np.dtype(
    [
        ("first_heard", "i8"), ("highest", "f8"), ("moved_on", "f8"),
        ("week", "i4"), ("quarter", "i4"), ("nights", "i4"), ("late", "i4"), ("closed", "i4"),
        ("matters", "i4"), ("month", "i4"), ("payments", "i4"), ("changes", "i4"), ("payers", "i4"),
        ("collected", "i4"), ("judged", "i1"), ("tampered", "i1"), ("unverified", "i1"),
    ],
    align=True,
)  # fmt: skip


# Whom features of sharing count, once each: holders of these things, tied in these ways, of whom this is so.
COUNTED: Mapping[str, tuple[tuple[str, ...], int, str]] = {
    "device_shared_others": (("device",), ALL_WAYS, "any"),
    "device_shared_strangers": (("device",), ALL_WAYS, "stranger"),
    "device_shared_7d": (("device",), ALL_WAYS, "near"), "card_shared_others": (("card",), ALL_WAYS, "any"),
    "email_shared_others": (("email",), ALL_WAYS, "any"),
    "phone_shared_others": (("phone",), ways(["phone"]), "any"),
    "phone_named_by": (("phone",), ways(["names"]), "any"),
    "phone_named_by_30d": (("phone",), ways(["names"]), "new"),
    "phone_roles_mixed": (("phone", "contact", "employer_phone"), ways(["poses"]), "any"),
    "contact_shared_others": (("contact",), ways(["contact"]), "any"),
    "contact_shared_strangers": (("contact",), ways(["contact"]), "stranger"),
    "contact_shared_30d": (("contact",), ways(["contact"]), "new"),
    "contact_applicants": (("contact",), ways(["names"]), "any"),
    **{f"{name}_bad": ((name,), ALL_WAYS, "bad") for name in BAD},
}  # fmt: skip


@by_address(
    whole=WHOLE, people=PAST, held=HELD, others=OTHERS, bonds=BOND, own="i4", tied=("u1", 2), shop="i1",
    now="i1", joined=("i4", 2), common=("u1", 2), best=("f8", 2), parts="f8", places=PLACE, conduct=CONDUCT,
    tally=TALLY, counted="i4",
)  # fmt: skip
class Precomputed(NamedTuple):
    """Intermediate results of all features, computed once by `graph.features.precompute.precompute`; moments
    are microseconds, rows those of the
    neighbourhood.

    whole   (1,)  how many rows are in use; `selves` applicant ids of the subject; `ring` its row in `rings`
            or NOBODY.
    people  (P,)  by person of the subgraph. `me`: an applicant id of the subject itself. Of the others,
                  nothing of the subject: moments of the `first` and the `latest` application (UNDATED: none),
                  how many were `decided` and `rejected`, in 30 days the `lenders` asked and applications
                  `alike` the one in question; the latest `city` (NOBODY) and `face_match` (NaN) that are
                  known; `came_too`: ever to the same shop or agent; `bad` and `good` what the labels come to,
                  `late` or `defaulted` ever; `bond` row or NOBODY, `strong`: by something strong, `coherent`:
                  shares a place, a crowd or a work; `grouped`: can be reached over strong identifiers.
                  `mark`, `times` and `counted` are for counting.
    held    (H,)  the subject's identifiers; `since` UNDATED where only the application in question names it,
                  `now`: it does. `hub` a code of `graph.facts.hubs.REASONS` or SHOP_DEVICE.
    others  (O,)  the ties of others to them, a run a held one; `apart`: between the two spans of use, 0 where
            they overlap.
    bonds   (B,)  all that ties the subject to one other person, the heaviest first; `ways` bits of WAYS.
    own     (N,)  rows of the person's own earlier applications, newest first.
    tied    (P, P) who is strongly tied to whom, all applicant ids of the subject together in row 0.
    shop    (I,)  which identifiers are a shop's own devices.
    places  (2,)  the latest applications of other people at the shop and through the agent, where the
                  application in question has `named` them (`signals.merchant` writes it): how many
                  were `made`, the moment of the `oldest`, how many in a `week` and in `three_days`, `decided`
                  and `rejected`; how many `customers`, how many of them `bad`; of the last 30 days how many
                  customers (`month`), how many of them name what another one names (`entangled`), how many
                  applications tell an amount (`priced`), nearly this one (`alike`).
    conduct (1,)  what the person did (`conduct` writes it): `first_heard` of; of their earlier
                  applications the `highest` amount, how many in a `week` and in 97 days (`quarter`), at night
                  (the one in question too), ever `late`, `closed`, and the largest share of a payout that was
                  `moved_on`; whether anything was `judged`, and how many `matters` are held for fraud; events
                  of a `month`, `payments`, `changes` of 30 days; `payers`; `collected`: how many others deal
                  with somebody whom the subject pays. NaN, UNDATED and -1 where nothing is known.
    tally   (THINGS,)  of what is held of each thing: how many are `held`, named `now`, say something
                  (`linking`), are `new` within 30 days and `new_now`: first named now, `named_before`; the
                  `newest` (UNDATED: none); the most `holders` but the subject (-1: none) and `newcomers` of
                  30 days (-1: none says anything); the least time in which one was `handed_over` (NEVER); of
                  other `users` those of `one_day`, and `companions` on several. `_now`: of what the
                  application in question names.
    counted (COUNTED,)  how many people each of COUNTED counts.
    The others hold nothing that outlives a call.
    """

    whole: Column
    people: Column
    held: Column
    others: Column
    bonds: Column
    own: Column
    tied: Column
    shop: Column
    now: Column
    joined: Column
    common: Column
    best: Column
    parts: Column
    places: Column
    conduct: Column
    tally: Column
    counted: Column


def workspace_for(n: Neighbourhood) -> Precomputed:
    """Room for whatever fits the arrays of `n`."""
    people, identifiers, ties, applications = (
        max(1, len(array)) for array in (n.people, n.identifiers, n.ties, n.applications)
    )
    sizes: Mapping[str, tuple[object, object]] = {
        "whole": (1, WHOLE), "people": (people, PAST), "held": (identifiers, HELD), "others": (ties, OTHERS),
        "bonds": (people, BOND), "own": (applications, "i4"), "tied": ((people, people), "u1"),
        "shop": (identifiers, "i1"), "now": (identifiers, "i1"), "joined": ((2, people), "i4"),
        "common": ((people, people), "u1"), "best": ((people, len(WAYS)), "f8"), "parts": (PARTS, "f8"),
        "places": (2, PLACE), "conduct": (1, CONDUCT), "tally": (len(KINDS_IN_ROLE), TALLY),
        "counted": (len(COUNTED), "i4"),
    }  # fmt: skip
    return Precomputed(**{name: np.zeros(shape, kind) for name, (shape, kind) in sizes.items()})
