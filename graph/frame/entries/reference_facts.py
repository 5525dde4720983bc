"""Applies lenders, merchants and devices of a journal entry to the frame."""

from __future__ import annotations

from graph.frame.columns import intern
from graph.frame.columns.intern import has_room, size_of
from graph.frame.columns.layout import DEVICES, NO_MARK, USED, Arrays, Int
from graph.frame.entries.batch import SPARE, EntryBatch
from graph.kernels.compiled import lean


@lean
def add_platform(arrays: Arrays, batch: EntryBatch, row: Int, revision: Int) -> bool:
    """Apply a lender."""
    reported = batch.platforms[row]
    if not has_room(arrays.header, SPARE, size_of(batch.names, reported.platform)):
        return False
    word = arrays.words[intern.word(arrays, batch.names, reported.platform)]
    if word.platform_mark == NO_MARK:
        word.type, word.own, word.platform_mark = reported.type, reported.own, revision
    return True


@lean
def add_merchant(arrays: Arrays, batch: EntryBatch, row: Int, revision: Int) -> bool:
    """Apply a merchant."""
    reported, names = batch.merchants[row], batch.names
    if not has_room(
        arrays.header,
        SPARE,
        size_of(names, reported.merchant) + size_of(names, reported.category) + size_of(names, reported.city),
    ):
        return False
    category, city = intern.word(arrays, names, reported.category), intern.word(arrays, names, reported.city)
    word = arrays.words[intern.word(arrays, names, reported.merchant)]
    if word.merchant_mark == NO_MARK:
        word.opened_at, word.category, word.city, word.merchant_mark = (
            reported.opened_at,
            category,
            city,
            revision,
        )
    return True


@lean
def add_device(arrays: Arrays, batch: EntryBatch, row: Int, revision: Int) -> bool:
    """Apply a device."""
    reported, names, header = batch.devices[row], batch.names, arrays.header
    size = (
        intern.size_of_identifier(names, reported.identifier)
        + size_of(names, reported.os)
        + size_of(names, reported.model)
    )
    if not has_room(header, SPARE, size):
        return False
    identifier = intern.identifier(arrays, names, reported.identifier)
    if arrays.identifiers[identifier].device < 0:
        fresh = header[USED + DEVICES]
        header[USED + DEVICES] = fresh + 1
        device = arrays.devices[fresh]
        device.os, device.model = (
            intern.word(arrays, names, reported.os),
            intern.word(arrays, names, reported.model),
        )
        device.emulator, device.rooted, device.mark = reported.emulator, reported.rooted, revision
        arrays.identifiers[identifier].device = fresh
    return True
