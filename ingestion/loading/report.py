"""The load report: counts of rows, linking identifiers, unmatched facts and suspicious columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from graph.frame.neighbourhood import EVENT_KINDS
from graph.quantities import quantity
from ingestion.event_kinds import CARRIERS
from ingestion.excerpts import plain
from ingestion.identifiers.validity import Why
from ingestion.mappings.feed import Feed
from ingestion.parse_context import LINKS, PLACEHOLDER, IdentifierCounts

# a column of at least so many values, of which more than this share fail, is not what it was declared to be
_LEAST, _MOST_FAIL = 5, 0.5
_WORDS = 200  # different words that are counted: more are no list's
_Key = TypeVar("_Key")
NAMED = 20  # ids that are told, of all that are about nobody
_REASONS = (LINKS, *Why)
_SAYS = {
    Why.FORM: "are no {kind} by their form",
    Why.CHECK: "are no {kind} by their check",
    Why.GAPS: "show gaps",
    Why.LOCAL: "are unique only together with a place",
}
_TOKENS = (
    "if they are tokens and no numbers, say so in a mapping (`tokens: true` at the column) and load into a "
    "new store"
)
_ADVICE = {
    Why.FORM: _TOKENS,
    Why.CHECK: _TOKENS,
    Why.GAPS: "they are masked, rounded or cut off: ask their sender for whole or hashed ones",
    Why.LOCAL: "ask their sender for numbers with their area code, for addresses as the internet sees them",
}


@dataclass
class RowCounts:
    """What became of the rows of one table: accepted + known + rejected = read."""

    read: int = 0
    accepted: int = 0
    known: int = 0
    rejected: int = 0

    def add(self, read: int, accepted: int, known: int) -> None:
        """Count a batch."""
        self.read += read
        self.accepted += accepted
        self.known += known
        self.rejected += read - accepted - known


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnWarning:
    """A column of identifiers most of whose `values` do not link: `failed` of them for the reason `why`."""

    table: str
    column: str
    kind: str
    values: int
    failed: int
    why: Why

    def __str__(self) -> str:
        """One sentence, with the setting that helps."""
        how = _SAYS[self.why].format(kind=self.kind)
        return (
            f"{self.table}.{self.column}: {self.failed} of {self.values} values {how}, so they link nobody: "
            f"{_ADVICE[self.why]}"
        )


@dataclass
class Unmatched:
    """Facts of one table about applications or people that the store does not know: how many, and the first
    ids.
    """

    facts: int = 0
    ids: dict[str, None] = field(default_factory=dict)

    def add(self, ids: Iterable[str]) -> None:
        """Count facts, each by whom it is about."""
        for name in ids:
            self.facts += 1
            self.name(name)

    def name(self, one: str) -> None:
        """That id is among the first, unless there are enough."""
        if len(self.ids) < NAMED:
            self.ids[one] = None


@dataclass(kw_only=True)
class Report:
    """The figures of a load.

    `first` says that nothing was there before it. `identifier_counts` counts cells of identifiers by (table,
    column, kind, reason), `dropped` cells that could not be read and need not be there by (table, column,
    code), `words` the words that no list knows by (table, column, word), `kinds` the events by kind,
    `sources` the rows of each of the delivery's `feeds`, by its place.
    """

    delivery: str
    mapping: str
    first: bool = False
    tables: dict[str, RowCounts] = field(default_factory=dict)
    feeds: tuple[Feed, ...] = ()
    sources: dict[int, RowCounts] = field(default_factory=dict)
    unknown_columns: dict[str, dict[str, int]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    identifier_counts: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    rejects: Counter[tuple[str, str]] = field(default_factory=Counter)
    rejects_not_written: int = 0
    unmatched: dict[str, Unmatched] = field(default_factory=dict)
    dropped: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    words: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    heavy_hitters: list[dict[str, object]] = field(default_factory=list)
    seconds: float = 0.0

    def count(self, feed: int, read: int, accepted: int, known: int) -> None:
        """Count a batch under its table and its feed."""
        self.tables.setdefault(self.feeds[feed].table.name, RowCounts()).add(read, accepted, known)
        self.sources.setdefault(feed, RowCounts()).add(read, accepted, known)

    def count_identifiers(self, table: str, counts: IdentifierCounts) -> None:
        """Count the identifiers of a batch."""
        self.identifier_counts.update(
            {(table, column, kind.value, why): n for (column, kind, why), n in counts.items()}
        )

    def read_words(self, table: str, words: Counter[tuple[str, str]]) -> None:
        """Count the words of a batch that no list knows; of very many different ones only the first."""
        _count({(table, column, word): n for (column, word), n in words.items()}, self.words)

    def count_event_kinds(self, kinds: Counter[str]) -> None:
        """Count the events of a batch by kind."""
        _count(kinds, self.kinds)

    @property
    def kinds_without_meaning(self) -> dict[str, int]:
        """Events of kinds that mean nothing to any signal: they are counted, and their identifiers link, no
        more.
        """
        return {kind: n for kind, n in sorted(self.kinds.items()) if kind not in EVENT_KINDS}

    @property
    def strange_kinds(self) -> dict[str, int]:
        """Those of them that are not told for the identifiers in them either: words that somebody may have
        meant otherwise.
        """
        return {kind: n for kind, n in self.kinds_without_meaning.items() if kind not in CARRIERS}

    @property
    def wholly_rejected(self) -> tuple[str, ...]:
        """The sources of which no row could be taken: `labels (labels.csv)`. One row alone is a bad row, and
        no bad table.
        """
        return tuple(self.why_wholly_rejected)

    @property
    def why_wholly_rejected(self) -> dict[str, str]:
        """Of each of them why rows of its table were rejected: `unreadable_time 9, missing 2`."""
        return {
            self._name(feed): self._reasons(self.feeds[feed].table.name)
            for feed, tally in self.sources.items()
            if tally.read > 1 and tally.rejected == tally.read
        }

    def _reasons(self, table: str) -> str:
        codes = {code: n for (of, code), n in self.rejects.items() if of == table}
        return ", ".join(f"{code} {n:,}" for code, n in sorted(codes.items(), key=lambda one: -one[1]))

    @property
    def nobody_applied(self) -> str:
        """A sentence that says why no application is known; empty where some are, or may be."""
        tally = self.tables.get("applications")
        if not self.first or (tally is not None and tally.accepted + tally.known):
            return ""
        if tally is None:
            why = "there is no table of applications"
        elif not tally.read:
            why = "the table of applications has no row"
        else:
            why = f"of {quantity(tally.read, 'application')} none could be taken"
        return f"nobody applied for anything: {why}; people are known by their events alone, loans not at all"

    @property
    def filtered_out(self) -> tuple[str, ...]:
        """The sources of which no row met the conditions of the mapping (an empty file has none to meet
        them).
        """
        return tuple(
            self._name(feed)
            for feed, words in enumerate(self.feeds)
            if words.where and feed not in self.sources
        )

    def _name(self, feed: int) -> str:
        return f"{self.feeds[feed].table.name} ({plain(self.feeds[feed].source) or 'rows of the mapping'})"

    @property
    def column_warnings(self) -> tuple[ColumnWarning, ...]:
        """The columns that cannot be what they were declared to be."""
        results = []
        for table, column, kind in sorted(
            {(table, column, kind) for table, column, kind, _ in self.identifier_counts}
        ):
            counts = {why: self.identifier_counts[table, column, kind, why] for why in _REASONS}
            values, why = sum(counts.values()), max(Why, key=counts.__getitem__)
            if values >= _LEAST and values - counts[LINKS] > _MOST_FAIL * values:
                results.append(
                    ColumnWarning(
                        table=table,
                        column=column,
                        kind=kind,
                        values=values,
                        failed=values - counts[LINKS],
                        why=why,
                    )
                )
        return tuple(results)

    def as_json(self) -> dict[str, Any]:
        """The report as it is written: totals first."""
        totals = {
            name: sum(getattr(t, name) for t in self.tables.values())
            for name in ("read", "accepted", "known", "rejected")
        }
        return {
            **totals,
            "unmatched": sum(u.facts for u in self.unmatched.values()),
            "seconds": round(self.seconds, 3),
            "delivery": self.delivery,
            "mapping": self.mapping,
            "tables": {name: vars(tally) for name, tally in self.tables.items()},
            "wholly_rejected": list(self.wholly_rejected),
            "nobody_applied": self.nobody_applied,
            "filtered_out": list(self.filtered_out),
            "rejects": _nested(self.rejects),
            "rejects_not_written": self.rejects_not_written,
            "unmatched_facts": {
                name: {"facts": u.facts, "ids": list(u.ids)} for name, u in self.unmatched.items()
            },
            "identifiers": self._identifiers(),
            "unverified": self._by_kind(*Why),
            "placeholder": self._by_kind(PLACEHOLDER),
            "doubtful_columns": [
                {name: getattr(d, name) for name in ColumnWarning.__slots__} | {"says": str(d)}
                for d in self.column_warnings
            ],
            "crowds": self.heavy_hitters,
            "dropped_cells": self._dropped(),
            "unknown_words": self._unknown_words(),
            "kinds_without_meaning": self.kinds_without_meaning,
            "unknown_columns": self.unknown_columns,
            "files_left_out": list(self.left_out),
        }

    def _dropped(self) -> dict[str, dict[str, dict[str, int]]]:
        results: dict[str, dict[str, dict[str, int]]] = {}
        for (table, column, code), n in sorted(self.dropped.items()):
            results.setdefault(table, {}).setdefault(column, {})[code] = n
        return results

    def _unknown_words(self) -> dict[str, dict[str, dict[str, int]]]:
        results: dict[str, dict[str, dict[str, int]]] = {}
        for (table, column, word), n in sorted(self.words.items()):
            results.setdefault(table, {}).setdefault(column, {})[word] = n
        return results

    def _by_kind(self, *reasons: str) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for (_, _, kind, why), n in self.identifier_counts.items():
            if why in reasons:
                counts[kind] += n
        return dict(sorted(counts.items()))

    def _identifiers(self) -> dict[str, dict[str, Any]]:
        """For each kind that was delivered: how many cells link, how many do not, and why not."""
        results: dict[str, dict[str, Any]] = {}
        for kind in sorted({kind for _, _, kind, _ in self.identifier_counts}):
            why = {reason: self._by_kind(reason).get(kind, 0) for reason in (*Why, PLACEHOLDER)}
            results[kind] = {
                "link": self._by_kind(LINKS).get(kind, 0),
                "do_not_link": sum(why.values()),
                "why": {str(r): n for r, n in why.items() if n},
            }
        return results


def _count(result: Mapping[_Key, int], counts: Counter[_Key]) -> None:
    for key, n in result.items():
        if key in counts or len(counts) < _WORDS:
            counts[key] += n


def _nested(counts: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for (table, code), n in sorted(counts.items()):
        nested.setdefault(table, {})[code] = n
    return nested
