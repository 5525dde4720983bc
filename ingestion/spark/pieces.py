"""The pieces of a delivery that tasks parse, and the positions of its rows in the order of a load."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from graph.facts.tables import Column
from graph.model.errors import RingfenceError
from ingestion.excerpts import plain
from ingestion.loading.delivery import Delivery
from ingestion.sources.files import Source
from ingestion.sources.rows import Record

LINES = 40  # bits: no file has as many lines
Positions = TypeVar("Positions", int, Column)


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of the feed of that number, of a large parquet file a range of its rows, or the rows that a
    mapping gives itself.
    """

    feed: int
    part: int
    rows: int

    def records(self, delivery: Delivery) -> Iterator[Record]:
        """Its rows. Raises RingfenceError where this machine does not see the file, or cannot read it."""
        feed = delivery.feeds[self.feed]
        source = delivery.sources.get(feed.source)
        if not isinstance(source, Source):
            yield from delivery.records(feed, (self.part, self.rows))
            return
        file = source.parts[self.part].file
        file.check_seen()
        try:
            yield from delivery.records(feed, (self.part, self.rows))
        except OSError as error:
            raise RingfenceError(
                f"{plain(file.name)} of the delivery could be read before, and cannot any more "
                f"({plain(str(error), 200)}): see that every executor may read {file.path}, and give the "
                "command again"
            ) from error


def pieces_of(delivery: Delivery) -> tuple[Piece, ...]:
    """All pieces in the order in which a load reads them."""
    return tuple(
        Piece(number, part, rows)
        for number, feed in enumerate(delivery.feeds)
        for part, ranges in enumerate(delivery.ranges(feed))
        for rows in range(ranges)
    )


def position_of(piece: int, line: int) -> int:
    """The position of a row: that of an earlier one is smaller."""
    return piece << LINES | line


def piece_at(position: Positions) -> Positions:
    """The number of the piece in which that row is, or each of those rows."""
    return position >> LINES


def line_at(position: int) -> int:
    """Its line there, as `Record` counts them."""
    return position & (1 << LINES) - 1
