"""Parses one row to a fact of graph.model.types, or reports all its errors; the same for deliveries and
requests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from graph.model.errors import RecordError
from graph.model.types import (
    Application,
    Contact,
    Device,
    Event,
    Label,
    LabelValue,
    Mention,
    Merchant,
    Outcome,
    OutcomeStatus,
    Platform,
    PlatformType,
)
from ingestion.cells import READ, any_text, is_empty, known, text_of
from ingestion.contract import (
    APPLICATIONS,
    CONTACTS,
    DEVICES,
    EVENTS,
    LABELS,
    MERCHANTS,
    OUTCOMES,
    OWN_IDS,
    PLATFORMS,
    Cell,
    Column,
    Table,
    name_space,
)
from ingestion.digits import whole
from ingestion.identifiers.recognise import without_identifiers
from ingestion.identifiers.validity import Validity
from ingestion.parse_context import ParseContext
from ingestion.repeats import Repeats
from ingestion.shapes import joined, shaped

Row = Mapping[str, object]
_IDENTIFIER = Cell.IDENTIFIER
Fact = Application | Event | Outcome | Label | Platform | Merchant | Contact | Device
_SAID_BY_EVENTS = ("kind", "at", "applicant_id", "counterparty_id", "merchant_id", "amount")
FACTS = (Application, Event, Outcome, Label, Platform, Merchant, Contact, Device)


class BadRow(RecordError):
    """Everything that is wrong with a row; the first of `problems` speaks for it."""

    def __init__(self, problems: tuple[RecordError, ...]) -> None:
        super().__init__(problems[0].field, problems[0].code, problems[0].message)
        self.problems = problems


def application(
    row: Row, context: ParseContext, table: Table = APPLICATIONS, at: datetime | None = None
) -> Application:
    """Raises BadRow, a RecordError. It was made `at` that moment where one is given, whatever the row
    says.
    """
    values, mentions = _read(row, context, table)
    if at is not None:
        values["applied_at"] = at
    return Application(**values, mentions=mentions, attributes=_attributes(row, context, table))


def event(row: Row, context: ParseContext, table: Table = EVENTS) -> Event:
    """Raises BadRow. An event without an id gets one of its content, so that the same event again is known.

    What says the same twice in one delivery or request is two events: from the second on, how many came
    before counts as well. Where nobody counts here (`ParseContext.repeats` is None) it stays without.
    """
    values, mentions = _read(row, context, table)
    given = {"event_id": "", **values, "mentions": mentions, "attributes": _attributes(row, context, table)}
    event = Event(**given)
    return event if event.event_id or context.repeats is None else named(event, context.repeats)


def named(event: Event, repeats: Repeats) -> Event:
    """An event without an id with one of its content, and of how many came before that say the same."""
    said = ((name, getattr(event, name)) for name in _SAID_BY_EVENTS)
    values = sorted((name, value) for name, value in said if value is not None)
    content = values, [(m.identifier.node, m.role) for m in event.mentions], event.attributes
    digest = hashlib.sha256(repr(content).encode())
    if (number := repeats.number(digest.digest())) > 1:
        digest.update(b"#%d" % number)
    return replace(event, event_id="e-" + digest.hexdigest()[:24])


def outcome(row: Row, context: ParseContext, table: Table = OUTCOMES) -> Outcome:
    """Raises BadRow."""
    values, _ = _read(row, context, table)
    values["status"] = OutcomeStatus(values["status"])
    return Outcome(**values)


def label(row: Row, context: ParseContext, table: Table = LABELS) -> Label:
    """Raises BadRow. A label with both ids is about the application."""
    values, _ = _read(row, context, table)
    if "application_id" in values:
        values.pop("applicant_id", None)
    values["label"] = LabelValue(values["label"])
    return Label(**values)


def platform(row: Row, context: ParseContext, table: Table = PLATFORMS) -> Platform:
    """Raises BadRow."""
    values, _ = _read(row, context, table)
    values["type"] = PlatformType(values["type"])
    return Platform(**values)


def merchant(row: Row, context: ParseContext, table: Table = MERCHANTS) -> Merchant:
    """Raises BadRow."""
    values, _ = _read(row, context, table)
    return Merchant(**values)


def contact(row: Row, context: ParseContext, table: Table = CONTACTS) -> Contact:
    """Raises BadRow. A placeholder is kept, for a contact is about its phone, and does not link."""
    values, mentions = _read(row, context, table, keep_placeholders=True)
    return Contact(**{"relation": None, **values}, phone=mentions[0].identifier)


def device(row: Row, context: ParseContext, table: Table = DEVICES) -> Device:
    """Raises BadRow. A placeholder is kept and does not link."""
    values, mentions = _read(row, context, table, keep_placeholders=True)
    return Device(**values, identifier=mentions[0].identifier)


# read, and not to be believed
_COSTS_THE_ROW = frozenset(("negative", "in_the_future", "unknown_platform", "not_of_scheme"))


def _read(
    row: Row, context: ParseContext, table: Table, *, keep_placeholders: bool = False
) -> tuple[dict[str, Any], tuple[Mention, ...]]:
    """The row's values by the contract's names, without the unknown ones, and whom it mentions; BadRow with
    all that is wrong.

    In a delivery a cell that cannot be read and need not be there is dropped and counted
    (`ParseContext.dropped`).
    """
    values: dict[str, Any] = {}
    mentions: dict[tuple[str, str], Mention] = {}
    problems: list[RecordError] = []
    droppable: list[RecordError] = []
    for column in table.columns:
        try:
            if column.composed:
                column = _first_good(row, column, context)
                raw = _given(row, column)
            else:
                raw = row.get(column.source)
                raw = None if raw is None else _cell(raw, column)
            if raw is None and column.constant is not None:
                raw = _cell(column.constant, column)
            if raw is not None and column.cell is _IDENTIFIER:
                _mention(raw, column, context, mentions, keep_placeholders)
                continue
            value = None if raw is None else READ[column.cell](raw, column, context)
            if value is not None:
                values[column.name] = value
                if column.lender and context.platforms is not None and value not in context.platforms:
                    raise RecordError(
                        column.name, "unknown_platform", "is no lender of the table `platforms`"
                    )
            elif column.required:
                raise RecordError(column.name, "missing", "is required")
        except RecordError as problem:
            costs = context.dropped is None or column.required or column.key or problem.code in _COSTS_THE_ROW
            (problems if costs else droppable).append(_bare(problem))
    if table.one_of and not any(
        name in values or name in {problem.field for problem in problems} for name in table.one_of
    ):
        problems.append(
            RecordError(table.one_of[0], "missing", f"one of {' and '.join(table.one_of)} is required")
        )
    if problems:
        raise BadRow((*problems, *droppable))
    if context.dropped is not None:
        context.dropped.update((problem.field, problem.code) for problem in droppable)
    if table.per_lender:
        _into_name_space(values, table)
    return values, tuple(mentions.values())


def _bare(problem: RecordError) -> RecordError:
    """Without what Python keeps of where it arose: that holds the row, and the row's problems hold it, until
    the collector comes by.
    """
    return RecordError(problem.field, problem.code, problem.message)


def _into_name_space(values: dict[str, Any], table: Table) -> None:
    """The row's ids become its lender's; only applications keep the lender itself."""
    lender = values["platform_id"] if table.name == APPLICATIONS.name else values.pop("platform_id")
    for name in OWN_IDS & values.keys():
        values[name] = name_space(lender) + values[name]


def _first_good(row: Row, column: Column, context: ParseContext) -> Column:
    """The first of a column and its `others` that says something good: an identifier that links, a cell that
    can be read. Where none does, the first that says anything, so that it is told what is wrong with it.
    """
    if not column.others:
        return column
    says: Column | None = None
    for one in (replace(column, others=(), constant=None), *column.others):
        if (raw := _given(row, one)) is None:
            continue
        says = says or one
        try:
            if one.cell is _IDENTIFIER:
                good = context.pseudonymiser.identify(one, text_of(raw, one.name), context.hash_scheme).valid
            else:
                good = READ[one.cell](raw, one, context) is not None
        except RecordError:
            continue
        if good:
            return one
    return says or column


def _given(row: Row, column: Column) -> object:
    """What a row says in a column, in the form and the words of the contract; None where it says nothing."""
    raw = joined(row, column) if column.joined else row.get(column.source)
    if raw is None:
        return None
    raw = _cell(raw, column)
    return raw if raw is None or not column.shape else shaped(raw, column)


def _cell(raw: object, column: Column) -> object:
    """A cell in the mapping's words, None where nothing is known."""
    if raw is None or is_empty(raw):
        return None
    if column.values is None:
        return known(raw, column)
    text = any_text(raw, column.name)
    return known(column.values.get(text, column.values.get(whole(text), raw)), column)


def _mention(
    raw: object,
    column: Column,
    context: ParseContext,
    mentions: dict[tuple[str, str], Mention],
    keep_placeholders: bool,
) -> None:
    scheme = context.hash_scheme
    named = context.pseudonymiser.cached(column, raw, scheme) or context.pseudonymiser.identify(
        column, text_of(raw, column.name), scheme
    )
    context.identifier_counts[column.name, named.mention.identifier.kind, named.why] += 1
    if named.validity is Validity.PLACEHOLDER and not keep_placeholders:
        return
    mentions[named.key] = named.mention


def _attributes(row: Row, context: ParseContext, table: Table) -> tuple[tuple[str, str], ...]:
    results: list[tuple[str, str]] = []
    for source, name in table.attributes:
        try:
            if not is_empty(row.get(source)):
                results.append((name, without_identifiers(any_text(row[source], name))))
        except RecordError as problem:
            if context.dropped is None:
                raise BadRow((problem,)) from problem
            context.dropped[problem.field, problem.code] += 1
    return tuple(results)


PARSERS: Mapping[str, Callable[[Row, ParseContext, Table], Fact]] = MappingProxyType(
    {
        "applications": application,
        "events": event,
        "outcomes": outcome,
        "labels": label,
        "platforms": platform,
        "merchants": merchant,
        "contacts": contact,
        "devices": device,
    }
)
