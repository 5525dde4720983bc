"""Erased names are found where they name the erased, and nowhere else."""

from __future__ import annotations

import pytest

from graph.model.erasure import Renaming
from graph.model.types import Identifier, IdentifierKind
from investigations.erased_names import ErasedNames

NAMES = ErasedNames(
    Renaming(
        people={
            "C-104": "~P",
            "12": "~N",
            "review": "~R",
            'O\'Brien, "x"': "~O",
            "王小明": "~W",
            "C 1": "~S",
        },
        applications={"C-7": "~L", "2026-000123": "~A"},
        identifiers={"device:k1.ab": Identifier(IdentifierKind.DEVICE, "~T")},
    )
)


@pytest.mark.parametrize(
    ("said", "after"),
    [
        ("C-104 called, see (C-104). C-104:", "~P called, see (~P). ~P:"),
        ("http://desk/node?node=applicant%3AC-104&as_of=2026", "http://desk/node?node=applicant%3A~P&as_of=2026"),
        ("/export/C-104.csv C-104_front.png x=C-104", "/export/~P.csv ~P_front.png x=~P"),
        ("客户C-104与王小明同住", "客户~P与~W同住"),
        ("C-1045, XC-104, C-104-2 and AC-104", "C-1045, XC-104, C-104-2 and AC-104"),
        ("C 1 and C 10", "~S and C 10"),
        ("12 months, 3 of 12 people", "12 months, 3 of 12 people"),
        ("applicant:12, applicant_id=12; application:12", "applicant:~N, applicant_id=~N; application:12"),
        ("application:C-7, applicant:C-7", "application:~L, applicant:C-7"),
        ("device:k1.ab and phone:k1.ab", "device:~T and phone:k1.ab"),
        ("O'Brien, \"x\" came", "~O came"),
    ],
)  # fmt: skip
def test_a_text_loses_the_names_of_the_erased_and_no_part_of_anybody_elses(said: str, after: str) -> None:
    assert NAMES.text(said) == after
    assert NAMES.named_in(said.encode()) == (said != after)


def test_an_answer_about_somebody_else_keeps_its_words_and_its_own_names() -> None:
    answer = {
        "decision": "review",
        "applicant_id": "C-7",
        "application_id": "C-104",
        "platform_id": "12",
        "path": ["applicant:C-7", "application:12"],
        "review": "12",
    }
    assert NAMES.json(answer) == answer
    named = {"applicant_id": "12", "path": ["applicant:C-104", "application:C-7"], "applicant:12": {"a": 1}}
    after = {"applicant_id": "~N", "path": ["applicant:~P", "application:~L"], "applicant:~N": {"a": 1}}
    assert NAMES.json(named) == after
    assert NAMES.may_stand_in('{"applicant_id":"O\'Brien, \\"x\\""}')
    assert not NAMES.may_stand_in('{"a":"C-1045"}')
