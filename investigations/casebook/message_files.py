"""Messages to others in the casebook: owed from the transaction in which something happens until every
endpoint has them, or they are dead letters.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from graph.model.erasure import is_surrogate
from graph.model.moments import micros, moment
from investigations.casebook.engine import Engines, insert_into, insert_new
from investigations.casebook.tables.watch_tables import DELIVERIES, MESSAGES, OWED_MESSAGES
from investigations.watch.messages import Message, MessageType

ADDRESSED_AT_ONCE = 500  # messages


class DeliveryState(StrEnum):
    """How far a message is on its way to an endpoint; `dropped` is not sent, because it is about somebody who
    was erased.
    """

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMessage:
    """A message as it was kept; by its `position` and an endpoint a delivery is named."""

    position: int
    message_id: str
    type: MessageType
    subject: str
    at: datetime
    platform_id: str | None
    data: Mapping[str, Any]

    @property
    def about_erased(self) -> bool:
        """Whether it is about somebody who was erased: its receivers know nobody by the new name."""
        ids = (self.subject.partition(":")[2], self.data.get("applicant_id"), self.data.get("application_id"))
        return any(is_surrogate(one) for one in ids if one)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDelivery:
    """A message on its way to an endpoint. `error` says why the last attempt failed."""

    message: KeptMessage
    endpoint: str
    state: DeliveryState
    attempts: int
    due: datetime
    error: str | None = None


def owe_messages(connection: sa.Connection, messages: Sequence[Message]) -> None:
    """Keep those messages in the transaction of what they tell of, each once and for all."""
    rows = {
        one.message_id: {
            "message_id": one.message_id,
            "at": micros(one.at),
            "type": one.type.value,
            "subject": one.subject,
            "platform_id": one.platform_id,
            "data": json.dumps(one.data, ensure_ascii=False),
        }
        for one in messages
    }
    for message_id in insert_new(connection, MESSAGES.c.message_id, rows):
        position = sa.select(MESSAGES.c.position).where(MESSAGES.c.message_id == message_id)
        connection.execute(sa.insert(OWED_MESSAGES).from_select(["message"], position))


class MessageFiles:
    """The messages in a casebook and their deliveries."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def has_work(self, now: datetime) -> bool:
        """Whether a message is owed, or a delivery due."""
        due = sa.select(DELIVERIES.c.message).where(
            DELIVERIES.c.state == DeliveryState.WAITING.value, DELIVERIES.c.due <= micros(now)
        )
        with self._engines.reading() as connection:
            return any(
                connection.execute(query.limit(1)).first() is not None
                for query in (sa.select(OWED_MESSAGES.c.message), due)
            )

    def address(self, wanted: Mapping[str, Callable[[KeptMessage], bool]], now: datetime) -> int:
        """Address what is owed to the endpoints that want it; returns how many messages. An endpoint that
        comes later gets nothing from before.
        """
        query = sa.select(MESSAGES).join(OWED_MESSAGES, OWED_MESSAGES.c.message == MESSAGES.c.position)
        with self._engines.writing() as connection:
            rows = (
                connection.execute(query.order_by(MESSAGES.c.position).limit(ADDRESSED_AT_ONCE))
                .mappings()
                .all()
            )
            values = [
                {
                    "message": row["position"], "endpoint": name, "subject": row["subject"],
                    "state": DeliveryState.WAITING.value, "attempts": 0, "due": micros(now),
                }
                for row, message in zip(rows, map(_message, rows), strict=True)
                for name, wants in wanted.items()
                if wants(message)
            ]  # fmt: skip
            if values:
                connection.execute(insert_into(connection, DELIVERIES).on_conflict_do_nothing(), values)
            if rows:
                done = OWED_MESSAGES.c.message.in_([row["position"] for row in rows])
                connection.execute(sa.delete(OWED_MESSAGES).where(done))
        return len(rows)

    def due(self, endpoint: str, now: datetime, limit: int) -> tuple[MessageDelivery, ...]:
        """What is to be sent to that endpoint now, oldest first: of each subject the oldest waiting one, if
        it is due.
        """
        earlier = DELIVERIES.alias()
        blocked = (
            sa.select(earlier.c.message)
            .where(
                earlier.c.endpoint == endpoint,
                earlier.c.state == DeliveryState.WAITING.value,
                earlier.c.subject == DELIVERIES.c.subject,
                earlier.c.message < DELIVERIES.c.message,
            )
            .exists()
        )
        chosen = (
            DELIVERIES.c.endpoint == endpoint,
            DELIVERIES.c.state == DeliveryState.WAITING.value,
            DELIVERIES.c.due <= micros(now),
            ~blocked,
        )
        return self._deliveries(chosen, limit)

    def waiting(self, one: MessageDelivery) -> MessageDelivery | None:
        """A delivery as it is now: an erasure may have changed its message since it was read; None where it
        waits no more.
        """
        still = (*_named(one), DELIVERIES.c.state == DeliveryState.WAITING.value)
        return next(iter(self._deliveries(still, 1)), None)

    def drop(self, one: MessageDelivery) -> None:
        """Do not send it, nor keep the next one about the same waiting."""
        with self._engines.writing() as connection:
            dropped = sa.update(DELIVERIES).where(*_still(one))
            connection.execute(dropped.values(state=DeliveryState.DROPPED.value))

    def attempted(self, one: MessageDelivery, state: DeliveryState, due: datetime, error: str | None) -> None:
        """What became of an attempt to send: `due` is when the next one is.

        What was sent stays sent, and what failed changes nothing where somebody else has tried since it was
        read: whoever was frozen meanwhile may come late.
        """
        values = {
            "state": state.value, "attempts": one.attempts + 1, "due": micros(due), "error": error,
        }  # fmt: skip
        changed = _named(one) if state is DeliveryState.SENT else _still(one)
        with self._engines.writing() as connection:
            connection.execute(sa.update(DELIVERIES).where(*changed).values(values))

    def deliveries(self, state: DeliveryState | None, limit: int = 1000) -> tuple[MessageDelivery, ...]:
        """Deliveries in that state (default: all), oldest first."""
        return self._deliveries((DELIVERIES.c.state == state.value,) if state else (), limit)

    def send_again(self, ids: Collection[str], now: datetime, endpoint: str | None = None) -> int:
        """Let dead letters be sent again: those with these message ids (default: all), to that endpoint
        (default: all); returns how many.
        """
        chosen = [DELIVERIES.c.state == DeliveryState.DEAD.value]
        if ids:
            named = sa.select(MESSAGES.c.position).where(MESSAGES.c.message_id.in_(ids))
            chosen.append(DELIVERIES.c.message.in_(named))
        if endpoint is not None:
            chosen.append(DELIVERIES.c.endpoint == endpoint)
        values = {"state": DeliveryState.WAITING.value, "attempts": 0, "due": micros(now)}
        with self._engines.writing() as connection:
            return connection.execute(sa.update(DELIVERIES).where(*chosen).values(values)).rowcount

    def backlog(self) -> Mapping[DeliveryState, int]:
        """How many deliveries are waiting, and how many dead."""
        query = (
            sa.select(DELIVERIES.c.state, sa.func.count())
            .where(DELIVERIES.c.state != DeliveryState.SENT.value)
            .group_by(DELIVERIES.c.state)
        )
        with self._engines.reading() as connection:
            counts = {DeliveryState(state): count for state, count in connection.execute(query).all()}
        return {state: counts.get(state, 0) for state in (DeliveryState.WAITING, DeliveryState.DEAD)}

    def _deliveries(self, chosen: Sequence[Any], limit: int) -> tuple[MessageDelivery, ...]:
        query = (
            sa.select(
                MESSAGES, DELIVERIES.c.endpoint, DELIVERIES.c.state, DELIVERIES.c.attempts, DELIVERIES.c.due,
                DELIVERIES.c.error,
            )
            .join(MESSAGES, MESSAGES.c.position == DELIVERIES.c.message)
            .where(*chosen)
            .order_by(DELIVERIES.c.message, DELIVERIES.c.endpoint)
            .limit(limit)
        )  # fmt: skip
        with self._engines.reading() as connection:
            return tuple(map(_delivery, connection.execute(query).mappings().all()))


def _named(one: MessageDelivery) -> tuple[Any, ...]:
    return DELIVERIES.c.message == one.message.position, DELIVERIES.c.endpoint == one.endpoint


def _still(one: MessageDelivery) -> tuple[Any, ...]:
    """Nobody has tried to send it since it was read."""
    waits = DELIVERIES.c.state == DeliveryState.WAITING.value
    return (*_named(one), waits, DELIVERIES.c.attempts == one.attempts)


def _message(row: Any) -> KeptMessage:
    return KeptMessage(
        position=row["position"],
        message_id=row["message_id"],
        type=MessageType(row["type"]),
        subject=row["subject"],
        at=moment(row["at"]),
        platform_id=row["platform_id"],
        data=json.loads(row["data"]),
    )


def _delivery(row: Any) -> MessageDelivery:
    return MessageDelivery(
        message=_message(row),
        endpoint=row["endpoint"],
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        due=moment(row["due"]),
        error=row["error"],
    )
