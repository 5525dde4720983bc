"""Texts in the frame: comparison in the port's order, and a hash table from texts to rows.

A text begins with a byte that says how long it is. One that ends in so many digits of base 16, as pseudonyms
and many ids do, has two of them a byte.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graph.facts.tables import Column
from graph.frame.columns.layout import SEED, TEXT_STEP, TEXTS, USED, Arrays, Int
from graph.kernels.compiled import lean, shared

# What a slot names, in the low bits of its hash.
A_PERSON, AN_IDENTIFIER, A_WORD, AN_APPLICATION, A_TIE = (np.int64(n) for n in range(5))
NO_KIND = np.int64(0)  # of what is no identifier
OF_BITS = 3
_ABOVE = np.uint64(0xFFFFFFFF - 7)
_PRIME, _ODD, _ODDER = np.uint64(0x100000001B3), np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_HALF, _THIRD = np.uint64(32), np.uint64(29)


# The first byte: from LONG on four bytes have the length; above, it is PACKED, and the next says from where.
LONG, PACKED = np.int64(127), np.int64(128)
MOST_BESIDE = np.int64(8)  # bytes that a text may take beside its own
WORTH_PACKING = np.int64(8)  # digits


class TextForm(NamedTuple):
    """How a text is written: `plain` of its `length` bytes stand from `at` on as they are, then two digits a
    byte.
    """

    at: Int
    length: Int
    plain: Int


@shared
def form_of(texts: Column, text: Int) -> TextForm:
    """Where a text is and how it is written; -1 has no bytes."""
    if text < 0:
        return TextForm(np.int64(0), np.int64(0), np.int64(0))
    at = np.int64(text) * TEXT_STEP
    head = np.int64(texts[at])
    if head >= PACKED:
        return TextForm(at + 2, head - PACKED, np.int64(texts[at + 1]))
    if head == LONG:
        head = (
            np.int64(texts[at + 1])
            | np.int64(texts[at + 2]) << 8
            | np.int64(texts[at + 3]) << 16
            | np.int64(texts[at + 4]) << 24
        )
        return TextForm(at + 5, head, head)
    return TextForm(at + 1, head, head)


@shared
def place_of(texts: Column, text: Int) -> tuple[Int, Int, Int]:
    """`form_of` for Python, to which a bare tuple is handed quicker than a named one."""
    form = form_of(texts, text)
    return form.at, form.length, form.plain


@shared
def byte_of(texts: Column, form: TextForm, n: Int) -> Int:
    """The n-th byte of a text."""
    if n < form.plain:
        return np.int64(texts[form.at + n])
    digits = np.int64(texts[form.at + form.plain + ((n - form.plain) >> 1)])
    digit = digits & 15 if (n - form.plain) & 1 else digits >> 4
    return digit + 48 if digit < 10 else digit + 87


@shared
def after(texts: Column, text: Int) -> Int:
    """The text that was kept right after this one."""
    form = form_of(texts, text)
    return (form.at + form.plain + ((form.length - form.plain) >> 1) + TEXT_STEP - 1) // TEXT_STEP


@lean
def keep(arrays: Arrays, heap: Column, begins: Int, ends: Int) -> Int:
    """Those bytes as a text of the frame; `texts` has room for them and MOST_BESIDE."""
    texts, length = arrays.texts, ends - begins
    at, digits = np.int64(arrays.header[USED + TEXTS]), _digits(heap, begins, ends)
    number, plain = at // TEXT_STEP, length
    if length < LONG and digits >= WORTH_PACKING:
        plain = length - digits
        texts[at], texts[at + 1] = PACKED + length, plain
        at += 2
    elif length < LONG:
        texts[at] = length
        at += 1
    else:
        texts[at] = LONG
        for n in range(4):
            texts[at + 1 + n] = length >> (8 * n) & 255
        at += 5
    for n in range(plain):
        texts[at + n] = heap[begins + n]
    at += plain
    for n in range(begins + plain, ends, 2):
        texts[at] = _digit(heap[n]) << 4 | _digit(heap[n + 1])
        at += 1
    arrays.header[USED + TEXTS] = (at + TEXT_STEP - 1) // TEXT_STEP * TEXT_STEP
    return number


@lean
def _digit(byte: Int) -> Int:
    """What a digit of base 16 is worth, -1 for any other byte."""
    return (
        np.int64(byte) - 48
        if 48 <= byte <= 57
        else np.int64(byte) - 87
        if 97 <= byte <= 102
        else np.int64(-1)
    )


@lean
def _digits(heap: Column, begins: Int, ends: Int) -> Int:
    """In how many digits of base 16 those bytes end: an even number."""
    n = ends
    while n > begins and _digit(heap[n - 1]) >= 0:
        n -= 1
    return (ends - n) // 2 * 2


@shared
def compare(texts: Column, one: Int, other: Int) -> Int:
    """-1, 0 or 1: whether a text stands before another by its characters (which UTF-8 keeps in order); -1
    stands for the empty text.
    """
    if one == other:
        return np.int64(0)
    a, b = form_of(texts, one), form_of(texts, other)
    for n in range(min(a.length, b.length)):
        mine, theirs = byte_of(texts, a, n), byte_of(texts, b, n)
        if mine != theirs:
            return np.int64(-1) if mine < theirs else np.int64(1)
    return np.int64(0) if a.length == b.length else np.int64(-1) if a.length < b.length else np.int64(1)


@lean
def is_text(texts: Column, text: Int, heap: Column, begins: Int, ends: Int) -> bool:
    """Whether a text is the one of those bytes of a heap."""
    form = form_of(texts, text)
    return bool(form.length == ends - begins and begins_with(texts, form, heap, begins, ends))


@lean
def begins_with(texts: Column, form: TextForm, heap: Column, begins: Int, ends: Int) -> bool:
    """Whether a text, which is no shorter, begins with those bytes of a heap."""
    for n in range(ends - begins):  # noqa: SIM110 - plainer in machine code
        if byte_of(texts, form, n) != heap[begins + n]:
            return False
    return True


@lean
def settled(h: Int, of: Int) -> Int:
    """A hash as a slot keeps it: 32 bits, the low ones say of what."""
    h = (h ^ (h >> _HALF)) * _ODDER
    h = h ^ (h >> _THIRD)
    return (h & _ABOVE) | np.uint64(of)


@lean
def text_hash(header: Column, of: Int, kind: Int, heap: Column, begins: Int, ends: Int) -> Int:
    """The hash of a text of that sort; `kind` is an identifier's, else NO_KIND."""
    h = (np.uint64(header[SEED]) ^ np.uint64(of * 16 + kind + 1)) * _ODD
    for n in range(begins, ends):
        h = (h ^ np.uint64(heap[n])) * _PRIME
    return settled(h, of)


@lean
def text_of(arrays: Arrays, of: Int, row: Int) -> Int:
    """The text by which a row is found."""
    if of == A_PERSON:
        return np.int64(arrays.people[row].name)
    if of == AN_IDENTIFIER:
        return np.int64(arrays.identifiers[row].token)
    if of == A_WORD:
        return np.int64(arrays.words[row].text)
    return np.int64(arrays.applications[row].id)


@lean
def slot_of(arrays: Arrays, h: Int, of: Int, kind: Int, heap: Column, begins: Int, ends: Int) -> Int:
    """Where in `slots` a text is, or the empty slot where it belongs. `h` is its `text_hash`."""
    slots = arrays.slots
    at = np.int64(h >> np.uint64(OF_BITS)) & (len(slots) - 1)
    while slots[at].row != 0:
        if slots[at].hash == h:
            row = slots[at].row - 1
            if (of != AN_IDENTIFIER or arrays.identifiers[row].kind == kind) and is_text(
                arrays.texts, text_of(arrays, of, row), heap, begins, ends
            ):
                break
        at = (at + 1) & (len(slots) - 1)
    return at


@shared
def find(arrays: Arrays, of: Int, kind: Int, heap: Column, begins: Int, ends: Int) -> Int:
    """The row of a person, identifier (of that kind), word or application with that text, or -1."""
    at = slot_of(arrays, text_hash(arrays.header, of, kind, heap, begins, ends), of, kind, heap, begins, ends)
    return np.int64(arrays.slots[at].row) - 1


@lean
def tie_hash(header: Column, person: Int, packed: Int) -> Int:
    """The hash of a tie; `packed` is identifier << 2 | role."""
    return settled(
        (np.uint64(header[SEED]) ^ np.uint64(np.int64(person) << 32 | np.int64(packed))) * _ODD, A_TIE
    )


@lean
def tie_slot(arrays: Arrays, h: Int, person: Int, packed: Int) -> Int:
    """Where in `slots` the tie is that stands, or the empty slot where it belongs. `h` is its `tie_hash`."""
    slots, ties = arrays.slots, arrays.ties
    at = np.int64(h >> np.uint64(OF_BITS)) & (len(slots) - 1)
    while slots[at].row != 0:
        if slots[at].hash == h:
            tie = ties[slots[at].row - 1]
            if tie.person == person and tie.identifier == packed >> 2 and tie.role == packed & 3:
                break
        at = (at + 1) & (len(slots) - 1)
    return at
