"""A person reads on their page what is held about them, in two languages and without a column's name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from graph.features.lending.grammar import PRODUCTS
from ingestion.parse_context import time_zone
from ingestion.word_guide import WORDS
from investigations.cases import NewCase, Verdict, VerdictValue
from service.assessment.context import AppContext
from service.governance.person.export import held_about
from service.governance.person.page import as_page
from service.governance.person.words import NAMES, SECTIONS, VALUES
from tests.support.small_service import body, risk, service
from tests.support.small_worlds import day

LATER, ZONE = day(400), time_zone("Asia/Shanghai")
WHOLE = ("applicant_id", "as_of", "revision")  # members of an export that are no section
SENTENCES = ("reasons", "signals", "multi_lending", "attributes")


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Any]]:
    """What is held about somebody who was assessed and has a case."""
    context: AppContext = service(tmp_path_factory.mktemp("held"))
    answer = risk(context, body())
    about = NewCase(reason="by hand", applicant_id="p001", assessment_id=answer["assessment_id"],
                    reason_codes=("RING_SAME_AGENT",))  # fmt: skip

    case_id, _ = context.casebook.open_case(about, at=day(71), by="wang")
    said = VerdictValue.FALSE_POSITIVE
    verdict = Verdict(at=day(73), by="wang", value=said, people={"p001": said})
    context.casebook.give_verdict(case_id, verdict, context.casebook.case(case_id).version)
    yield held_about(context.store, context.casebook, "p001", LATER)
    context.close()


def fields(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield name
            yield from fields(one) if name not in SENTENCES else ()
    elif isinstance(value, list):
        for one in value:
            yield from fields(one)


def test_every_section_and_field_of_an_export_has_its_words(held: Mapping[str, Any]) -> None:
    assert [*SECTIONS] == [name for name in held if name not in WHOLE]
    rows = (held[name] for name in SECTIONS if name != "not_included")
    assert {name for row in rows for name in fields(row)} <= {*NAMES, *SENTENCES}


def test_the_words_that_records_define_stand_on_a_page_in_both_languages() -> None:
    defined = {w for column in WORDS if column != "contacts.relation" for w in WORDS[column]} | {*PRODUCTS}
    assert not defined - {*VALUES}


def test_an_ordinary_payment_is_not_called_the_same_one_as_others_made() -> None:
    row = {"event_id": "E1", "kind": "payment", "at": day(3).isoformat()}
    held = {name: [] for name in SECTIONS} | {"applicant_id": "p", "as_of": LATER.isoformat()}
    page = as_page(held | {"events": [row]}, ZONE).decode()
    assert "payment at a shop" in page
    assert "same payment" not in page


def test_a_persons_page_has_no_name_of_a_column_and_speaks_two_languages(held: Mapping[str, Any]) -> None:
    page = as_page(held, ZONE).decode()
    said = re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
    own = {str(one["attributes"]) for one in (*held["applications"], *held["events"]) if "attributes" in one}
    assert not [
        word
        for word in re.findall(r"\b[A-Za-z]+(?:_[A-Za-z0-9]+)+\b", said)
        if not any(word in o for o in own)
    ]
    for english, chinese in (("Kind of lender", "机构类型"), ("Proposal", "建议"), ("Reasons", "理由")):
        assert english in said
        assert chinese in said
    (assessed,) = held["assessments"]
    for reason in assessed["reasons"]:
        assert reason["text_zh"] in said


def test_moments_on_a_persons_page_are_those_of_their_clock(held: Mapping[str, Any], tmp_path: Path) -> None:
    page = as_page(held, ZONE).decode()
    first = held["applications"][0]["applied_at"]
    assert first not in page
    assert day(400).astimezone(ZONE).strftime("%Y-%m-%d %H:%M") in page
