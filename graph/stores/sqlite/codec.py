"""Converts facts to rows of the embedded store and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from graph.model.moments import micros, moment
from graph.model.types import (
    Application,
    Event,
    Identifier,
    IdentifierKind,
    Label,
    LabelValue,
    Mention,
    Outcome,
    OutcomeStatus,
    Role,
)
from graph.stores.embedded_connection import damaged

Row = tuple[Any, ...]
P = ParamSpec("P")
T = TypeVar("T")
KIND_CODE = {kind: code for code, kind in enumerate(IdentifierKind)}
ROLE_CODE = {role: code for code, role in enumerate(Role)}
KINDS = tuple(IdentifierKind)
ROLES = tuple(Role)

APPLICATION_COLUMNS = (
    "application_id, applicant, at, platform_id, product, amount, term_months, merchant_id, agent_id, "
    "channel, face_match, liveness, phone_three_element, birth_year, city, new_citizen, mentions, "
    "attributes"
)
EVENT_COLUMNS = "event_id, applicant, at, kind, counterparty, merchant_id, amount, mentions, attributes"


def of_written(convert: Callable[P, T]) -> Callable[P, T]:
    """Of rows as they were written; of others, as a damaged page may hold them, it raises
    StoreUnavailableError. What they say is not repeated: it may be somebody's.
    """

    @wraps(convert)
    def converted(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return convert(*args, **kwargs)
        except (LookupError, ValueError, TypeError, OverflowError) as error:
            raise damaged("store", f"a row cannot be what was written: {type(error).__name__}") from error

    return converted


@of_written
def identifier_of(row: Sequence[Any]) -> Identifier:
    """(kind, token, masked, linking) as an Identifier."""
    return Identifier(KINDS[row[0]], row[1], row[2], bool(row[3]))


def pack_mentions(mentions: Iterable[tuple[int, int]]) -> str:
    """(role code, identifier key) pairs as text, in the order given."""
    return ",".join(f"{role}:{key}" for role, key in mentions)


@of_written
def mentioned(texts: Iterable[str]) -> set[int]:
    """The identifier keys in such texts."""
    return {int(part[2:]) for text in texts if text for part in text.split(",")}


def unpack_mentions(text: str, resolve: Mapping[int, Identifier]) -> tuple[Mention, ...]:
    """The mentions behind `pack_mentions`; `resolve` has the identifier of each key."""
    if not text:
        return ()
    return tuple([Mention(resolve[int(part[2:])], ROLES[int(part[0])]) for part in text.split(",")])


def pack_attributes(attributes: tuple[tuple[str, str], ...]) -> str:
    """Attributes as JSON, the empty text for none."""
    return json.dumps(attributes, ensure_ascii=False) if attributes else ""


def unpack_attributes(text: str) -> tuple[tuple[str, str], ...]:
    """The attributes behind `pack_attributes`."""
    return tuple((name, value) for name, value in json.loads(text)) if text else ()


def application_row(a: Application, applicant: int, mentions: str) -> Row:
    """The columns of APPLICATION_COLUMNS."""
    return (
        a.application_id, applicant, micros(a.applied_at), a.platform_id, a.product, a.amount, a.term_months,
        a.merchant_id, a.agent_id, a.channel, a.face_match, a.liveness, a.phone_three_element, a.birth_year,
        a.city, a.new_citizen, mentions, pack_attributes(a.attributes),
    )  # fmt: skip


@of_written
def application_of(row: Row, applicant_id: str, resolve: Mapping[int, Identifier]) -> Application:
    """A row of APPLICATION_COLUMNS as an Application."""
    return Application(
        application_id=row[0], applied_at=moment(row[2]), applicant_id=applicant_id, platform_id=row[3],
        product=row[4], amount=row[5], term_months=row[6], merchant_id=row[7], agent_id=row[8],
        channel=row[9], face_match=row[10], liveness=row[11], phone_three_element=_truth(row[12]),
        birth_year=row[13], city=row[14], new_citizen=_truth(row[15]),
        mentions=unpack_mentions(row[16], resolve), attributes=unpack_attributes(row[17]),
    )  # fmt: skip


def event_row(e: Event, applicant: int, counterparty: int | None, mentions: str) -> Row:
    """The columns of EVENT_COLUMNS."""
    return (
        e.event_id,
        applicant,
        micros(e.at),
        e.kind,
        counterparty,
        e.merchant_id,
        e.amount,
        mentions,
        pack_attributes(e.attributes),
    )


@of_written
def event_of(row: Row, people: tuple[str, str | None], resolve: Mapping[int, Identifier]) -> Event:
    """A row of EVENT_COLUMNS as an Event; `people` are the ids of applicant and counterparty."""
    return Event(
        event_id=row[0], kind=row[3], at=moment(row[2]), applicant_id=people[0], counterparty_id=people[1],
        merchant_id=row[5], amount=row[6], mentions=unpack_mentions(row[7], resolve),
        attributes=unpack_attributes(row[8]),
    )  # fmt: skip


def outcome_row(o: Outcome) -> Row:
    """(application_id, status, at, amount)."""
    return (o.application_id, o.status.value, micros(o.at), o.amount)


@of_written
def outcome_of(row: Row) -> Outcome:
    """The Outcome behind `outcome_row`."""
    return Outcome(application_id=row[0], status=OutcomeStatus(row[1]), at=moment(row[2]), amount=row[3])


def label_row(label: Label) -> Row:
    """(application_id, applicant_id, known_at, source, label, detail); an unknown id or source is the empty
    text.
    """
    return (
        label.application_id or "",
        label.applicant_id or "",
        micros(label.known_at),
        label.source or "",
        label.label.value,
        label.detail,
    )


@of_written
def label_of(row: Row) -> Label:
    """The Label behind `label_row`."""
    return Label(
        application_id=row[0] or None, applicant_id=row[1] or None, known_at=moment(row[2]),
        source=row[3] or None, label=LabelValue(row[4]), detail=row[5],
    )  # fmt: skip


def _truth(value: int | None) -> bool | None:
    return None if value is None else bool(value)
