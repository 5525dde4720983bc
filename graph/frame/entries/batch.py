"""The facts of a journal entry as compiled code reads them, and what they mention."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graph.frame.columns import intern
from graph.frame.columns.intern import EntryNames
from graph.frame.columns.layout import MENTIONS, STEP, USED, Arrays, Int, Rows
from graph.frame.entries.mention import add_mention
from graph.journal import entry
from graph.kernels.by_address import by_address
from graph.kernels.compiled import lean

SPARE = np.int64(16)  # rows of each table that one fact may take, but for what it mentions


@by_address(
    names=EntryNames, platforms=entry.PLATFORM, merchants=entry.MERCHANT, devices=entry.DEVICE,
    applications=entry.APPLICATION, events=entry.EVENT, mentions=entry.MENTION, contacts=entry.CONTACT,
    outcomes=entry.OUTCOME, labels=entry.LABEL,
)  # fmt: skip
class EntryBatch(NamedTuple):
    """The facts of a journal entry, as `graph.journal.entry.EncodedEntry` has them, and what they name."""

    names: EntryNames
    platforms: Rows
    merchants: Rows
    devices: Rows
    applications: Rows
    events: Rows
    mentions: Rows
    contacts: Rows
    outcomes: Rows
    labels: Rows


@lean
def size_of_mentions(batch: EntryBatch, begins: Int, count: Int) -> Int:
    """How many bytes of `texts` the identifiers of those mentions may take."""
    size = np.int64(0)
    for n in range(begins, begins + count):
        size += intern.size_of_identifier(batch.names, batch.mentions[n].identifier)
    return size


@lean
def keep_mentions(arrays: Arrays, batch: EntryBatch, begins: Int, count: Int) -> Int:
    """What a fact mentions, written down side by side; where it begins."""
    header = arrays.header
    first = header[USED + MENTIONS]
    for n in range(count):
        mention = batch.mentions[begins + n]
        arrays.mentions[first + n] = (
            intern.identifier(arrays, batch.names, mention.identifier) << 2 | mention.role
        )
    header[USED + MENTIONS] = first + count
    return np.int64(first)


@lean
def add_mentions(
    arrays: Arrays, person: Int, fact: Int, when: tuple[Int, Int], first: Int, count: Int
) -> bool:
    """The ties of a fact of that moment and revision, from the one on where it was left (STEP)."""
    header = arrays.header
    while header[STEP] <= count:
        if not add_mention(
            arrays, person, np.int64(arrays.mentions[first + header[STEP] - 1]), fact, when[0], when[1]
        ):
            return False
        header[STEP] += 1
    return True
