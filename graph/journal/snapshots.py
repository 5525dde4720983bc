"""Ring snapshots as JSON: in one piece or in parts for the journal, ring by ring for the stores; floats
round-trip exactly.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graph.facts.tables import Column
from graph.journal.ring_rows import RingRows, ring_rows
from graph.model.moments import micros, moment
from graph.model.rings_in_turn import AnySnapshot, InTurn, RingsInTurn
from graph.model.types import Ring, RingChange, RingKind, RingMember, RingSnapshot

_DECODER = json.JSONDecoder()
_NO_RINGS, _NO_CHANGES = np.frombuffer(b"[]", "u1"), b'"changes": []}'
_PLAIN = (
    "kind", "score", "state", "confirmed_bad", "suspected", "bad_rate", "exposure", "hubs_ignored", "density",
    "burst_days", "platforms", "reason_codes", "crew_id",
)  # fmt: skip


def snapshot_text(snapshot: AnySnapshot) -> Iterator[bytes]:
    """A snapshot as JSON, with its rings, their members and what changed: piece by piece, a ring in each."""
    yield f'{{"name": {_json(snapshot.name)}, "as_of": {micros(snapshot.as_of)}'.encode()
    for name, rows in (("rings", map(_whole, snapshot.rings)), ("changes", map(_row, snapshot.changes))):
        yield f', "{name}": ['.encode()
        for number, row in enumerate(rows):
            yield f"{', ' if number else ''}{_json(row)}".encode()
        yield b"]"
    yield b"}"


@dataclass(frozen=True)
class SnapshotText:
    """The text behind `snapshot_text`, or of a part of a snapshot, of which rings are read one after the
    other; `body` (bytes,).
    """

    body: Column
    rows: RingRows

    @classmethod
    def of(cls, body: Column) -> SnapshotText:
        """Looks the text through for its rings."""
        return cls(body, ring_rows(body))

    def rings(self) -> Iterator[Ring]:
        """All, as they stand there."""
        return map(self.ring, range(len(self.rows.begins)))

    def ring(self, place: int) -> Ring:
        """The one at that place."""
        return ring_from(self._at(place))

    def ids(self) -> list[str]:
        """The rings' ids, as they stand there."""
        return [_DECODER.raw_decode(self._at(place), 1)[0] for place in range(len(self.rows.begins))]

    def changes(self) -> Iterator[RingChange]:
        """What changed, as far as it stands there."""
        return (_change(*row) for row in self._beside_rings()["changes"])

    def change(self, ring_id: str) -> RingChange | None:
        """The change of that ring, where it stands there; no other is decoded."""
        text, begin, at = str(self.body[self.rows.end :].tobytes(), "utf-8"), f"[{_json(ring_id)}, ", -1
        while (at := text.find(begin, at + 1)) >= 0:
            row = _DECODER.raw_decode(text, at)[0]
            if len(row) > 2 and isinstance(row[2], list):  # otherwise it is a list of rings in another's
                return _change(*row)
        return None

    def in_turn(self) -> RingsInTurn:
        """Name and moment of a whole snapshot; rings and changes as they stand there."""
        record = self._beside_rings()
        return RingsInTurn(
            name=record["name"],
            as_of=moment(record["as_of"]),
            rings=InTurn(self.rings),
            changes=InTurn(self.changes),
        )

    def without_rings(self) -> SnapshotText:
        """A text of its own that has all but the rings."""
        before, after = self.body[: self.rows.begin], self.body[self.rows.end :]
        return SnapshotText.of(np.concatenate([before, _NO_RINGS, after]))

    def _beside_rings(self) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(self.without_rings().body.tobytes())
        return record

    def _at(self, place: int) -> str:
        begin, end = self.rows.begins[place], self.rows.ends[place]
        return str(self.body[begin:end].tobytes(), "utf-8")


def has_changes(body: Column) -> bool:
    """Whether anything is said of changes in the text behind `snapshot_text`, or of a part."""
    return body[-len(_NO_CHANGES) :].tobytes() != _NO_CHANGES


def snapshot_of(body: Column) -> RingSnapshot:
    """The snapshot behind `snapshot_text`, whole; `body` (bytes,)."""
    given = SnapshotText.of(body).in_turn()
    return RingSnapshot(
        name=given.name, as_of=given.as_of, rings=tuple(given.rings), changes=tuple(given.changes)
    )


def ring_text(ring: Ring) -> bytes:
    """A ring with its members as JSON."""
    return _json(_whole(ring)).encode()


def change_text(change: RingChange) -> bytes:
    """A change as JSON."""
    return _json(_row(change)).encode()


def ring_from(text: str | bytes) -> Ring:
    """The ring behind `ring_text`."""
    ring_id, body, members = json.loads(text)
    return _ring(ring_id, body, tuple(map(member_of, members)))


def ring_body(ring: Ring) -> str:
    """A ring without its members as JSON."""
    return json.dumps(_plain(ring))


def ring_of(ring_id: str, body: str, members: tuple[RingMember, ...]) -> Ring:
    """The Ring behind `ring_body`, or behind what an older version wrote, with these members."""
    return _ring(ring_id, json.loads(body), members)


def member_row(m: RingMember) -> tuple[str, str, int, int, float]:
    """(applicant_id, role, joined_at, distance_to_core, strength)."""
    return m.applicant_id, m.role, micros(m.joined_at), m.distance_to_core, m.strength


def member_of(row: Sequence[Any]) -> RingMember:
    """The RingMember behind `member_row`."""
    return RingMember(
        applicant_id=row[0], role=row[1], joined_at=moment(row[2]), distance_to_core=row[3], strength=row[4]
    )


def changes_of(text: str) -> tuple[RingChange, ...]:
    """The changes in the one text beside a snapshot in which older versions of the stores kept them."""
    return tuple(_change(*row) for row in json.loads(text))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _whole(ring: Ring) -> list[Any]:
    return [ring.ring_id, _plain(ring), [member_row(m) for m in ring.members]]


def _plain(ring: Ring) -> dict[str, Any]:
    columns = {name: getattr(ring, name) for name in _PLAIN}
    return columns | {
        "first_seen": micros(ring.first_seen),
        "last_seen": micros(ring.last_seen),
        "shared_by_kind": dict(ring.shared_by_kind),
    }


def _ring(ring_id: str, body: Mapping[str, Any], members: tuple[RingMember, ...]) -> Ring:
    again = {
        "kind": RingKind(body["kind"]),
        "first_seen": moment(body["first_seen"]),
        "last_seen": moment(body["last_seen"]),
    }
    return Ring(
        **{
            **body,
            **again,
            "ring_id": ring_id,
            "reason_codes": tuple(body["reason_codes"]),
            "members": members,
        }
    )


def _row(c: RingChange) -> list[Any]:
    return [c.ring_id, c.change, c.from_rings, c.joined, c.left, c.jaccard, c.flag, c.why]


def _change(ring_id: str, change: str, sources: list[str], *rest: Any) -> RingChange:
    # snapshots of older versions do not say what became of a flag
    joined, left, jaccard, flag, why = (*rest, "", ())[:5]
    return RingChange(
        ring_id=ring_id,
        change=change,
        from_rings=tuple(sources),
        joined=joined,
        left=left,
        jaccard=jaccard,
        flag=flag,
        why=tuple(why),
    )
