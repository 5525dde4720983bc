"""Fraud status: who is known for fraud and who is cleared, from the labels about people and their loans, as
of a moment and over time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from graph.facts.tables import Column, Tables
from graph.kernels.compiled import compiled, shared
from graph.model.types import Label, LabelValue

NEVER = int(np.iinfo(np.int64).max)  # microseconds: has not happened

_PERSONS = frozenset(
    {
        "review", "reviewer", "reviewed", "investigation", "investigations", "investigator", "manual",
        "analyst", "person", "human", "desk", "case", "verdict", "audit", "auditor", "officer", "staff",
        "examiner", "committee",
    }
)  # fmt: skip
_MACHINES = frozenset(
    {
        "auto",
        "automatic",
        "automated",
        "rule",
        "rules",
        "model",
        "models",
        "engine",
        "score",
        "scoring",
        "system",
        "bot",
        "machine",
        "batch",
    }
)
_PERSONS_ZH, _MACHINES_ZH = ("人工", "审核", "复核", "调查", "稽核"), ("自动", "规则", "模型", "系统")


def by_person(source: str | None) -> bool:
    """Whether a label's source names human work (`review`, `investigation`, `desk`, `人工审核`) and no
    automatic source (`rule`, `model`).
    """
    text = (source or "").lower()
    words = set(re.findall(r"[a-z]+", text))
    if words & _MACHINES or any(word in text for word in _MACHINES_ZH):
        return False
    return bool(words & _PERSONS) or any(word in text for word in _PERSONS_ZH)


class FraudStatus(NamedTuple):
    """The fraud status of one person, by all labels about them.

    `fraud`: known for fraud now, continuously `since`. `good`: labelled, and nothing is labelled fraud now.
    `loans`: the applications that are themselves labelled fraud; `person`: whether the person as such is.
    """

    fraud: bool = False
    good: bool = False
    since: datetime | None = None
    loans: frozenset[str] = frozenset()
    person: bool = False

    @property
    def fraud_count(self) -> int:
        """How many subjects are labelled fraud: loans, and the person as such."""
        return len(self.loans) + self.person


@dataclass
class _Ledger:
    """What is labelled fraud while labels are added in order: the person as such, and loans by id or row."""

    person: bool = False
    loans: dict[object, bool] = field(default_factory=dict)

    def add(self, loan: object | None, fraud: bool) -> bool:
        """Whether anything is labelled fraud after one more label; `loan` is None for one about the
        person.
        """
        if loan is not None:
            self.loans[loan] = fraud
        else:
            self.person = fraud
            if not fraud:  # clearing a person clears all their loans until then
                self.loans = dict.fromkeys(self.loans, False)
        return self.person or any(self.loans.values())


_NO_LABELS = FraudStatus()


def fraud_status(labels: Iterable[Label]) -> FraudStatus:
    """The fraud status of one person, from the labels about them and their loans that are known before a
    view's moment, in any order.

    For each loan and for the person the latest label by `known_at` holds. At the same moment a human label
    outranks an automatic one, and otherwise fraud outranks good. A good label about the person clears all
    their loans until then; a label about a loan affects that loan only.
    """
    heard = sorted(labels, key=_order)
    if not heard:
        return _NO_LABELS
    ledger, since = _Ledger(), None
    for label in heard:
        fraud = ledger.add(label.application_id, label.label is LabelValue.FRAUD)
        since = (since or label.known_at) if fraud else None
    loans = frozenset(str(loan) for loan, held in ledger.loans.items() if held)
    return FraudStatus(since is not None, since is None, since, loans, ledger.person)


class FraudStatusRow(NamedTuple):
    """`FraudStatus` for compiled code: `since` in microseconds, NEVER for who is not known for fraud."""

    fraud: bool
    good: bool
    since: int
    fraud_count: int


@compiled
def compiled_fraud_status(labels: Column, first: int, count: int) -> FraudStatusRow:
    """`fraud_status` for compiled code, of the `count` labels of one person from row `first` on.

    `labels`: structured rows with `known_at` (int64 microseconds), `loan` (any number of a loan's own,
    negative for the person as such), `fraud` and `by_person`, roughly in the order of `known_at`.
    """
    if count == 0:
        return FraudStatusRow(False, False, NEVER, 0)
    order, keys = np.empty(count, np.int64), np.empty(count, np.int64)
    for n in range(count):
        key, place = _order_key(labels[first + n]), n
        while place > 0 and keys[place - 1] > key:
            order[place], keys[place] = order[place - 1], keys[place - 1]
            place -= 1
        order[place], keys[place] = first + n, key
    loans, held = np.empty(count, np.int64), np.empty(count, np.bool_)
    known, matters, person, since = 0, 0, False, NEVER
    for n in range(count):
        label = labels[order[n]]
        fraud = bool(label.fraud)
        if label.loan >= 0:
            place = 0
            while place < known and loans[place] != label.loan:
                place += 1
            if place == known:
                known += 1
                loans[place], held[place] = label.loan, False
            matters += int(fraud) - int(held[place])
            held[place] = fraud
        else:
            person = fraud
            if not fraud:
                held[:known] = False
                matters = 0
        since = NEVER if matters == 0 and not person else min(since, label.known_at)
    matters += int(person)
    return FraudStatusRow(matters > 0, matters == 0, since, matters)


@shared
def is_fraud_loan(labels: Column, first: int, count: int, loan: int) -> bool:
    """Whether that loan itself is labelled fraud (`loan in FraudStatus.loans`). Labels as for
    `compiled_fraud_status`.
    """
    last, cleared, fraud = -NEVER, -NEVER, False
    for row in range(first, first + count):
        key = _order_key(labels[row])
        if labels[row].loan == loan and key >= last:
            last, fraud = key, bool(labels[row].fraud)
        elif labels[row].loan < 0 and not labels[row].fraud and key > cleared:
            cleared = key
    return fraud and last > cleared


@shared
def _order_key(label: Any) -> int:
    """`_order` as one number."""
    return int(label.known_at * 4 + label.by_person * 2 + label.fraud)


def fraud_statuses(labels: Mapping[str, Iterable[Label]]) -> dict[str, FraudStatus]:
    """The fraud status of several people, by applicant id."""
    return {who: fraud_status(about) for who, about in labels.items()}


def _order(label: Label) -> tuple[datetime, bool, bool]:
    return label.known_at, by_person(label.source), label.label is LabelValue.FRAUD


@dataclass(frozen=True)
class FraudSpells:
    """The fraud status of everybody in a store, now and over time.

    By applicant (A,) bool: `fraud` known for fraud now; `good` labelled, and nothing labelled fraud now;
    `cleared` good, and once known for fraud. Spells (S,): every unbroken time during which applicant `who`
    was known for fraud, from `start` on until `end` (int64 microseconds, NEVER while it lasts); a view as of
    t sees it where start < t <= end. By applicant, then time.
    """

    fraud: Column
    good: Column
    cleared: Column
    who: Column
    start: Column
    end: Column

    @property
    def since(self) -> Column:
        """Since when each applicant is continuously known for fraud (A,) int64 microseconds; NEVER for who is
        not.
        """
        out = np.full(len(self.fraud), NEVER)
        lasting = self.end == NEVER
        out[self.who[lasting]] = self.start[lasting]
        return out


def fraud_spells(tables: Tables) -> FraudSpells:
    """The fraud status of everybody in the tables, by the rules of `fraud_status`."""
    labels, size = tables.labels, len(tables.applicant_ids)
    judged, ever, lasting = (np.zeros(size, bool) for _ in range(3))
    judged[labels["applicant"]] = True
    ever[labels["applicant"][labels["fraud"]]] = True
    rows = np.flatnonzero(ever[labels["applicant"]])
    columns = {
        name: labels[name][rows] for name in ("applicant", "application", "fraud", "known_at", "by_person")
    }
    order = np.lexsort((columns["fraud"], columns["by_person"], columns["known_at"], columns["applicant"]))
    spells = _spells(
        *(columns[name][order].tolist() for name in ("applicant", "application", "fraud", "known_at"))
    )
    who, start, end = (
        (np.array(column, dtype=np.int64) for column in zip(*spells))
        if spells
        else (np.zeros(0, np.int64),) * 3
    )
    lasting[who[end == NEVER]] = True
    return FraudSpells(lasting, judged & ~lasting, ever & ~lasting, who, start, end)


def _spells(
    people: list[int], loans: list[int], frauds: list[bool], moments: list[int]
) -> list[tuple[int, int, int]]:
    """(applicant, start, end) from labels sorted by applicant and then by `_order`; a loan of -1 is the
    person.
    """
    results: list[tuple[int, int, int]] = []
    ledger, before, start = _Ledger(), -1, NEVER
    for person, loan, fraud, at in zip(people, loans, frauds, moments):
        if person != before:
            if start != NEVER:
                results.append((before, start, NEVER))
            ledger, before, start = _Ledger(), person, NEVER
        held = ledger.add(None if loan < 0 else loan, fraud)
        if held and start == NEVER:
            start = at
        elif not held and start != NEVER:
            if start != at:  # a label withdrawn at the same moment never counted
                results.append((person, start, at))
            start = NEVER
    return [*results, (before, start, NEVER)] if start != NEVER else results
