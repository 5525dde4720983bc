"""The report of a delivery that no store takes: `report.json` and `rejects.jsonl`, as a load writes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import orjson

from graph import private
from graph.rings.spark.buckets import rows_at, whole
from ingestion.contract import TABLES
from ingestion.excerpts import plain
from ingestion.loading.delivery import Delivery
from ingestion.loading.found import REJECTS
from ingestion.loading.load import ABOUT
from ingestion.loading.rejects import Rejects
from ingestion.loading.report import Report, RowCounts, Unmatched
from ingestion.spark.chunks import chunks
from ingestion.spark.parsing import BAD, BAD_KINDS, COUNT_KINDS, COUNTS, Counts, counts_of
from ingestion.spark.shards import STRANGER_KINDS, STRANGERS, TAKEN, TAKEN_KINDS

_NAMES = tuple(TABLES)
_LEFT_OUT = ("crowds", "seconds")


@dataclass(frozen=True)
class Written:
    """The stages that a report is made of: `parsed` with the number of the first piece of each, in order,
    `refused` where there are rows in conflict, and `sharded`; `lenders` is what the store of the lenders
    said, by feed.
    """

    folder: str
    parsed: Mapping[str, int]
    refused: str
    sharded: str
    lenders: Mapping[int, Counter[str]]


def counts_by_feed(folder: str, parsed: Mapping[str, int]) -> dict[int, list[Counts]]:
    """What was counted of each piece, by feed."""
    found: dict[int, list[Counts]] = {}
    for stage in parsed:
        rows = whole(folder, f"{stage}/{COUNTS}", COUNT_KINDS)
        for feed, said in zip(rows["feed"].tolist(), rows["said"].tolist(), strict=True):
            found.setdefault(feed, []).append(counts_of(said))
    return found


def report_of(delivery: Delivery, written: Written, report_to: Path) -> Report:
    """The figures of the load, written down with the rejects into the folder `report_to`. Neither what many
    hold is among them, which is for a search to find, nor how long it took, in several runs perhaps.
    """
    report = Report(
        delivery=plain(delivery.name),
        mapping=plain(delivery.mapping.name),
        first=True,
        feeds=delivery.feeds,
        left_out=tuple(map(plain, delivery.left_out)),
    )
    for feed in delivery.feeds:
        report.tables[feed.table.name] = RowCounts()
    taken = dict(written.lenders)
    rows = whole(written.folder, f"{written.sharded}/{TAKEN}", TAKEN_KINDS)
    for number, accepted, known in zip(*(rows[name].tolist() for name in TAKEN_KINDS), strict=True):
        taken.setdefault(number, Counter()).update(accepted=accepted, known=known)
    for number, counted in sorted(counts_by_feed(written.folder, written.parsed).items()):
        table = report.feeds[number].table.name
        if read := sum(one.read for one in counted):
            of = taken.get(number, Counter())
            report.count(number, read, of["accepted"], of["known"])
            if table in ABOUT:
                report.unmatched.setdefault(table, Unmatched())
        for one in counted:
            if one.read:
                one.into(report, table)
    _strangers(written, report)
    with Rejects(report_to / REJECTS, delivery.limits.rejects_bytes) as rejects:
        for table, code, line in _bad(written):
            rejects.keep(table, code, partial(str.encode, line))
    report.rejects, report.rejects_not_written = rejects.counts, rejects.left_out
    said = {name: value for name, value in report.as_json().items() if name not in _LEFT_OUT}
    text = orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    private.write(report_to / "report.json", text)
    return report


def _strangers(written: Written, report: Report) -> None:
    rows = whole(written.folder, f"{written.sharded}/{STRANGERS}", STRANGER_KINDS)
    for _, table, name, facts in sorted(zip(*(rows[name].tolist() for name in STRANGER_KINDS), strict=True)):
        unmatched = report.unmatched.setdefault(_NAMES[table], Unmatched())
        unmatched.facts += facts
        unmatched.name(name)


def _bad(written: Written) -> Iterator[tuple[str, str, str]]:
    """Table, code and line of the rejects, piece by piece: of each what cannot be read, then conflicts."""
    by_piece: dict[int, list[str]] = {}
    for stage, first in (*written.parsed.items(), *(((written.refused, 0),) if written.refused else ())):
        for number, files in chunks(written.folder, f"{stage}/{BAD}").items():
            by_piece.setdefault(first + number, []).extend(files)
    for _, files in sorted(by_piece.items()):
        for file in files:
            rows = rows_at(file, BAD_KINDS)
            yield from zip(*(rows[name].tolist() for name in ("table", "code", "line")), strict=True)
