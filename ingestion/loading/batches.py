"""A delivery as batches: the facts of a few thousand rows each, and the rejected rows."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

from graph.model.errors import RecordError
from ingestion.contract import Table
from ingestion.loading.delivery import Delivery
from ingestion.parse import PARSERS, BadRow, Fact
from ingestion.parse_context import IdentifierCounts, ParseContext
from ingestion.sources.limits import CELL, HELD, SETTING
from ingestion.sources.rows import GIVEN_TWICE, TOO_LONG, Record

Problems = tuple[RecordError, ...]
_SAYS = {TOO_LONG: f"the row, or a cell of it, is longer than is read ({SETTING}ROW_BYTES)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedBatch:
    """`read` rows of the delivery's feed number `feed`: the facts of one table, the rows behind them, and the
    bad rows.

    `unknown` counts cells in columns that nothing reads, `identifier_counts` the cells of identifiers,
    `dropped` cells that could not be read, by column and code, `words` the words that no list knows, by
    column.
    """

    feed: int
    read: int
    facts: tuple[Fact, ...]
    good: Callable[[], Sequence[Record]]
    bad: Sequence[tuple[Record, Problems]]
    unknown: Counter[str]
    identifier_counts: IdentifierCounts
    dropped: Counter[tuple[str, str]]
    words: Counter[tuple[str, str]]


def batches(
    delivery: Delivery, feeds: Sequence[int], context: ParseContext, size: int
) -> Generator[ParsedBatch, None, None]:
    """Those feeds of the delivery, parsed, in their order, `size` rows at a time."""
    for number in feeds:
        yield from batches_of(delivery, number, delivery.records(delivery.feeds[number]), context, size)


def batches_of(
    delivery: Delivery, number: int, rows: Iterator[Record], context: ParseContext, size: int
) -> Generator[ParsedBatch, None, None]:
    """`rows` of the feed of that number, parsed, `size` at a time."""
    table = delivery.present(delivery.feeds[number])
    while records := _some(rows, size, table):
        yield _batch(delivery, (number, table), records, context)


def _some(rows: Iterator[Record], size: int, table: Table) -> list[Record]:
    """The next `size` rows, or fewer where they are long, or where the table makes much of each: a mapping
    may keep one column many times.
    """
    taken: list[Record] = []
    times = max(Counter(source for source, _ in table.attributes).values(), default=1)
    held, least = 0, CELL * len(table.attributes)
    for record in islice(rows, size):
        taken.append(record)
        held += record.weight * times + least
        if held > HELD:
            break
    return taken


@contextmanager
def few_collections() -> Iterator[None]:
    """Collect garbage rarely: the collector would scan all facts again and again without finding any, a sixth
    of a load's time.
    """
    usual = gc.get_threshold()
    gc.set_threshold(500_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _batch(
    delivery: Delivery, read: tuple[int, Table], records: list[Record], context: ParseContext
) -> ParsedBatch:
    number, table = read
    feed, parse = delivery.feeds[number], PARSERS[table.name]
    dropped: Counter[tuple[str, str]] = Counter()
    context = replace(context, identifier_counts=Counter(), dropped=dropped, words=Counter())
    facts: list[Fact] = []
    good: list[Record] = []
    bad: list[tuple[Record, Problems]] = []
    for record in records:
        if record.code:
            twice = (RecordError(path, GIVEN_TWICE, "is given twice in one object") for path in record.twice)
            bad.append(
                (
                    record,
                    tuple(twice)
                    or (RecordError("", record.code, _SAYS.get(record.code, "the row cannot be read")),),
                )
            )
            continue
        try:
            facts.append(parse(record.cells, context, table))
            good.append(record)
        except BadRow as problem:
            bad.append((record, problem.problems))
    unknown = Counter(
        {
            name: sum(r.cells.get(name) not in (None, "") for r in records)
            for name in delivery.unknown_columns(feed)
        }
    )
    return ParsedBatch(
        feed=number,
        read=len(records),
        facts=tuple(facts),
        good=lambda: good,
        bad=bad,
        unknown=unknown,
        identifier_counts=context.identifier_counts,
        dropped=dropped,
        words=context.words,
    )
