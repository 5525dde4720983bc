"""/feedback, /events and /outcomes: stores facts without scoring; one object or a list, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Blueprint, Response, g
from werkzeug.exceptions import RequestEntityTooLarge

from graph.model.errors import (
    ErasedError,
    KnownOtherwiseError,
    RecordError,
    StoreError,
    StoreUnavailableError,
)
from graph.model.types import Event, Facts
from ingestion import parse
from ingestion.contract import TABLES, Table
from ingestion.event_kinds import misspelt
from ingestion.parse import BadRow, Row
from ingestion.parse_context import ParseContext
from service.assessment import bodies
from service.http.calls import app_context, binding, handover, json_body, spend
from service.http.schemas.answers import FactsTaken
from service.http.schemas.request_schemas import MOST

bp = Blueprint("facts", __name__)

SLICE = 50  # facts that are read before others have their turn


@bp.post("/feedback")
def feedback() -> Response:
    """Labels: what somebody concluded about an application or an applicant, known from `known_at` on."""
    return _take("labels", parse.label)


@bp.post("/events")
def events() -> Response:
    """Events: logins, transfers, repayments and the like."""
    return _take("events", _event)


@bp.post("/outcomes")
def outcomes() -> Response:
    """Outcomes: what became of an application."""
    return _take("outcomes", parse.outcome)


def _event(row: Row, context: ParseContext, shape: Table) -> Event:
    """An event; of a kind that nobody means, none: it would be counted and say nothing, for ever."""
    event = parse.event(row, context, shape)
    if (meant := misspelt(event.kind)) is not None:
        raise RecordError("kind", "unknown_kind", f"is no kind that means anything; the nearest is {meant}")
    return event


def _take(table: str, parser: Callable[..., Any]) -> Response:
    body = json_body(app_context().settings.max_batch_bytes)
    rows = body if isinstance(body, list) else [bodies.as_object(body)]
    if len(rows) > MOST:
        raise RequestEntityTooLarge(f"at most {MOST} facts in one request; this one has {len(rows)}")
    spend(len(rows))
    facts, ignored = _parsed(rows, table, parser, single=not isinstance(body, list))
    added = app_context().writer.add(Facts(**{table: facts}), wait_ms=app_context().settings.timeout_ms)
    if added is None:
        raise StoreUnavailableError(
            "the store is busy: send the facts again, what is known already is not doubled"
        )
    if added.conflicts and len(facts) == 1:
        raise KnownOtherwiseError(f"{table}: known already with other content")
    erased = [one.position for one in added.refused]
    if erased and len(facts) == 1:
        raise ErasedError(f"{table}: it names somebody who was erased, and is not taken")
    conflicts = [position for _, position in added.conflicts]
    unmatched = _unmatched(table, facts, [*conflicts, *erased])
    taken = FactsTaken(accepted=added.accepted, known=added.known, conflicts=conflicts, unmatched=unmatched)
    if erased:
        taken["erased"] = erased
    if ignored:
        taken["ignored"] = list(ignored)
    return Response(orjson.dumps(taken), mimetype="application/json")


def _unmatched(table: str, facts: tuple[Any, ...], left_out: list[int]) -> int | None:
    """How many of the facts that the store has are about nobody it knows; None where it cannot say now: the
    facts are taken all the same.
    """
    try:
        with app_context().store.within(app_context().settings.timeout_ms / 1000):
            return sum(
                position not in left_out
                for _, position in app_context().store.unmatched(Facts(**{table: facts}))
            )
    except StoreError:
        return None


def _parsed(
    rows: list[Any], table: str, parser: Callable[..., Any], *, single: bool
) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """The facts and the names that nobody reads, or BadRow with all that is wrong, each field under its
    position in a list (`[3].known_at`).
    """
    parse_context = ParseContext(app_context().pseudonymiser, g.arrived, app_context().zone)
    facts: list[Any] = []
    ignored: list[str] = []
    results: list[RecordError] = []
    for position, row in enumerate(rows):
        if position % SLICE == SLICE - 1:
            handover().give_way()
        place = "" if single else f"[{position}]."
        try:
            fact, unread = _one(row, parse_context, table, parser)
            facts.append(fact)
            ignored += [place + name for name in unread]
        except RecordError as error:
            results += [
                RecordError((place + one.field).removesuffix("."), one.code, one.message)
                for one in getattr(error, "problems", (error,))
            ]
    if results:
        raise BadRow(tuple(results))
    return tuple(facts), tuple(ignored[: bodies.NAMED])


def _one(
    row: Any, parse_context: ParseContext, table: str, parser: Callable[..., Any]
) -> tuple[Any, tuple[str, ...]]:
    if not isinstance(row, Mapping):
        raise RecordError("", "unreadable_row", "must be an object")
    shape = binding().table(bodies.table_for(row, table) if table == "events" else TABLES[table])
    summary, shape, problems, ignored = bodies.flat(bodies.as_object(row), shape)
    if problems:
        raise BadRow(problems)
    return parser(summary, parse_context, shape), ignored
