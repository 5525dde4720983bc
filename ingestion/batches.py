"""A delivery as batches of facts: what a few thousand rows became, and what was wrong with the others."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

from graph.model.errors import RecordError
from ingestion.contract import Table
from ingestion.delivery import Delivery
from ingestion.door import Door, Seen
from ingestion.limits import CELL, HELD, SETTING
from ingestion.parse import PARSERS, BadRow, Fact
from ingestion.rows import GIVEN_TWICE, TOO_LONG, Record

Problems = tuple[RecordError, ...]
_SAYS = {TOO_LONG: f"the row, or a cell of it, is longer than is read ({SETTING}ROW_BYTES)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """`read` rows of the delivery's feed number `feed`: the facts of one table, the rows behind them, and the bad rows.

    `unknown` counts cells in columns that nothing reads, `seen` the cells of identifiers, `dropped` cells that could not be read, by column and code,
    `words` the words that no list knows, by column.
    """

    feed: int
    read: int
    facts: tuple[Fact, ...]
    good: Callable[[], Sequence[Record]]
    bad: Sequence[tuple[Record, Problems]]
    unknown: Counter[str]
    seen: Seen
    dropped: Counter[tuple[str, str]]
    words: Counter[tuple[str, str]]


def batches(delivery: Delivery, feeds: Sequence[int], door: Door, size: int) -> Generator[Batch, None, None]:
    """Those feeds of the delivery, parsed, in their order, `size` rows at a time."""
    for number in feeds:
        feed = delivery.feeds[number]
        rows, table = delivery.records(feed), delivery.present(feed)
        while records := _some(rows, size, table):
            yield _batch(delivery, (number, table), records, door)


def _some(rows: Iterator[Record], size: int, table: Table) -> list[Record]:
    """The next `size` rows, or fewer where they are long, or where the table makes much of each: a mapping may keep one column many times."""
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
    """The garbage collector looks at every fact made so far again and again, and finds nothing: a sixth of a load. So it looks rarely."""
    usual = gc.get_threshold()
    gc.set_threshold(500_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _batch(delivery: Delivery, read: tuple[int, Table], records: list[Record], door: Door) -> Batch:
    number, table = read
    feed, parse = delivery.feeds[number], PARSERS[table.name]
    dropped: Counter[tuple[str, str]] = Counter()
    door = replace(door, seen=Counter(), dropped=dropped, words=Counter())
    facts: list[Fact] = []
    good: list[Record] = []
    bad: list[tuple[Record, Problems]] = []
    for record in records:
        if record.code:
            twice = (RecordError(path, GIVEN_TWICE, "is given twice in one object") for path in record.twice)
            bad.append((record, tuple(twice) or (RecordError("", record.code, _SAYS.get(record.code, "the row cannot be read")),)))
            continue
        try:
            facts.append(parse(record.cells, door, table))
            good.append(record)
        except BadRow as problem:
            bad.append((record, problem.problems))
    unknown = Counter({name: sum(r.cells.get(name) not in (None, "") for r in records) for name in delivery.unknown_columns(feed)})
    return Batch(
        feed=number,
        read=len(records),
        facts=tuple(facts),
        good=lambda: good,
        bad=bad,
        unknown=unknown,
        seen=door.seen,
        dropped=dropped,
        words=door.words,
    )
