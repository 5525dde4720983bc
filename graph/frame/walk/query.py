"""A subject and moment in the frame's numbers; the subject may name people, words and identifiers that the
frame does not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from graph.facts.tables import KINDS, ROLES, Column
from graph.frame.columns.layout import NOT_REPORTED, Arrays, Int, Rows
from graph.frame.columns.texts import A_PERSON, A_WORD, AN_APPLICATION, AN_IDENTIFIER, NO_KIND, find
from graph.frame.neighbourhood import APPLICATION, MENTION, NOBODY, UNKNOWN_WORD
from graph.kernels.by_address import address_of, by_address, taken
from graph.kernels.compiled import compiled, lean
from graph.kernels.packed_rows import packed_rows
from graph.model.moments import micros
from graph.model.types import Application
from graph.store.evidence import Subject

# `id` of a person or application that is not in the frame, and, counted down from it, of identifiers that are
# not
BEYOND = np.int64(2**31 - 1)
IN_FRAME = np.int64(2**31 - 2**20)  # a smaller one is a row of the frame
_KIND = {kind: np.int64(code) for code, kind in enumerate(KINDS)}
_ROLE = {role: code for code, role in enumerate(ROLES)}
_OF_APPLICATION = [(AN_APPLICATION, NO_KIND), *[(A_WORD, NO_KIND)] * 5]
_FLAG = {None: -1, False: 0, True: 1}


ABOUT = np.dtype(
    [
        ("as_of", "i8"),
        ("mark", "i8"),
        ("person", "i8"),
        ("application", "i8"),
        ("mentions", "i4"),
        ("name", "i4"),
        ("asked", "i1"),
    ],
    align=True,
)


@by_address(about=ABOUT, in_question=APPLICATION, mentions=MENTION, name="u1")
class SubjectQuery(NamedTuple):
    """The subject and the moment.

    about     (1,)  strictly before when (`as_of`, microseconds), and recorded by which `mark`; `person` and
              `application`: their rows in the frame, -1 where it has none; whether there is an application in
              question (`in_question`), and how much of the others is used
    asked     (1,) APPLICATION, the application in question as far as its own fields go
    mentions  what it names, as MENTION; `identifier` is not used
    name      the subject's id as bytes, used where the frame does not know them
    """

    about: Rows
    in_question: Rows
    mentions: Rows
    name: Column


def question_room(mentions: int) -> SubjectQuery:
    """Room for a question about an application with so many mentions, of somebody whom the frame knows."""
    return SubjectQuery(
        np.zeros(1, ABOUT), np.zeros(1, APPLICATION), np.zeros(mentions, MENTION), np.zeros(0, "u1")
    )


def query_for(arrays: Arrays, subject: Subject, as_of: Int, revision: Int) -> SubjectQuery:
    """The query for a subject, whether or not the frame knows it; `as_of` in microseconds."""
    asked, who = subject.application, subject.applicant_id.encode()
    texts, of = [who], [(A_PERSON, NO_KIND)]
    if asked:
        words = (asked.platform_id, asked.merchant_id, asked.agent_id, asked.product, asked.city)
        texts += [
            asked.application_id.encode(),
            *((word or "").encode() for word in words),
            *(i.token.encode() for i, _ in asked.mentions),
        ]
        of += _OF_APPLICATION + [(AN_IDENTIFIER, _KIND[i.kind]) for i, _ in asked.mentions]
    rows = _rows_of(arrays, texts, of).tolist()
    name = np.frombuffer(bytearray(who), "u1")
    created, named = (
        (_application_row(asked, rows), _mention_rows(asked, rows[7:]))
        if asked
        else (np.zeros(1, APPLICATION), np.zeros(0, MENTION))
    )
    application = rows[1] if asked else int(NOBODY)
    return SubjectQuery(
        packed_rows(
            [(as_of, revision, rows[0], application, len(named), len(name), asked is not None)], ABOUT
        ),
        created,
        named,
        name,
    )


def rows_of_people(arrays: Arrays, applicant_ids: Sequence[str]) -> Column:
    """The rows of those people (int64); whom the frame does not know is left out."""
    texts = [who.encode() for who in applicant_ids]
    rows = _rows_of(arrays, texts, [(A_PERSON, NO_KIND)] * len(texts))
    return rows[rows >= 0]


def _rows_of(arrays: Arrays, texts: Sequence[bytes], of: Sequence[tuple[Int, Int]]) -> Column:
    """The rows of texts, each of a sort and kind (int64), -1 where the frame has none."""
    rows: Column = _find_all(
        address_of(arrays),
        np.array(of, np.int64).reshape(-1, 2),
        np.frombuffer(b"".join(texts), "u1"),
        np.array(list(accumulate(map(len, texts))), np.int64),
    )
    return rows


@lean
def about_application(arrays: Arrays, application: Int, moment: tuple[Int, Int], q: SubjectQuery) -> None:
    """Write the question about an application of the frame at a moment (as_of, revision) into `q`, which has
    the room.
    """
    loan = arrays.applications[application]
    copy(arrays, application, q.in_question[0])
    for n in range(loan.mentions):
        packed = np.int64(arrays.mentions[loan.mention + n])
        mention, identifier = q.mentions[n], arrays.identifiers[packed >> 2]
        mention.id, mention.role, mention.kind, mention.linking = (
            packed >> 2,
            packed & 3,
            identifier.kind,
            identifier.linking,
        )
    about_person(np.int64(loan.applicant), moment, q)
    q.about[0].application, q.about[0].asked, q.about[0].mentions = application, 1, loan.mentions


@lean
def about_person(person: Int, moment: tuple[Int, Int], q: SubjectQuery) -> None:
    """Write the question about somebody of the frame without an application, at a moment (as_of,
    revision).
    """
    about = q.about[0]
    about.as_of, about.mark, about.person, about.application = moment[0], moment[1], person, NOBODY
    about.asked, about.mentions, about.name = 0, 0, 0


@lean
def copy(arrays: Arrays, application: Int, into: Rows) -> None:
    """What an application says itself, in a row of APPLICATION."""
    loan = arrays.applications[application]
    into.at, into.amount, into.face_match, into.liveness = (
        loan.at,
        loan.amount,
        loan.face_match,
        loan.liveness,
    )
    into.term_months = np.nan if loan.term_months == NOT_REPORTED else np.float64(loan.term_months)
    into.birth_year = NOBODY if loan.birth_year == NOT_REPORTED else np.int32(loan.birth_year)
    into.id, into.applicant, into.platform, into.merchant, into.agent = (
        application,
        loan.applicant,
        loan.platform,
        loan.merchant,
        loan.agent,
    )
    into.product, into.city, into.three_element, into.new_citizen = (
        loan.product,
        loan.city,
        loan.three_element,
        loan.new_citizen,
    )


@compiled
def _find_all(frame: int, of: Column, heap: Column, ends: Column) -> Column:
    """The rows of texts, side by side in a heap, each of a sort and kind; `frame` is the address of
    Arrays.
    """
    arrays = taken(frame, Arrays)
    out, begins = np.empty(len(ends), np.int64), np.int64(0)
    for n in range(len(ends)):
        out[n] = find(arrays, of[n, 0], of[n, 1], heap, begins, ends[n])
        begins = ends[n]
    return out


def _application_row(a: Application, rows: list[int]) -> Rows:
    person, application, *places = rows[:7]
    words = (a.platform_id, a.merchant_id, a.agent_id, a.product, a.city)
    measured = map(_real, (a.amount, a.term_months, a.face_match, a.liveness))
    ids = (_or_beyond(application), 0, _or_beyond(person), *map(_word, words, places), 0, 0, 0, 0)
    flags = (
        NOBODY if a.birth_year is None else a.birth_year,
        _FLAG[a.phone_three_element],
        _FLAG[a.new_citizen],
        0,
    )
    return packed_rows([(micros(a.applied_at), *measured, *ids, *flags)], APPLICATION)


def _mention_rows(a: Application, rows: list[int]) -> Rows:
    unknown: dict[str, int] = {}
    values = []
    for (identifier, role), row in zip(a.mentions, rows, strict=True):
        number = row if row >= 0 else int(BEYOND) - 1 - unknown.setdefault(identifier.node, len(unknown))
        values.append((number, NOBODY, _KIND[identifier.kind], _ROLE[role], identifier.linking))
    return packed_rows(values, MENTION)


def _word(word: str | None, row: int) -> int:
    return int(NOBODY) if not word else row if row >= 0 else int(UNKNOWN_WORD)


def _or_beyond(row: Int) -> Int:
    return row if row >= 0 else BEYOND


def _real(value: float | None) -> float:
    return float("nan") if value is None else value
