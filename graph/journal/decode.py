"""Decodes journal entries to facts and ring snapshots; replication writes these to the other store."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from graph.facts.tables import KINDS, PLATFORM_TYPES, ROLES, STATUSES, Column
from graph.journal.entry import NO_NUMBER, EncodedEntry, decode
from graph.journal.parts import head_of
from graph.journal.ring_changes import RingChanges
from graph.journal.snapshots import SnapshotText, snapshot_of
from graph.model.moments import moment
from graph.model.rings_in_turn import AnySnapshot, InTurn, RingsInTurn
from graph.model.types import (
    Application,
    Contact,
    Device,
    Event,
    Facts,
    Identifier,
    Label,
    LabelValue,
    Mention,
    Merchant,
    Outcome,
    Platform,
    Ring,
)

_FLAGS = {-1: None, 0: False, 1: True}


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One revision of a store: the facts that were new in it, or its ring snapshot."""

    revision: int
    facts: Facts
    snapshot: AnySnapshot | None = None


Tail = Callable[[int, int | None], Iterable[tuple[int, bytes]]]
"""`graph.store.port.GraphStore.tail`."""


def journal_entries(tail: Tail, after: int = 0, upto: int | None = None) -> Iterator[JournalEntry]:
    """The revisions after `after` up to `upto`. A snapshot in parts is read again, a part at a time, while
    one walks over its rings or changes.
    """
    for revision, bodies in groupby(tail(after, upto), itemgetter(0)):
        entry = decode(next(bodies)[1])
        if not len(entry.head):
            yield journal_entry(revision, entry)
            continue
        head = head_of(entry.head)
        snapshot = RingsInTurn(
            name=head.name,
            as_of=head.as_of,
            rings=InTurn(partial(_rings_of, tail, revision)),
            changes=RingChanges(partial(_parts_of, tail, revision, head.changes)),
        )
        yield JournalEntry(revision, Facts(), snapshot)


def _rings_of(tail: Tail, revision: int) -> Iterator[Ring]:
    return (ring for part in _parts_of(tail, revision, 1) for ring in part.rings())


def _parts_of(tail: Tail, revision: int, first: int) -> Iterator[SnapshotText]:
    for body in islice(tail(revision - 1, revision), first, None):
        yield SnapshotText.of(decode(body[1]).part)


def journal_entry(revision: int, entry: EncodedEntry) -> JournalEntry:
    """An encoded entry as facts or as a ring snapshot, which is in one piece."""
    if len(entry.snapshot):
        return JournalEntry(revision, Facts(), snapshot_of(entry.snapshot))
    t = _texts(entry)
    named = [
        Identifier(KINDS[kind], t[token], t[masked], bool(linking))
        for token, masked, kind, linking in entry.identifiers.tolist()
    ]
    created: dict[tuple[int, int], Mention] = {}
    mentions = [created.setdefault((i, r), Mention(named[i], ROLES[r])) for i, r in entry.mentions.tolist()]
    facts = Facts(
        applications=tuple([_application(row, t, mentions) for row in _rows(entry.applications)]),
        events=tuple([_event(row, t, mentions) for row in _rows(entry.events)]),
        outcomes=tuple([_outcome(row, t) for row in entry.outcomes.tolist()]),
        labels=tuple([_label(row, t) for row in _rows(entry.labels)]),
        platforms=tuple([_platform(row, t) for row in entry.platforms.tolist()]),
        merchants=tuple([_merchant(row, t) for row in entry.merchants.tolist()]),
        contacts=tuple([_contact(row, t, named) for row in entry.contacts.tolist()]),
        devices=tuple([_device(row, t, named) for row in entry.devices.tolist()]),
    )
    return JournalEntry(revision, facts)


def _texts(entry: EncodedEntry) -> list[Any]:
    """The texts by number; the last one, that of -1, is None."""
    heap, begins, out = entry.heap.tobytes(), 0, list[str | None]()
    for ends in entry.ends.tolist():
        out.append(heap[begins:ends].decode())
        begins = ends
    return [*out, None]


def _rows(column: Column) -> list[dict[str, Any]]:
    names = column.dtype.names or ()
    return [dict(zip(names, row, strict=True)) for row in column.tolist()]


def _application(row: dict[str, Any], t: list[Any], mentions: list[Mention]) -> Application:
    return Application(
        application_id=t[row["application_id"]], applied_at=moment(row["at"]),
        applicant_id=t[row["applicant"]], platform_id=t[row["platform"]], product=t[row["product"]],
        amount=_number(row["amount"]), term_months=_int(row["term_months"]), merchant_id=t[row["merchant"]],
        agent_id=t[row["agent"]], channel=t[row["channel"]], face_match=_number(row["face_match"]),
        liveness=_number(row["liveness"]), phone_three_element=_FLAGS[row["three_element"]],
        birth_year=_int(row["birth_year"]), city=t[row["city"]], new_citizen=_FLAGS[row["new_citizen"]],
        mentions=tuple(mentions[row["mention"] : row["mention"] + row["mentions"]]),
        attributes=_attributes(t[row["attributes"]]),
    )  # fmt: skip


def _event(row: dict[str, Any], t: list[Any], mentions: list[Mention]) -> Event:
    return Event(
        event_id=t[row["event_id"]], kind=t[row["kind"]], at=moment(row["at"]),
        applicant_id=t[row["applicant"]], counterparty_id=t[row["counterparty"]],
        merchant_id=t[row["merchant"]], amount=_number(row["amount"]),
        mentions=tuple(mentions[row["mention"] : row["mention"] + row["mentions"]]),
        attributes=_attributes(t[row["attributes"]]),
    )  # fmt: skip


def _label(row: dict[str, Any], t: list[Any]) -> Label:
    return Label(
        label=LabelValue.FRAUD if row["fraud"] else LabelValue.GOOD, known_at=moment(row["known_at"]),
        application_id=t[row["application"]], applicant_id=t[row["applicant"]], source=t[row["source"]],
        detail=t[row["detail"]],
    )  # fmt: skip


def _outcome(row: tuple[Any, ...], t: list[Any]) -> Outcome:
    at, amount, application, status = row
    return Outcome(
        application_id=t[application], status=STATUSES[status], at=moment(at), amount=_number(amount)
    )


def _platform(row: tuple[Any, ...], t: list[Any]) -> Platform:
    who, kind, own = row
    return Platform(platform_id=t[who], type=PLATFORM_TYPES[kind], is_own=bool(own))


def _merchant(row: tuple[Any, ...], t: list[Any]) -> Merchant:
    at, who, category, city = row
    opened_at = None if at == NO_NUMBER else moment(at)
    return Merchant(merchant_id=t[who], category=t[category], city=t[city], opened_at=opened_at)


def _contact(row: tuple[Any, ...], t: list[Any], named: list[Identifier]) -> Contact:
    at, who, phone, relation = row
    return Contact(applicant_id=t[who], phone=named[phone], relation=t[relation], at=moment(at))


def _device(row: tuple[Any, ...], t: list[Any], named: list[Identifier]) -> Device:
    number, os, model, emulator, rooted = row
    return Device(
        identifier=named[number],
        os=t[os],
        model=t[model],
        is_emulator=_FLAGS[emulator],
        is_rooted=_FLAGS[rooted],
    )


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _int(value: int) -> int | None:
    return None if value == NO_NUMBER else value


def _attributes(text: str | None) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in json.loads(text)) if text else ()
