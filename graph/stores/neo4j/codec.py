"""Converts facts to rows for Neo4j and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graph.model.moments import micros, moment
from graph.model.types import (
    Application,
    Contact,
    Device,
    Event,
    Identifier,
    IdentifierKind,
    Label,
    LabelValue,
    Mention,
    Merchant,
    Outcome,
    OutcomeStatus,
    Platform,
    PlatformType,
    Role,
    Tie,
)

Row = list[Any]
ROLES = tuple(Role)
ROLE_CODE = {role: code for code, role in enumerate(ROLES)}
KIND_LABEL: dict[str, str] = {
    kind.value: "".join(part.capitalize() for part in kind.value.split("_")) for kind in IdentifierKind
}
# Made once: json.dumps makes an encoder for each call that asks for something of its own.
_ENCODE = json.JSONEncoder(ensure_ascii=False).encode
_ENCODE_MENTION = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
Pack = Callable[[Sequence[Mention]], str | None]


def identifier_row(identifier: Identifier) -> Row:
    """The columns of cypher.IDENTIFIER, and the label of the kind."""
    kind = str(identifier.kind)
    return [identifier.node, kind, identifier.masked, identifier.linking, KIND_LABEL[kind]]


def identifier_of(row: Sequence[Any]) -> Identifier:
    """The Identifier behind the columns of cypher.IDENTIFIER."""
    node, kind, masked, linking = row
    return Identifier(IdentifierKind(kind), node[len(kind) + 1 :], masked, linking)


def packer(shown: Mapping[str, Identifier]) -> Pack:
    """What makes JSON of mentions, complete in themselves: no second look-up when they are read.

    `shown` has each identifier, by node, as the store shows it. A mention that comes again as the same
    object, as in a batch, is packed once; the caller keeps all of them meanwhile.
    """
    cached: dict[int, str] = {}

    def packed(mention: Mention) -> str:
        i = shown[mention.identifier.node]
        rows = (ROLE_CODE[mention.role], str(i.kind), i.token, i.masked, int(i.linking))
        return cached.setdefault(id(mention), _ENCODE_MENTION(rows))

    def pack(mentions: Sequence[Mention]) -> str | None:
        return f"[{','.join([cached.get(id(m)) or packed(m) for m in mentions])}]" if mentions else None

    return pack


def unpack_mentions(text: str | None) -> tuple[Mention, ...]:
    """The mentions behind what a `packer` made."""
    if not text:
        return ()
    return tuple(
        [
            Mention(Identifier(IdentifierKind(kind), token, masked, bool(link)), ROLES[role])
            for role, kind, token, masked, link in json.loads(text)
        ]
    )


def application_row(a: Application, pack: Pack) -> Row:
    """The columns of cypher.APPLICATION."""
    return [
        a.application_id, a.applicant_id, micros(a.applied_at), a.platform_id, a.product, _number(a.amount),
        a.term_months, a.merchant_id, a.agent_id, a.channel, _number(a.face_match), _number(a.liveness),
        a.phone_three_element, a.birth_year, a.city, a.new_citizen, pack(a.mentions), _pack(a.attributes),
    ]  # fmt: skip


def application_of(row: Sequence[Any]) -> Application:
    """The Application behind `application_row`."""
    return Application(
        application_id=row[0], applicant_id=row[1], applied_at=moment(row[2]), platform_id=row[3],
        product=row[4], amount=row[5], term_months=row[6], merchant_id=row[7], agent_id=row[8],
        channel=row[9], face_match=row[10], liveness=row[11], phone_three_element=row[12], birth_year=row[13],
        city=row[14], new_citizen=row[15], mentions=unpack_mentions(row[16]), attributes=_unpack(row[17]),
    )  # fmt: skip


def event_row(e: Event, pack: Pack) -> Row:
    """The columns of cypher.EVENT."""
    mentions, attributes = pack(e.mentions), _pack(e.attributes)
    return [
        e.event_id,
        e.applicant_id,
        micros(e.at),
        e.kind,
        e.counterparty_id,
        e.merchant_id,
        _number(e.amount),
        mentions,
        attributes,
    ]


def event_of(row: Sequence[Any]) -> Event:
    """The Event behind `event_row`."""
    return Event(
        event_id=row[0], applicant_id=row[1], at=moment(row[2]), kind=row[3], counterparty_id=row[4],
        merchant_id=row[5], amount=row[6], mentions=unpack_mentions(row[7]), attributes=_unpack(row[8]),
    )  # fmt: skip


def outcome_row(o: Outcome) -> Row:
    """The columns of cypher.OUTCOME."""
    return [o.application_id, o.status.value, micros(o.at), _number(o.amount)]


def outcome_of(row: Sequence[Any]) -> Outcome:
    """The Outcome behind `outcome_row`."""
    return Outcome(application_id=row[0], status=OutcomeStatus(row[1]), at=moment(row[2]), amount=row[3])


def label_row(label: Label) -> Row:
    """The columns of cypher.LABEL; an unknown id or source is the empty text, as part of the label's key."""
    return [
        label.application_id or "",
        label.applicant_id or "",
        micros(label.known_at),
        label.source or "",
        label.label.value,
        label.detail,
    ]


def label_of(row: Sequence[Any]) -> Label:
    """The Label behind `label_row`."""
    return Label(
        application_id=row[0] or None, applicant_id=row[1] or None, known_at=moment(row[2]),
        source=row[3] or None, label=LabelValue(row[4]), detail=row[5],
    )  # fmt: skip


def contact_row(contact: Contact) -> Row:
    """(applicant_id, node of the phone, at, relation)."""
    return [contact.applicant_id, contact.phone.node, micros(contact.at), contact.relation or ""]


def platform_row(p: Platform) -> Row:
    """The columns of cypher.PLATFORM."""
    return [p.platform_id, p.type.value, p.is_own]


def platform_of(row: Sequence[Any]) -> Platform:
    """The Platform behind `platform_row`."""
    return Platform(platform_id=row[0], type=PlatformType(row[1]), is_own=row[2])


def merchant_row(m: Merchant) -> Row:
    """The columns of cypher.MERCHANT."""
    return [m.merchant_id, m.category, m.city, None if m.opened_at is None else micros(m.opened_at)]


def merchant_of(row: Sequence[Any]) -> Merchant:
    """The Merchant behind `merchant_row`."""
    return Merchant(
        merchant_id=row[0], category=row[1], city=row[2], opened_at=None if row[3] is None else moment(row[3])
    )


def device_row(d: Device) -> Row:
    """The columns of cypher.DEVICE."""
    return [d.identifier.node, d.os, d.model, d.is_emulator, d.is_rooted]


def tie_of(applicant_id: str, identifier: Identifier, row: Sequence[Any]) -> Tie:
    """(role code, since, last) as a Tie."""
    return Tie(applicant_id, identifier, ROLES[row[0]], moment(row[1]), moment(row[2]))


def _number(value: float | None) -> float | None:
    """Amounts are floats in the store, however they were given."""
    return None if value is None else float(value)


def _pack(attributes: tuple[tuple[str, str], ...]) -> str | None:
    return _ENCODE(attributes) if attributes else None


def _unpack(text: str | None) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in json.loads(text)) if text else ()
