"""Gives erased people their surrogates in facts, ring snapshots and entries of the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from graph.journal.decode import journal_entry
from graph.journal.encode import encode, encode_snapshot
from graph.journal.entry import EncodedEntry, decode
from graph.journal.parts import encode_part
from graph.journal.snapshots import SnapshotText, snapshot_text
from graph.model.erasure import Renaming
from graph.model.rings_in_turn import InTurn, RingsInTurn
from graph.model.types import (
    Application,
    Event,
    Facts,
    Identifier,
    Label,
    Mention,
    Ring,
    RingChange,
)

_CLEARED = "cleared="


def names_in(entry: EncodedEntry, texts: frozenset[str]) -> bool:
    """Whether an entry of the journal, or a part of a snapshot, holds one of those names."""
    if len(entry.rings):
        text = SnapshotText.of(entry.rings)
        members = (member.applicant_id for ring in text.rings() for member in ring.members)
        return any(who in texts for who in members) or _in_changes(text.changes(), texts)
    heap, begins = entry.heap.tobytes(), 0
    for ends in entry.ends.tolist():
        if heap[begins:ends].decode() in texts:
            return True
        begins = ends
    return False


def _in_changes(changes: Iterable[RingChange], texts: frozenset[str]) -> bool:
    listed = [
        f",{word.removeprefix(_CLEARED)}," for c in changes for word in c.why if word.startswith(_CLEARED)
    ]
    if any(who in texts for one in listed for who in one.split(",")):
        return True
    with_commas = [f",{text}," for text in texts if "," in text] if listed else []
    return any(text in one for text in with_commas for one in listed)


def renamed_entry(body: bytes, renaming: Renaming, texts: frozenset[str]) -> bytes | None:
    """The entry, or the part of a snapshot, with surrogates; None where it names none of the erased. `texts`
    are `renaming.texts`.
    """
    entry = decode(body)
    if not names_in(entry, texts):
        return None
    if len(entry.snapshot):
        return _renamed_snapshot(SnapshotText.of(entry.snapshot).in_turn(), renaming)
    if len(entry.part):
        return _renamed_part(SnapshotText.of(entry.part), renaming)
    stored = journal_entry(0, entry).facts
    facts = renamed_facts(stored, renaming)
    return None if facts == stored else encode(facts)


def _renamed_snapshot(old: RingsInTurn, r: Renaming) -> bytes | None:
    """The entry of a snapshot with surrogates, the members of each ring in the order in which they stood."""
    new = replace(
        old,
        rings=InTurn(lambda: (_ring(ring, r) for ring in old.rings)),
        changes=InTurn(lambda: (_change(change, r) for change in old.changes)),
    )
    same = all(one == other for one, other in zip(snapshot_text(old), snapshot_text(new), strict=True))
    return None if same else encode_snapshot(new)


def _renamed_part(old: SnapshotText, r: Renaming) -> bytes | None:
    """The same of a part, which is small enough to be held."""
    rings, changes = tuple(old.rings()), tuple(old.changes())
    new = tuple([_ring(ring, r) for ring in rings]), tuple([_change(change, r) for change in changes])
    return None if new == (rings, changes) else encode_part(*new)


def renamed_facts(facts: Facts, r: Renaming) -> Facts:
    """The facts with surrogates; the lender's own columns and the words of verdicts about the erased are
    gone.
    """
    mentions: dict[int, Mention] = {}  # one object for one: who encodes tells them apart by `is`

    def named(given: Sequence[Mention]) -> tuple[Mention, ...]:
        return tuple([mentions.setdefault(id(m), _mention(m, r)) for m in given])

    return replace(
        facts,
        applications=tuple([_application(a, named(a.mentions), r) for a in facts.applications]),
        events=tuple([_event(e, named(e.mentions), r) for e in facts.events]),
        outcomes=tuple(
            [
                replace(o, application_id=r.applications.get(o.application_id, o.application_id))
                for o in facts.outcomes
            ]
        ),
        labels=tuple([_label(label, r) for label in facts.labels]),
        contacts=tuple(
            [
                replace(
                    c, applicant_id=r.people.get(c.applicant_id, c.applicant_id), phone=_thing(c.phone, r)
                )
                for c in facts.contacts
            ]
        ),
        devices=tuple([replace(d, identifier=_thing(d.identifier, r)) for d in facts.devices]),
    )


def renamed_mentions(mentions: Sequence[Mention], r: Renaming) -> tuple[Mention, ...]:
    """The mentions with the surrogates of identifiers."""
    return tuple([_mention(m, r) for m in mentions])


def renamed_why(word: str, people: Mapping[str, str]) -> str:
    """Why a flag stays or goes with surrogates: people stand in `cleared=a,b` alone."""
    if not word.startswith(_CLEARED):
        return word
    listed = f",{word.removeprefix(_CLEARED)},"
    for old in (who for who in people if "," in who):
        listed = listed.replace(f",{old},", f",{people[old]},")
    return _CLEARED + ",".join(people.get(one, one) for one in listed[1:-1].split(","))


def _change(change: RingChange, r: Renaming) -> RingChange:
    return replace(change, why=tuple([renamed_why(word, r.people) for word in change.why]))


def _ring(ring: Ring, r: Renaming) -> Ring:
    members = [replace(m, applicant_id=r.people.get(m.applicant_id, m.applicant_id)) for m in ring.members]
    return replace(ring, members=tuple(members))


def _application(a: Application, mentions: tuple[Mention, ...], r: Renaming) -> Application:
    if a.applicant_id not in r.people:
        return a if mentions == a.mentions else replace(a, mentions=mentions)
    name = r.applications.get(a.application_id, a.application_id)
    return replace(
        a, applicant_id=r.people[a.applicant_id], application_id=name, mentions=mentions, attributes=()
    )


def _event(e: Event, mentions: tuple[Mention, ...], r: Renaming) -> Event:
    towards = None if e.counterparty_id is None else r.people.get(e.counterparty_id, e.counterparty_id)
    if e.applicant_id not in r.people:
        return replace(e, counterparty_id=towards, mentions=mentions)
    name = r.events.get(e.event_id, e.event_id)
    who = r.people[e.applicant_id]
    return replace(
        e, applicant_id=who, event_id=name, counterparty_id=towards, mentions=mentions, attributes=()
    )


def _label(label: Label, r: Renaming) -> Label:
    loan, who = label.application_id, label.applicant_id
    if loan not in r.applications and who not in r.people:
        return label
    return replace(
        label,
        application_id=loan and r.applications.get(loan, loan),
        applicant_id=who and r.people.get(who, who),
        detail=None,
    )


def _mention(mention: Mention, r: Renaming) -> Mention:
    thing = _thing(mention.identifier, r)
    return mention if thing is mention.identifier else Mention(thing, mention.role)


def _thing(identifier: Identifier, r: Renaming) -> Identifier:
    return r.identifiers.get(identifier.node, identifier)
