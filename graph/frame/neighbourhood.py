"""The neighbourhood of one subject at one moment as flat arrays: the input of features, network and
policy.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graph.facts.tables import Column
from graph.frame.columns.layout import Rows
from graph.kernels.by_address import by_address

UNDATED = np.int64(np.iinfo(np.int64).min)  # microseconds: a moment that nothing tells
NOBODY = np.int32(-1)  # no person, identifier, word or row
UNKNOWN_WORD = np.int32(-2)  # a word that no fact before the revision holds: equal to no other

# Event kinds that mean something; every other kind is OTHER.
EVENT_KINDS = ("transfer", "withdrawal", "repayment", "payment", "profile_change", "referral")
OTHER = np.int8(len(EVENT_KINDS))

# What lenders are, as bits of `APPLICATION.lender`; 0 is a lender of whom nothing is known.
LENDER_KNOWN, LENDER_BANK, LENDER_OWN = 1, 2, 4

# `SUBJECT.merchant_opened_at` and every other moment is in microseconds since 1970 UTC.
SUBJECT = np.dtype(
    [
        ("as_of", "i8"), ("merchant_opened_at", "i8"), ("merchant_city", "i4"),
        ("people", "i4"), ("outsiders", "i4"), ("identifiers", "i4"), ("ties", "i4"), ("dealings", "i4"),
        ("rings", "i4"), ("applications", "i4"), ("mentions", "i4"), ("outcomes", "i4"), ("labels", "i4"),
        ("events", "i4"), ("received", "i4"), ("at_merchant", "i4"), ("at_merchant_n", "i4"),
        ("at_agent", "i4"), ("at_agent_n", "i4"), ("elsewhere", "i4"), ("elsewhere_n", "i4"),
        ("hubs_ignored", "i4"), ("asked", "i1"), ("truncated", "i1"), ("merchant_known", "i1"),
    ],
    align=True,
)  # fmt: skip
PERSON = np.dtype(
    [
        ("id", "i4"), ("name_rank", "i4"), ("step", "i4"), ("application", "i4"), ("applications", "i4"),
        ("label", "i4"), ("labels", "i4"), ("tie", "i4"), ("ties", "i4"), ("ring", "i4"), ("core", "i1"),
    ],
    align=True,
)  # fmt: skip
IDENTIFIER = np.dtype(
    [
        ("id", "i4"), ("holders", "i4"), ("tie", "i4"), ("ties", "i4"), ("kind", "i1"), ("linking", "i1"),
        ("hub", "i1"), ("emulator", "i1"), ("rooted", "i1"),
    ],
    align=True,
)  # fmt: skip
TIE = np.dtype(
    [("since", "i8"), ("last", "i8"), ("person", "i4"), ("identifier", "i4"), ("role", "i1")], align=True
)
DEALING = np.dtype([("since", "i8"), ("last", "i8"), ("a", "i4"), ("b", "i4"), ("kind", "i1")], align=True)
APPLICATION = np.dtype(
    [
        ("at", "i8"), ("amount", "f8"), ("term_months", "f8"), ("face_match", "f8"), ("liveness", "f8"),
        ("id", "i4"), ("person", "i4"), ("applicant", "i4"),
        ("platform", "i4"), ("merchant", "i4"), ("agent", "i4"), ("product", "i4"), ("city", "i4"),
        ("mention", "i4"), ("mentions", "i4"), ("outcome", "i4"), ("outcomes", "i4"), ("birth_year", "i4"),
        ("three_element", "i1"), ("new_citizen", "i1"), ("lender", "i1"),
    ],
    align=True,
)  # fmt: skip
MENTION = np.dtype(
    [("id", "i4"), ("identifier", "i4"), ("kind", "i1"), ("role", "i1"), ("linking", "i1")], align=True
)
OUTCOME = np.dtype([("at", "i8"), ("amount", "f8"), ("status", "i1")], align=True)
LABEL = np.dtype([("known_at", "i8"), ("loan", "i4"), ("fraud", "i1"), ("by_person", "i1")], align=True)
EVENT = np.dtype([("at", "i8"), ("amount", "f8"), ("other", "i4"), ("kind", "i1")], align=True)
RING = np.dtype(
    [("score", "f8"), ("bad_rate", "f8"), ("id", "i4"), ("size", "i4"), ("flagged", "i1")], align=True
)


@by_address(
    subject=SUBJECT, people=PERSON, identifiers=IDENTIFIER, ties=TIE, ties_of="i4", dealings=DEALING,
    applications=APPLICATION, mentions=MENTION, outcomes=OUTCOME, labels=LABEL, events=EVENT, rings=RING,
    zone=("i8", 2),
)  # fmt: skip
class Neighbourhood(NamedTuple):
    """One subject's surroundings: everything that happened, and was known, strictly before the moment.

    Rows refer to each other by position; NOBODY, UNDATED, NaN and a flag of -1
    are *not known*. `person.label` is the first of the person's labels and `person.labels` how many there
    are; so are all lists of a row.
    The lists of one kind follow each other in the order of their rows, and no two rows share one; where an
    empty list begins says nothing.
    `id` is the row in the frame, or any number that is equal for the same thing and for nothing else: to
    compare and to count by. An empty
    text is no word: NOBODY.

    subject      (1,)  the moment, how many rows of each array are used, and where the lists begin that belong
                       to no row. `asked`: there is an application in question, and it is row 0 of
                       `applications`. `outsiders` follow the `people` of the subgraph: customers of the same
                       shop or agent. `received` is where the received ones begin among the events.
    people       (P,)  the subject first, then in the order of the walk, then the outsiders as `at_merchant`
                       and `at_agent` first name them, who have labels alone; `step` sharing steps from the
                       subject, -1 outside the subgraph; `name_rank` their order by applicant id; `ring` the
                       row in `rings`; `core` whether they belong to its core.
    identifiers  (I,)  in the order of the walk; `kind` position in `graph.facts.tables.KINDS`; `hub` position
                 in `graph.facts.hubs.REASONS`.
    ties         (T,)  one a person and identifier, by identifier, then in the order of the walk: the
                       strongest role (position in `graph.facts.tables.ROLES`), the first mention and the
                       latest; UNDATED where only the application in question says it.
    ties_of      (T,)  positions in `ties` by person, ascending; `person.tie` and `person.ties` are a list
                 here.
    dealings     (D,)  transfers and referrals between two people of the subgraph, one a pair, a < b, by a and
                       then in the order in which the walk met the pairs; the first and the latest of them,
                       `kind` of the one that the walk met first.
    applications (N,)  the one in question, then everybody's by person, newest first; then `at_merchant` and
                       `at_agent`, newest first, and `elsewhere`, by application id: one application may be a
                       row in several of these. `person` is the row of the applicant, an outsider's too, or
                       NOBODY, `applicant` the applicant's `id`; `lender` bits LENDER_*; no outcomes belong to
                       the one in question; `birth_year` NOBODY where it is not known.
    mentions     (M,)  what each application names; `identifier` the row in `identifiers` or NOBODY.
    outcomes     (O,)  steps of each application, oldest first; `status` position in
                 `graph.facts.tables.STATUSES`.
    labels       (L,)  of each person and their loans, oldest first; `loan` the `id` of the application,
                 NOBODY for the person as such.
    events       (E,)  the subject's own, newest first, then `received` ones, what others did towards the
                       subject; `other` the other person's `id`; `kind` position in EVENT_KINDS.
    rings        (R,)  rings of the snapshot in force to which somebody of the subgraph belongs, as the people
                 first name them.
    zone         (2, Z) the borrowers' clocks: from which moment on they are how many microseconds ahead of
                 UTC (`graph.facts.local_time.offsets`).
    """

    subject: Rows
    people: Rows
    identifiers: Rows
    ties: Rows
    ties_of: Column
    dealings: Rows
    applications: Rows
    mentions: Rows
    outcomes: Rows
    labels: Rows
    events: Rows
    rings: Rows
    zone: Column


# The room that each array has at first; who needs more makes one of `times` that.
ROOM = {
    "people": (PERSON, 256), "identifiers": (IDENTIFIER, 2_048), "ties": (TIE, 4_096),
    "ties_of": (np.dtype("i4"), 4_096), "dealings": (DEALING, 1_024), "applications": (APPLICATION, 4_096),
    "mentions": (MENTION, 32_768), "outcomes": (OUTCOME, 16_384), "labels": (LABEL, 16_384),
    "events": (EVENT, 256), "rings": (RING, 256),
}  # fmt: skip


def empty_neighbourhood(zone: Column, times: int = 1) -> Neighbourhood:
    """Empty arrays for one neighbourhood after the other, `times` as large as at first; `zone` as in
    Neighbourhood.
    """
    arrays = {name: np.zeros(size * times, kind) for name, (kind, size) in ROOM.items()}
    return Neighbourhood(subject=np.zeros(1, SUBJECT), zone=zone, **arrays)
