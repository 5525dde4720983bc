"""Limits labels and outcomes to the decisive ones: `graph.facts.decisive` in compiled code, over rows of the
frame.
"""

from __future__ import annotations

import numpy as np

from graph.facts.decisive import LABELS, OUTCOMES, PARTS, SOURCES, SUBJECTS
from graph.facts.tables import STATUSES, Column
from graph.frame.columns.layout import Arrays, Int
from graph.frame.columns.lists import BY_LABEL, BY_STATUS, before, is_loan, mark_at, row_at
from graph.frame.columns.texts import compare
from graph.frame.walk.query import SubjectQuery
from graph.kernels.compiled import inner, lean
from graph.model.types import OutcomeStatus

_DISBURSED = STATUSES.index(OutcomeStatus.DISBURSED)
_NEVER = np.int64(np.iinfo(np.int64).min)


@lean
def outcomes_of(arrays: Arrays, q: SubjectQuery, application: Int, rows: Column) -> Int:
    """How many steps of an application now stand in `rows`, oldest first; of too many the first of each
    status, and the first parts of its payout.
    """
    stored, count = arrays.applications[application].outcomes, 0
    start, steps = np.int64(stored.start), np.int64(stored.count)
    upto = before(arrays, BY_STATUS, start, steps, q.about[0].as_of)
    for n in range(upto):
        count += mark_at(arrays, BY_STATUS, start, steps, n) <= q.about[0].mark
    total, parts, met = np.int64(0), 0, 0
    for n in range(upto):
        if mark_at(arrays, BY_STATUS, start, steps, n) > q.about[0].mark:
            continue
        row = row_at(arrays, start, steps, n)
        status = arrays.outcomes[row].status
        first = met & (1 << status) == 0
        met |= 1 << status
        parts += status == _DISBURSED
        if count <= OUTCOMES or first or (status == _DISBURSED and parts <= PARTS):
            rows[total] = row
            total += 1
    return total


@lean
def labels_of(arrays: Arrays, q: SubjectQuery, person: Int, rows: Column) -> Int:
    """How many labels of a person and their loans now stand in `rows`, oldest first; of too many those that
    decide. -1 where `rows` has no room.
    """
    labels, total = arrays.people[person].labels, np.int64(0)
    start, count = np.int64(labels.start), np.int64(labels.count)
    for n in range(before(arrays, BY_LABEL, start, count, q.about[0].as_of)):
        row = row_at(arrays, start, count, n)
        loan = np.int64(arrays.labels[row].application)
        if mark_at(arrays, BY_LABEL, start, count, n) <= q.about[0].mark and (
            loan < 0 or is_loan(arrays, loan, q.about[0].as_of, q.about[0].mark)
        ):
            if total == len(rows):
                return np.int64(-1)
            rows[total] = row
            total += 1
    return total if total <= LABELS else _deciding(arrays, rows[:total])


@inner
def _deciding(arrays: Arrays, rows: Column) -> Int:
    """Keep those that decide, in their order; how many."""
    loans = arrays.labels.application[rows]
    order = np.argsort(loans, kind="mergesort")
    begins = np.zeros(len(rows) + 1, np.int64)
    matters = 0
    for n in range(1, len(rows)):
        if loans[order[n]] != loans[order[n - 1]]:
            matters += 1
            begins[matters] = n
    matters += 1
    begins[matters] = len(rows)
    keep, taken = np.zeros(len(rows), np.bool_), np.zeros(matters, np.bool_)
    for _ in range(min(matters, SUBJECTS)):
        best = -1
        for matter in range(matters):
            if not taken[matter] and (best < 0 or _ranks_before(arrays, rows, order, begins, matter, best)):
                best = matter
        taken[best] = True
        _keep_decisive(arrays, rows, order[begins[best] : begins[best + 1]], keep)
    count = np.int64(0)
    for n in range(len(rows)):
        if keep[n]:
            rows[count] = rows[n]
            count += 1
    return count


@lean
def _ranks_before(arrays: Arrays, rows: Column, order: Column, begins: Column, a: Int, b: Int) -> bool:
    """Whether a matter ranks before another: the person as such, then what ends in fraud, then the latest,
    then by id.
    """
    one, other = (
        arrays.labels[rows[order[begins[a]]]].application,
        arrays.labels[rows[order[begins[b]]]].application,
    )
    if one < 0 or other < 0:
        return bool(one < 0)
    last, fraud = _last_label(arrays, rows, order[begins[a] : begins[a + 1]])
    other_last, other_fraud = _last_label(arrays, rows, order[begins[b] : begins[b + 1]])
    if fraud != other_fraud:
        return bool(fraud)
    if last != other_last:
        return bool(last > other_last)
    return bool(
        compare(arrays.texts, np.int64(arrays.applications[one].id), np.int64(arrays.applications[other].id))
        < 0
    )


@lean
def _last_label(arrays: Arrays, rows: Column, places: Column) -> tuple[Int, bool]:
    """When something was last said of a matter, and whether fraud was among it."""
    last, fraud = _NEVER, False
    for place in places:
        label = arrays.labels[rows[place]]
        if label.known_at > last:
            last, fraud = np.int64(label.known_at), False
        fraud |= label.known_at == last and label.fraud != 0
    return last, fraud


@lean
def _keep_decisive(arrays: Arrays, rows: Column, places: Column, keep: Column) -> None:
    """Of one matter the last word for fraud, the last for good and the first for fraud after that, by the
    first sources of each moment.
    """
    labels, good, fraud, run = arrays.labels, _NEVER, _NEVER, _NEVER
    for place in places:
        if labels[rows[place]].fraud == 0:
            good = np.int64(labels[rows[place]].known_at)
    for place in places:
        label = labels[rows[place]]
        if label.fraud != 0:
            fraud = np.int64(label.known_at)
            if run == _NEVER and label.known_at > good:
                run = np.int64(label.known_at)
    _keep_labels_of_moment(arrays, rows, places, keep, False, good)
    _keep_labels_of_moment(arrays, rows, places, keep, True, fraud)
    if run != fraud:
        _keep_labels_of_moment(arrays, rows, places, keep, True, run)


@lean
def _keep_labels_of_moment(
    arrays: Arrays, rows: Column, places: Column, keep: Column, fraud: bool, at: Int
) -> None:
    stated = 0
    for place in places:
        label = arrays.labels[rows[place]]
        if stated < SOURCES and (label.fraud != 0) == fraud and label.known_at == at:
            keep[place] = True
            stated += 1
