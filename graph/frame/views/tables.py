"""The frame as `graph.facts.tables.Tables`: all facts of a view as sorted columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from graph.facts.tables import PLATFORM_TYPES, STATUSES, Column, Tables, as_column
from graph.frame.columns.layout import (
    APPLICATIONS,
    DEVICES,
    EVENTS,
    IDENTIFIERS,
    LABELS,
    NO_MARK,
    NONE,
    NOT_REPORTED,
    OUTCOMES,
    SUPERSEDED,
    TIES,
    USED,
    WORDS,
    Int,
)
from graph.frame.columns.lists import last_mentions
from graph.frame.views.people_order import Inside
from graph.frame.views.read import FactReader

_BY_NAME = np.argsort(np.argsort([str(status) for status in STATUSES]))
_OTHER = [str(kind) for kind in PLATFORM_TYPES].index("other")
When = tuple[int, int]  # as of, revision


def read_tables(
    r: FactReader, when: When, zone: str, inside: Inside | None = None, *, tokens: bool
) -> Tables:
    """All facts of the view as columns, or those of some people, with the identifiers' `tokens` if they are
    asked for.
    """
    return _Columns(r, when, tokens, inside).read(zone)


class _Columns:
    def __init__(self, r: FactReader, when: When, tokens: bool, inside: Inside | None) -> None:
        self._r, self._with_tokens, self._inside = r, tokens, inside
        self._as_of, self._mark = when
        self._words: dict[int, str | None] = {-1: None}

    def read(self, zone: str) -> Tables:
        a, header = self._r.arrays, self._r.arrays.header
        application = self._visible(a.applications[: header[USED + APPLICATIONS]])
        events = self._visible(a.events[: header[USED + EVENTS]])
        ties, terms = self._ties(), self._terms(events)
        loan_ids = self._texts(a.applications["id"][application])
        application = application[_order(a.applications["at"][application], loan_ids)]
        loan_place = _places(application, len(a.applications))
        labels, about = self._labels(loan_place)
        people = np.unique(np.r_[a.applications["applicant"][application], a.events["applicant"][events],
                                 terms["counterparty"],
                                 a.ties["person"][ties], about[0]])  # fmt: skip
        people = people[people >= 0]
        names = self._texts(a.people["name"][people])
        in_order = np.argsort(names, kind="stable")
        who = _places(people[in_order], len(a.people))
        identifiers, what = self._identifiers(np.unique(a.ties["identifier"][ties]))
        merchants, platforms, agents, words = self._places_of_words(application, terms["merchant"])
        return Tables(
            as_of=self._as_of, applicant_ids=names[in_order], zone=zone,
            platform_ids=words(platforms[0]), merchant_ids=words(merchants[0]), agent_ids=words(agents[0]),
            identifiers=identifiers,
            ties=self._tie_columns(ties, who, what),
            applications=self._applications(application, who, (platforms[1], merchants[1], agents[1])),
            outcomes=self._outcomes(loan_place),
            labels=self._label_columns(labels, (who, about, loan_place)),
            events=self._events(events, who, merchants[1]),
            platforms=self._platforms(platforms[0]), merchants=self._merchants(merchants[0]),
            devices=self._devices(what),
        )  # fmt: skip

    def _visible(self, rows: Column) -> Column:
        seen = (rows["at"] < self._as_of) & (rows["mark"] <= self._mark)
        return np.flatnonzero(seen & self._are_inside(rows["applicant"]))

    def _are_inside(self, people: Column) -> Column | bool:
        """Which of these rows of people are in the range."""
        return True if self._inside is None else self._inside.people[people]

    def _texts(self, numbers: Column) -> Column:
        return as_column([self._r.text(number) for number in numbers.tolist()], object)

    def _word_column(self, rows: Column) -> Column:
        values = self._words
        for row in np.unique(rows).tolist():
            if row not in values:
                values[row] = self._r.word(row)
        return as_column([values[row] for row in rows.tolist()], object)

    def _ties(self) -> Column:
        """The rows of the ties in force."""
        a = self._r.arrays
        rows = a.ties[: a.header[USED + TIES]]
        ended = np.full(len(rows), NO_MARK)
        old = rows["mentions"]["count"] == SUPERSEDED
        ended[old] = a.ties["mark"][rows["mentions"]["start"][old]]
        seen = (rows["since"] < self._as_of) & (rows["mark"] <= self._mark) & (ended > self._mark)
        return np.flatnonzero(seen & self._are_inside(rows["person"]))

    def _tie_columns(self, ties: Column, who: Column, what: Column) -> dict[str, Column]:
        rows = self._r.arrays.ties[ties]
        person, identifier = who[rows["person"]], what[rows["identifier"]]
        last = last_mentions(self._r.arrays, ties, np.int64(self._as_of), np.int64(self._mark))
        order = np.lexsort((rows["role"], identifier, person, rows["since"]))
        columns = {
            "applicant": person,
            "identifier": identifier,
            "role": rows["role"],
            "since": rows["since"],
            "last": last,
        }
        return {name: column[order] for name, column in columns.items()}

    def _identifiers(self, rows: Column) -> tuple[dict[str, Column], Column]:
        stored = self._r.arrays.identifiers[rows]
        tokens = self._texts(stored["token"])
        order = np.array(
            sorted(range(len(rows)), key=[*zip(stored["kind"].tolist(), tokens.tolist())].__getitem__),
            np.int64,
        )
        columns = {
            "kind": stored["kind"][order],
            "linking": stored["linking"][order].astype(bool),
        }
        if self._with_tokens:
            columns["token"] = tokens[order]
        return columns, _places(rows[order], len(self._r.arrays.identifiers))

    def _places_of_words(self, created: Column, traded: Column) -> Any:
        a, words = self._r.arrays, self._r.arrays.words[: self._r.arrays.header[USED + WORDS]]
        merchants = np.r_[self._recorded(words["merchant_mark"]), a.applications["merchant"][created], traded]
        platforms = np.r_[self._recorded(words["platform_mark"]), a.applications["platform"][created]]
        result = (
            self._sorted_words(rows) for rows in (merchants, platforms, a.applications["agent"][created])
        )
        return (*result, self._word_column)

    def _recorded(self, marks: Column) -> Column:
        """The words of those marks that are recorded, whoever names them: none in a range but the first."""
        every = self._inside is None or self._inside.is_first
        return np.flatnonzero(_is_recorded(marks, self._mark)) if every else np.zeros(0, np.int64)

    def _sorted_words(self, rows: Column) -> tuple[Column, Column]:
        """Words by what they say, and the place of each."""
        rows = np.unique(rows[rows >= 0])
        rows = rows[np.argsort(self._word_column(rows), kind="stable")]
        return rows, _places(rows, len(self._r.arrays.words))

    def _applications(
        self, created: Column, who: Column, places: tuple[Column, Column, Column]
    ) -> dict[str, Column]:
        rows = self._r.arrays.applications[created]
        floats = {name: rows[name].copy() for name in ("amount", "face_match", "liveness")}
        floats |= {name: _floats(rows[name], NOT_REPORTED) for name in ("term_months", "birth_year")}
        floats |= {
            name: _floats(rows[field], NONE)
            for name, field in (("phone_three_element", "three_element"), ("new_citizen", "new_citizen"))
        }
        words = {name: self._word_column(rows[name]) for name in ("product", "channel", "city")}
        named = {
            name: _placed(rows[name], place)
            for name, place in zip(("platform", "merchant", "agent"), places, strict=True)
        }
        return (
            {
                "application_id": self._texts(rows["id"]),
                "applicant": who[rows["applicant"]],
                "at": rows["at"].copy(),
            }
            | named
            | floats
            | words
        )

    def _outcomes(self, loan_place: Column) -> dict[str, Column]:
        a = self._r.arrays
        rows = a.outcomes[: a.header[USED + OUTCOMES]]
        rows = rows[
            (rows["at"] < self._as_of) & (rows["mark"] <= self._mark) & (loan_place[rows["application"]] >= 0)
        ]
        ids = self._texts(a.applications["id"][rows["application"]])
        by_id = np.unique(ids, return_inverse=True)[1] if len(ids) else ids
        rows = rows[np.lexsort((_BY_NAME[rows["status"]], by_id, rows["at"]))]
        return {
            "application": loan_place[rows["application"]],
            **{name: rows[name].copy() for name in ("status", "at", "amount")},
        }

    def _labels(self, loan_place: Column) -> tuple[Column, tuple[Column, Column]]:
        """The rows of labels in the view, sorted, with the person each is about and the loan, or -1."""
        a = self._r.arrays
        rows = a.labels[: a.header[USED + LABELS]]
        known = (rows["known_at"] < self._as_of) & (rows["mark"] <= self._mark)
        of_loans = loan_place[rows["application"]] >= 0
        rows = rows[known & np.where(rows["application"] < 0, self._are_inside(rows["person"]), of_loans)]
        loan, person = rows["application"], rows["person"]
        keys = zip(
            rows["known_at"].tolist(),
            self._or_empty(a.applications["id"], loan),
            self._or_empty(a.people["name"], person),
            [word or "" for word in self._word_column(rows["source"]).tolist()],
            (1 - rows["fraud"]).tolist(),
            strict=True,
        )
        rows = rows[np.array(sorted(range(len(rows)), key=[*keys].__getitem__), np.int64)]
        about = np.where(
            rows["application"] >= 0, a.applications["applicant"][rows["application"]], rows["person"]
        )
        return rows, (about, rows["application"])

    def _or_empty(self, texts: Column, rows: Column) -> list[str]:
        return [str(self._r.text(texts[row])) if row >= 0 else "" for row in rows.tolist()]

    def _label_columns(
        self, rows: Column, places: tuple[Column, tuple[Column, Column], Column]
    ) -> dict[str, Column]:
        who, (about, loan), loan_place = places
        return {
            "applicant": who[about], "application": _placed(loan, loan_place),
            "fraud": rows["fraud"].astype(bool), "known_at": rows["known_at"].copy(),
            "by_person": rows["by_person"].astype(bool),
        }  # fmt: skip

    def _events(self, events: Column, who: Column, merchants: Column) -> dict[str, Column]:
        rows = self._r.arrays.events[events]
        order = _order(rows["at"], self._texts(rows["id"]))
        rows, terms = rows[order], self._terms(events[order])
        columns = {
            "applicant": who[rows["applicant"]],
            "at": rows["at"].copy(),
            "counterparty": _placed(terms["counterparty"], who),
        }
        return columns | {
            "amount": terms["amount"],
            "kind": self._word_column(rows["kind"]),
            "merchant": _placed(terms["merchant"], merchants),
        }

    def _terms(self, events: Column) -> dict[str, Column]:
        """What those events say beyond who did what when."""
        rows = self._r.arrays.events["terms"][events]
        stored = self._r.arrays.terms[np.maximum(rows, 0)]
        return {
            name: np.where(rows >= 0, stored[name], unknown)
            for name, unknown in (("amount", np.nan), ("counterparty", NONE), ("merchant", NONE))
        }

    def _platforms(self, words: Column) -> dict[str, Column]:
        rows = self._r.arrays.words[words]
        known = _is_recorded(rows["platform_mark"], self._mark)
        return {
            "type": np.where(known, rows["type"], np.int8(_OTHER)).astype(np.int8),
            "is_own": known & (rows["own"] != 0),
        }

    def _merchants(self, words: Column) -> dict[str, Column]:
        rows = self._r.arrays.words[words]
        known = _is_recorded(rows["merchant_mark"], self._mark)
        opened = np.where(known & (rows["opened_at"] != NOT_REPORTED), rows["opened_at"], -1)
        columns = {
            name: self._word_column(np.where(known, rows[name], NONE)) for name in ("category", "city")
        }
        return columns | {"opened_at": opened.astype(np.int64)}

    def _devices(self, what: Column) -> dict[str, Column]:
        a = self._r.arrays
        held = a.identifiers["device"][: a.header[USED + IDENTIFIERS]]
        named = np.flatnonzero(held >= 0)
        named = named[
            (what[named] >= 0) & (a.devices["mark"][: a.header[USED + DEVICES]][held[named]] <= self._mark)
        ]
        named = named[np.argsort(what[named], kind="stable")]
        rows = a.devices[held[named]]
        flags = {
            name: _floats(rows[field], NONE)
            for name, field in (("is_emulator", "emulator"), ("is_rooted", "rooted"))
        }
        return {
            "identifier": what[named],
            "os": self._word_column(rows["os"]),
            "model": self._word_column(rows["model"]),
            **flags,
        }


def _is_recorded(marks: Column, revision: int) -> Column:
    return np.asarray((marks != NO_MARK) & (marks <= revision))


def _places(rows: Column, size: int) -> Column:
    """Where each row stands among `rows`, or -1 (size,) int32."""
    out = np.full(size, -1, np.int32)
    out[rows] = np.arange(len(rows), dtype=np.int32)
    return out


def _placed(rows: Column, place: Column) -> Column:
    """The place of each row, -1 for none (int32)."""
    return np.where(rows >= 0, place[rows], np.int32(-1))


def _floats(column: Column, unknown: Int) -> Column:
    return np.where(column == unknown, np.nan, column.astype(float))


def _order(at: Column, ids: Column) -> Column:
    """The order by moment, then id."""
    return np.array(sorted(range(len(at)), key=[*zip(at.tolist(), ids.tolist())].__getitem__), np.int64)
