"""Feeds: which rows of which source fill which table of the contract, as a mapping says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graph.model.errors import DeliveryError
from ingestion.contract import Table
from ingestion.excerpts import plain
from ingestion.mappings.conditions import Condition, Range
from ingestion.sources.recoding import UTF8, Format


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One table's rows from one source: files or folders of the delivery, or rows that the mapping gives
    itself.

    `source` names it; of several, `files` are their names or patterns. `form` says how their text is written.
    """

    table: Table
    source: str
    files: tuple[str, ...] = ()
    form: Format = UTF8
    where: tuple[Condition | Range, ...] = ()
    rows: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A mapping, read and checked: its feeds in the order of loading, and the time zone of times without an
    offset (empty: the setting's).
    """

    name: str
    timezone: str = ""
    feeds: tuple[Feed, ...] = field(default=())


def sources(feeds: Sequence[Feed]) -> dict[str, Feed]:
    """What the feeds read, by its name, each with the first feed that reads it. Raises DeliveryError where
    two read it in different forms.
    """
    results: dict[str, Feed] = {}
    for feed in feeds:
        if feed.source and results.setdefault(feed.source, feed).form != feed.form:
            raise DeliveryError(
                f"{plain(feed.source)}: two tables read it with different `encoding` or `delimiter`"
            )
    return results
