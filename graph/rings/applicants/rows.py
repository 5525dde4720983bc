"""Applicants, wherever their facts are kept: who they are, what each did, and the facts of some."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from graph.facts.tables import Column, Tables
from graph.rings.applicants.columns import applicant_columns


class ApplicantRows(Protocol):
    """All applicants as of a moment, by position: 0, 1, ... in the order of their ids."""

    @property
    def as_of(self) -> int:
        """Microseconds."""

    def __len__(self) -> int: ...

    def names(self, people: Column) -> Column:
        """The ids of `people` (N,) object, positions in any order."""

    def each_name(self, people: Column) -> Iterator[tuple[Column, Column]]:
        """The same some after the other: positions and ids; not all of them are held at once."""

    def places(self, names: Sequence[str]) -> Column:
        """The position of each of these ids (N,) int64, -1 for who is not there."""

    def latest(self, people: Column) -> Column:
        """The ids of the latest applications of `people` (N,) object, None for who has made none."""

    def facts_of(self, people: Column) -> Tables:
        """The facts of `people` (N,) alone, who are numbered 0, 1, ... there: applications, outcomes, labels
        and the events between two of them, of whose kinds a referral is told from all others alone. Nothing
        is there of identifiers and ties, of merchants and devices.
        """


@dataclass(frozen=True)
class HeldApplicants:
    """In this process."""

    tables: Tables

    @property
    def as_of(self) -> int:
        """Microseconds."""
        return self.tables.as_of

    def __len__(self) -> int:
        return len(self.tables.applicant_ids)

    @cached_property
    def columns(self) -> dict[str, Column]:
        """What each did (A,), as `graph.rings.applicants.columns.COLUMNS` says."""
        return applicant_columns(self.tables)

    def names(self, people: Column) -> Column:
        """The ids of `people`."""
        return self.tables.applicant_ids[people]

    def each_name(self, people: Column) -> Iterator[tuple[Column, Column]]:
        """All at once: they are held anyway."""
        yield people, self.names(people)

    def places(self, names: Sequence[str]) -> Column:
        """The position of each."""
        ids, asked = self.tables.applicant_ids, np.array(names, dtype=object)
        at = np.minimum(np.searchsorted(ids, asked), len(ids) - 1)
        return np.where(ids[at] == asked, at, -1) if len(ids) else np.full(len(asked), -1)

    def latest(self, people: Column) -> Column:
        """Their latest applications."""
        applications = self.tables.applications
        out = np.full(len(self), None, object)
        # they are sorted by moment: the last one stays
        out[applications["applicant"]] = applications["application_id"]
        return out[people]

    def facts_of(self, people: Column) -> Tables:
        """Their facts alone."""
        return facts_among(self.tables, people)


def facts_among(tables: Tables, people: Column) -> Tables:
    """The facts of `people` (N,), positions in ascending order, as `ApplicantRows.facts_of` has them."""
    place = np.full(len(tables.applicant_ids), -1, np.int32)
    place[people] = np.arange(len(people))
    of = {name: place[table["applicant"]] for name, table in _by_applicant(tables)}
    asked = np.flatnonzero(of["applications"] >= 0)
    number = np.full(len(of["applications"]) + 1, -1, np.int32)  # one more: of no application
    number[asked] = np.arange(len(asked))
    to = np.where(tables.events["counterparty"] >= 0, place[tables.events["counterparty"]], -1)
    outcomes = number[tables.outcomes["application"]]
    return replace(
        tables,
        applicant_ids=tables.applicant_ids[people],
        identifiers={}, ties={}, merchants={}, devices={},
        applications=_rows(tables.applications, asked) | {"applicant": of["applications"][asked]},
        outcomes=_rows(tables.outcomes, outcomes >= 0) | {"application": outcomes[outcomes >= 0]},
        labels=_rows(tables.labels, of["labels"] >= 0)
        | {
            "applicant": of["labels"][of["labels"] >= 0],
            "application": number[tables.labels["application"]][of["labels"] >= 0],
        },
        events=_rows(tables.events, inside := (of["events"] >= 0) & (to >= 0))
        | {"applicant": of["events"][inside], "counterparty": to[inside]},
    )  # fmt: skip


def _by_applicant(tables: Tables) -> Iterator[tuple[str, dict[str, Column]]]:
    return ((name, getattr(tables, name)) for name in ("applications", "labels", "events"))


def _rows(table: dict[str, Column], rows: Column) -> dict[str, Column]:
    return {name: column[rows] for name, column in table.items()}
