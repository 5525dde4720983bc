"""Sorting by text in compiled code, for the orders by id that the port promises."""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column
from graph.frame.columns.layout import Int
from graph.frame.columns.texts import byte_of, compare, form_of
from graph.kernels.compiled import lean

_BYTES = np.int64(8)


@lean
def sort_by_text(
    texts: Column, names: Column, keys: Column, order: Column, spare: Column, count: Int
) -> None:
    """Sort order[:count] by the texts of names[order]; `keys` (., 2) uint64 gets the first 16 bytes of each,
    `spare` is as long as `order`.
    """
    for n in range(count):
        row = order[n]
        keys[row, 0], keys[row, 1] = (
            _bytes_of(texts, names[row], np.int64(0)),
            _bytes_of(texts, names[row], _BYTES),
        )
    width = 1
    while width < count:
        for first in range(0, count, 2 * width):
            middle, end = min(first + width, count), min(first + 2 * width, count)
            a, b = first, middle
            for n in range(first, end):
                if a < middle and (b == end or not _before(texts, names, keys, order[b], order[a])):
                    spare[n] = order[a]
                    a += 1
                else:
                    spare[n] = order[b]
                    b += 1
        for n in range(count):
            order[n] = spare[n]
        width *= 2


@lean
def is_before(texts: Column, text: Int, name: Column) -> bool:
    """Whether a text stands before the one of those bytes."""
    form = form_of(texts, text)
    for n in range(min(form.length, len(name))):
        byte = byte_of(texts, form, n)
        if byte != name[n]:
            return bool(byte < name[n])
    return bool(form.length < len(name))


@lean
def _before(texts: Column, names: Column, keys: Column, a: Int, b: Int) -> bool:
    if keys[a, 0] != keys[b, 0]:
        return bool(keys[a, 0] < keys[b, 0])
    if keys[a, 1] != keys[b, 1]:
        return bool(keys[a, 1] < keys[b, 1])
    return bool(compare(texts, np.int64(names[a]), np.int64(names[b])) < 0)


@lean
def _bytes_of(texts: Column, text: Int, first: Int) -> Int:
    """Eight bytes of a text from the first on, as a number that orders as they do; zeros beyond its end."""
    form, key = form_of(texts, text), np.uint64(0)
    for n in range(first, first + _BYTES):
        key = key << np.uint64(8) | (np.uint64(byte_of(texts, form, n)) if n < form.length else np.uint64(0))
    return key
