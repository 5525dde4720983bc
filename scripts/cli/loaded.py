"""What a command says on stderr of a delivery that it reads, and of what became of its rows."""

from __future__ import annotations

import logging

from graph.quantities import quantity
from ingestion.excerpts import names, plain
from ingestion.loading.delivery import Delivery
from ingestion.loading.report import Report
from ingestion.sources.limits import SETTING as LIMIT

log = logging.getLogger("ringfence.load")


def say_doubts(delivery: Delivery) -> None:
    """What nothing reads, where it is nearly what is looked for, and which columns of times are read in a
    zone that nobody has said.
    """
    if delivery.left_out:
        near = {name: delivery.near_table(name) for name in delivery.left_out}
        said = [f"{name} (the nearest table is {table})" if table else name for name, table in near.items()]
        log.warning("no table reads %s", names(said))
    for source, column, near_column in delivery.misspelt():
        log.warning(
            "%s: nothing reads the column %s; the nearest that is not there is %s",
            plain(source),
            plain(column),
            near_column,
        )
    for feed in delivery.feeds:
        if guessed := delivery.zone_is_guessed(feed):
            log.warning(
                "%s: %s is INT96, which says no zone: read as UTC; a mapping may say another (`zone`)",
                plain(feed.source),
                names(guessed),
            )


def say(report: Report) -> None:
    """What needs attention, one line each."""
    if report.nobody_applied:
        log.warning("%s", report.nobody_applied)
    if report.rejects_not_written:
        log.warning(
            (
                "rejects.jsonl is full (%sREJECTS_BYTES): %d more bad rows are counted in the report and "
                "not written out"
            ),
            LIMIT,
            report.rejects_not_written,
        )
    for doubt in report.column_warnings:
        log.warning("THIS CANNOT BE RIGHT: %s", doubt)
    for (table, column, code), n in sorted(report.dropped.items()):
        log.warning(
            "%s.%s: %s could not be read (%s): not known, the rest of the row is taken",
            table,
            column,
            quantity(n, "cell"),
            code,
        )
    for table, columns in report.as_json()["unknown_words"].items():
        for column, words in columns.items():
            log.warning(
                "%s.%s: no words of ours: %s; a mapping translates them (`values`)",
                table,
                column,
                names(words),
            )
    if report.strange_kinds:
        log.warning(
            "kinds of events that mean nothing to a signal: %s; they are counted, their identifiers link",
            names(report.strange_kinds),
        )
    for table, unmatched in report.unmatched.items():
        if unmatched.facts:
            log.warning(
                "%d %s are about nobody the store knows (%s ...); they count when the application comes",
                unmatched.facts,
                table,
                plain(next(iter(unmatched.ids))),
            )
    for source in report.filtered_out:
        log.warning("no row of %s meets the conditions of the mapping", source)
    for source, why in report.why_wholly_rejected.items():
        log.error(
            "nothing of %s could be taken: every row is rejected (%s), see rejects.jsonl; all else is loaded",
            source,
            why,
        )
