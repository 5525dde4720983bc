"""The layout of the frame's files: rows of fixed width, ordered lists, a heap of texts, and a header of
integers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from graph.facts.tables import Column
from graph.kernels.by_address import by_address

Int = Any
"""A whole number: int64 in compiled code, Python's or numpy's where it is called."""

Rows = Any
"""An array of records, whose fields compiled code reads by name: numpy's types do not know them."""

# of the layout, and of every rule that is worked out when a row is written: another one means a fill from the
# store
VERSION = 4

NONE = np.int32(-1)  # no row, no text, no word
# the moment of an application that has not come yet, though a label or an outcome names it
NEVER = np.int64(np.iinfo(np.int64).max)
NOT_REPORTED = np.int64(np.iinfo(np.int64).min)  # a moment or a whole number that nothing tells
NO_MARK = np.int32(np.iinfo(np.int32).max)  # the revision of reference data that was never reported

# Rows are packed, fields side by side: a million applications bring some forty million of them.
#
# A list: `count` rows of a table side by side from `start` on, oldest first; at one moment in the opposite of
# the port's order where the port gives the newest first, and in the port's order where it gives the oldest
# first. A single row is `start` itself. Up to FEW stand in `rows`, and whoever wants their moments and
# revisions looks at the rows; of more the moments and revisions stand in `items` as well, so counting stays
# in cache.
LIST = np.dtype([("start", "i4"), ("count", "i4")])
FEW = np.int64(32)
# When, which row, and the revision that recorded it. ~mark where the row, a tie, was superseded later: the
# tie says by which.
ITEM = np.dtype([("at", "i8"), ("row", "i4"), ("mark", "i4")], align=True)

PERSON = np.dtype(
    [
        ("name", "i4"),
        ("ties", LIST),
        ("applications", LIST),
        ("events", LIST),
        ("dealings", LIST),
        ("labels", LIST),
        ("rings", LIST),
    ]
)
# the masked form follows the token
IDENTIFIER = np.dtype([("token", "i4"), ("ties", LIST), ("device", "i4"), ("kind", "i1"), ("linking", "i1")])
# Platforms, merchants, agents, products, channels, cities, kinds of events, sources: one table. `at` and
# `through` are the applications at that merchant and through that agent. The first words are
# `neighbourhood.EVENT_KINDS`, in their order.
WORD = np.dtype(
    [
        ("opened_at", "i8"), ("text", "i4"), ("at", LIST), ("through", LIST), ("merchant_mark", "i4"),
        ("category", "i4"), ("city", "i4"), ("platform_mark", "i4"), ("type", "i1"), ("own", "i1"),
    ],
)  # fmt: skip
APPLICATION = np.dtype(
    [
        ("at", "i8"), ("amount", "f8"), ("face_match", "f8"), ("liveness", "f8"), ("term_months", "i8"),
        ("birth_year", "i8"), ("id", "i4"), ("applicant", "i4"), ("mark", "i4"), ("platform", "i4"),
        ("product", "i4"), ("merchant", "i4"), ("agent", "i4"), ("channel", "i4"), ("city", "i4"),
        ("attributes", "i4"), ("mention", "i4"), ("mentions", "i4"), ("outcomes", LIST), ("labels", LIST),
        ("three_element", "i1"), ("new_citizen", "i1"),
    ],
)  # fmt: skip
EVENT = np.dtype(
    [
        ("at", "i8"), ("id", "i4"), ("applicant", "i4"), ("mark", "i4"), ("kind", "i4"), ("mention", "i4"),
        ("mentions", "i4"), ("terms", "i4"),
    ],
)  # fmt: skip
# of the events that have any: three in ten
TERMS = np.dtype([("amount", "f8"), ("counterparty", "i4"), ("merchant", "i4"), ("attributes", "i4")])
OUTCOME = np.dtype([("at", "i8"), ("amount", "f8"), ("application", "i4"), ("mark", "i4"), ("status", "i1")])
LABEL = np.dtype(
    [
        ("known_at", "i8"), ("application", "i4"), ("person", "i4"), ("source", "i4"), ("detail", "i4"),
        ("mark", "i4"), ("fraud", "i1"), ("by_person", "i1"),
    ],
)  # fmt: skip
# Who names what in a role, from the first mention on. A mention told late that is older makes another row,
# which supersedes this one. `mentions` are the later ones, each by the fact that made it: row << 2 |
# FROM_...; those of a row that was superseded went to the one that stands, which is then `start`, with
# SUPERSEDED as the count. `last` is the latest of all, whatever its revision.
TIE = np.dtype(
    [
        ("since", "i8"),
        ("last", "i8"),
        ("person", "i4"),
        ("identifier", "i4"),
        ("mark", "i4"),
        ("mentions", LIST),
        ("role", "i1"),
        ("kind", "i1"),
    ]
)
SUPERSEDED = np.int32(-1)
# FROM_TIE: the first mention of a row that was superseded
FROM_APPLICATION, FROM_EVENT, FROM_CONTACT, FROM_TIE = (np.int64(n) for n in range(4))
CONTACT = np.dtype([("at", "i8"), ("mark", "i4")])  # a mention that made no tie
DEVICE = np.dtype([("os", "i4"), ("model", "i4"), ("mark", "i4"), ("emulator", "i1"), ("rooted", "i1")])
SNAPSHOT = np.dtype(
    [
        ("as_of", "i8"),
        ("mark", "i4"),
        ("name", "i4"),
        ("part", "i4"),
        ("parts", "i4"),
        ("ring", "i4"),
        ("rings", "i4"),
    ]
)
RING = np.dtype([("score", "f8"), ("bad_rate", "f8"), ("id", "i4"), ("size", "i4"), ("flagged", "i1")])
MEMBER = np.dtype([("ring", "i4"), ("snapshot", "i4"), ("core", "i1")])
SLOT = np.dtype([("hash", "u4"), ("row", "i4")])


# Each file behind the header: the dtype of its rows, and for how many there is room at first.
FILES = {
    "texts": (np.dtype("u1"), 1 << 20), "people": (PERSON, 1 << 12), "identifiers": (IDENTIFIER, 1 << 14),
    "words": (WORD, 1 << 10), "applications": (APPLICATION, 1 << 12), "events": (EVENT, 1 << 10),
    "terms": (TERMS, 1 << 10), "outcomes": (OUTCOME, 1 << 12), "labels": (LABEL, 1 << 10),
    "ties": (TIE, 1 << 14), "devices": (DEVICE, 1 << 10), "contacts": (CONTACT, 1 << 10),
    "mentions": (np.dtype("i4"), 1 << 15), "rows": (np.dtype("i4"), 1 << 16), "items": (ITEM, 1 << 12),
    "snapshots": (SNAPSHOT, 64), "parts": (np.dtype("i4"), 64), "rings": (RING, 1 << 10),
    "members": (MEMBER, 1 << 12), "slots": (SLOT, 1 << 17),
}  # fmt: skip


@by_address(header="i8", **{name: dtype for name, (dtype, _) in FILES.items()})
class Arrays(NamedTuple):
    """The frame as arrays, one a file. Rows refer to each other by position, -1 is none.

    header        int64, see below. `used` of them are rows; what lies beyond is room.
    texts         bytes. A text is named by where it begins, in steps of 8 bytes; `graph.frame.columns.texts`
                  says how it is written.
    people, identifiers, words, applications     found by their text through `slots`; never taken away.
    events, terms, outcomes, labels, ties, devices, contacts      rows in the order in which they were told.
    mentions      int32, what applications and events name: identifier << 2 | role.
    rows, items   the blocks of short and of long lists.
    parts         int32, the texts of ring snapshots, those of one side by side: the JSON of each part, or of
                  the whole.
    snapshots, rings, members    ring snapshots; `person.rings` has the members (row) of each snapshot (at its
                                 `as_of`).
    slots         one open-addressing table for people, identifiers, words, applications, and those ties that
                  are in two long lists: the hash, whose low bits say of what, and row + 1; 0 is empty.
    """

    header: Column
    texts: Column
    people: Rows
    identifiers: Rows
    words: Rows
    applications: Rows
    events: Rows
    terms: Rows
    outcomes: Rows
    labels: Rows
    ties: Rows
    devices: Rows
    contacts: Rows
    mentions: Column
    rows: Column
    items: Rows
    snapshots: Rows
    parts: Column
    rings: Rows
    members: Rows
    slots: Rows


NAMES = tuple(FILES)
(
    TEXTS, PEOPLE, IDENTIFIERS, WORDS, APPLICATIONS, EVENTS, TERM_ROWS, OUTCOMES, LABELS, TIES, DEVICES,
    CONTACTS, MENTIONS, ROWS, ITEMS, SNAPSHOTS, PARTS, RINGS, MEMBERS, SLOTS,
) = range(len(FILES))  # fmt: skip
TEXT_STEP = 8  # bytes: where texts begin, so that a number of 32 bits reaches 17 GB

# Words of the header. `mark`: of this one and all before it everything is in; of the next one the rows before
# (section, row, step) may be, and of a ring snapshot its head and the parts before `part`, `of_parts` in all.
# `dirty`: somebody is at it, or died while he was. `kept`: the files on the disk are what is in memory, so
# they outlive the machine's boot. `wanted`: a writer waits for readers. `long`: who
# brings facts in is at it for longer than a request would wait. `goal`: the latest revision of the store that
# anybody heard of; `whole`: the frame once had all of that. `underway`: the check sum of the entry that is
# partly in, of a snapshot that of its head. `moved`: items. `sealed`: the files are what the sums say;
# `sealing`: who reads or writes all of them, and since then nothing came in (`graph.frame.seals`).
HEADER_WORDS = 512
(
    MAGIC, GENERATION, MARK, DIRTY, KEPT, BOOT, STORE, SEED, SECTION, ROW, STEP, CHECK, LACKS, NEEDS, WANTED,
    LONG, GOAL, WHOLE, UNDERWAY, MOVED, PART, OF_PARTS, SEALED, SEALING,
) = range(24)  # fmt: skip
# the first of a word for each file, of the heads of the free blocks by their size, and of the sums
USED, ROOM, FILE, FREE, SUMS = 32, 64, 96, 128, 256
