"""The binary format of a journal entry: the facts or the ring snapshot of one revision, read as arrays
without a copy.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from functools import lru_cache, partial
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import Any, NamedTuple

import numpy as np
from isal import isal_zlib

from graph.facts.fraud_labels import by_person
from graph.facts.tables import Column
from graph.model.errors import StoreUnavailableError, StoreVersionError

FORMAT = 2  # of a ring snapshot in parts; facts, and a snapshot in one piece, are of format 1
NO_TEXT = -1  # a text, or a row, that nothing tells
NO_NUMBER = -(2**63)  # an integer or a moment that nothing tells
PACKED_FROM = 4_096  # bytes from which on an entry is compressed: that of one application is not
_IN_MEMORY, _PIECE = 16 << 20, 1 << 20  # bytes of a snapshot's text
_LEVEL = 1  # more costs a load more than the disk gains

# Texts (ids, words, JSON) are numbers into one table of texts. Moments are microseconds since 1970 UTC,
# amounts CNY; NaN and a flag of -1 are *not known*. `mention` and `mentions` are where in the mentions those
# of a row begin, and how many there are.
IDENTIFIER = np.dtype([("token", "i4"), ("masked", "i4"), ("kind", "i1"), ("linking", "i1")], align=True)
APPLICATION = np.dtype(
    [
        ("at", "i8"), ("amount", "f8"), ("face_match", "f8"), ("liveness", "f8"), ("term_months", "i8"),
        ("birth_year", "i8"), ("application_id", "i4"), ("applicant", "i4"), ("platform", "i4"),
        ("product", "i4"), ("merchant", "i4"), ("agent", "i4"), ("channel", "i4"), ("city", "i4"),
        ("attributes", "i4"), ("mention", "i4"), ("mentions", "i4"), ("three_element", "i1"),
        ("new_citizen", "i1"),
    ],
    align=True,
)  # fmt: skip
EVENT = np.dtype(
    [
        ("at", "i8"), ("amount", "f8"), ("event_id", "i4"), ("kind", "i4"), ("applicant", "i4"),
        ("counterparty", "i4"), ("merchant", "i4"), ("attributes", "i4"), ("mention", "i4"),
        ("mentions", "i4"),
    ],
    align=True,
)  # fmt: skip
MENTION = np.dtype([("identifier", "i4"), ("role", "i1")], align=True)
CONTACT = np.dtype([("at", "i8"), ("applicant", "i4"), ("phone", "i4"), ("relation", "i4")], align=True)
OUTCOME = np.dtype([("at", "i8"), ("amount", "f8"), ("application", "i4"), ("status", "i1")], align=True)
LABEL = np.dtype(
    [("known_at", "i8"), ("application", "i4"), ("applicant", "i4"), ("source", "i4"), ("detail", "i4"),
     ("fraud", "i1"), ("by_person", "i1")], align=True,
)  # fmt: skip
PLATFORM = np.dtype([("platform", "i4"), ("type", "i1"), ("own", "i1")], align=True)
MERCHANT = np.dtype([("opened_at", "i8"), ("merchant", "i4"), ("category", "i4"), ("city", "i4")], align=True)
DEVICE = np.dtype(
    [("identifier", "i4"), ("os", "i4"), ("model", "i4"), ("emulator", "i1"), ("rooted", "i1")], align=True
)


class EncodedEntry(NamedTuple):
    """The facts added by one revision, as read-only arrays. Facts that were known already, or in conflict,
    are not in it.

    heap         (bytes,)  all texts, UTF-8, one after the other, each once; `ends` (T,) where each ends: text
                 n is heap[ends[n-1]:ends[n]].
    identifiers  each identifier that the facts name, once, as the store shows it; `kind` position in
                 `graph.facts.tables.KINDS`.
    applications, events  `mention` and `mentions` a run of `mentions`: first those of the applications, then
                          those of the events.
    mentions     `identifier` row in `identifiers`, `role` position in `graph.facts.tables.ROLES`.
    contacts     `phone` row in `identifiers`; `relation` as given ("self": it is theirs).
    outcomes     `status` position in `graph.facts.tables.STATUSES`.
    labels       of an application or an applicant; `by_person` as `graph.facts.fraud_labels` says of the
                 source.
    platforms    `type` position in `graph.facts.tables.PLATFORM_TYPES`.
    devices      `identifier` row in `identifiers`.
    snapshot     (bytes,)  a ring snapshot in one piece as JSON (`graph.journal.snapshots`), as earlier
                 releases wrote it; an entry has one of these, one of the next two, or facts.
    head         (bytes,)  what begins a ring snapshot in parts (`graph.journal.parts`); its parts follow.
    part         (bytes,)  some rings and changes of a ring snapshot as JSON.
    """

    heap: Column
    ends: Column
    identifiers: Column
    applications: Column
    events: Column
    mentions: Column
    contacts: Column
    outcomes: Column
    labels: Column
    platforms: Column
    merchants: Column
    devices: Column
    snapshot: Column
    head: Column
    part: Column

    @property
    def rings(self) -> Column:
        """The JSON that has rings, those of a whole snapshot or of a part; empty where there are none."""
        return self.snapshot if len(self.snapshot) else self.part


_BYTES, _NUMBER = np.dtype("u1"), np.dtype("i4")
DTYPES: tuple[np.dtype[Any], ...] = (
    _BYTES,
    _NUMBER,
    IDENTIFIER,
    APPLICATION,
    EVENT,
    MENTION,
    CONTACT,
    OUTCOME,
    LABEL,
    PLATFORM,
    MERCHANT,
    DEVICE,
    _BYTES,
    _BYTES,
    _BYTES,
)
"""Of each array of an EncodedEntry, in their order."""
EMPTY = EncodedEntry(*(np.frombuffer(b"", kind) for kind in DTYPES))
_HEADER = struct.Struct("=4sHHQ")  # magic, format, whether it is packed, bytes of what follows
_SIZES = {1: struct.Struct("=13Q"), 2: struct.Struct(f"={len(DTYPES)}Q")}  # rows of each array, by format
_MAGIC = b"RFJE"
_STEP = 16  # each array begins at a multiple of it, so that its rows are aligned
_FILLED = tuple(map(bytes, range(_STEP)))


def write(entry: EncodedEntry) -> bytes:
    """The entry as bytes, of the lowest format that has what it holds."""
    form = 2 if len(entry.head) or len(entry.part) else 1
    sizes = _SIZES[form]
    rows = list(map(len, entry))[: sizes.size // 8]
    pieces = [sizes.pack(*rows), _FILLED[-sizes.size % _STEP]]
    for column in entry:
        if len(column):
            pieces += (column.tobytes(), _FILLED[-column.nbytes % _STEP])
    body = b"".join(pieces)
    packed = len(body) >= PACKED_FROM
    return _HEADER.pack(_MAGIC, form, packed, len(body)) + (
        isal_zlib.compress(body, _LEVEL) if packed else body
    )


def write_snapshot(text: Iterable[bytes]) -> bytes:
    """The entry that has this snapshot alone, in one piece, of the pieces of its text. They wait in a file
    until all are there, because the entry begins with their length.
    """
    with SpooledTemporaryFile(_IN_MEMORY) as waiting:
        for piece in text:  # `writelines` would keep all in memory until the last
            waiting.write(piece)
        size = waiting.tell()
        waiting.seek(0)
        sizes = _SIZES[1].pack(*([0] * 12), size) + _FILLED[-_SIZES[1].size % _STEP]
        length = len(sizes) + size + -size % _STEP
        packed = isal_zlib.compressobj(_LEVEL) if length >= PACKED_FROM else None
        out = [_HEADER.pack(_MAGIC, 1, packed is not None, length)]
        for piece in chain((sizes,), iter(partial(waiting.read, _PIECE), b""), (_FILLED[-size % _STEP],)):
            out.append(packed.compress(piece) if packed else piece)
        return b"".join([*out, packed.flush() if packed else b""])


def decode(data: bytes) -> EncodedEntry:
    """The entry behind the bytes of a store. Raises StoreVersionError where they are of a later format,
    StoreUnavailableError where they are no entry: the store is damaged.
    """
    try:
        return _decoded(data)
    except (ValueError, LookupError, zlib.error) as error:
        raise StoreUnavailableError(
            f"the store cannot be used now: an entry of its journal is damaged ({error}): bring its backup "
            "back (docs/how_to/back_up_and_upgrade.md)"
        ) from error


def _decoded(data: bytes) -> EncodedEntry:
    magic, written, packed, _ = _HEADER.unpack_from(data) if len(data) >= _HEADER.size else (b"", 0, 0, 0)
    if magic != _MAGIC:
        raise ValueError("its bytes are none")
    if written not in _SIZES:
        raise StoreVersionError(
            f"the journal has an entry of format {written}, this code reads {FORMAT}: use the release that "
            "wrote it"
        )
    sizes = _SIZES[written]
    body = zlib.decompress(data[_HEADER.size :]) if packed else data[_HEADER.size :]
    if len(body) < sizes.size:
        raise ValueError("it ends too early")
    at, columns = sizes.size, list[Column](EMPTY)
    for place, size in enumerate(sizes.unpack_from(body)):
        if size:
            at += -at % _STEP
            columns[place] = np.frombuffer(body, DTYPES[place], size, at)
            at += size * DTYPES[place].itemsize
    return _judged(EncodedEntry(*columns))


def has_parts(data: bytes) -> bool:
    """Whether these bytes are of a ring snapshot in parts: its head, or a part."""
    return len(data) >= _HEADER.size and _HEADER.unpack_from(data)[1] == FORMAT


def text(entry: EncodedEntry, number: int) -> str | None:
    """The text of that number; None for NO_TEXT."""
    if number < 0:
        return None
    begins = int(entry.ends[number - 1]) if number else 0
    return entry.heap[begins : int(entry.ends[number])].tobytes().decode()


def _judged(entry: EncodedEntry) -> EncodedEntry:
    """With `by_person` of the labels: it is worked out when an entry is read, so that the one rule for it may
    change.
    """
    if not len(entry.labels):
        return entry
    labels = entry.labels.copy()
    sources, which = np.unique(labels["source"], return_inverse=True)
    labels["by_person"] = np.array([_by_person(text(entry, number)) for number in sources.tolist()], bool)[
        which
    ]
    labels.flags.writeable = False
    return entry._replace(labels=labels)


_by_person = lru_cache(maxsize=4_096)(by_person)
