"""No raw identifier is shown or kept: masks without a form for what has none, texts scrubbed, and never seven
digits of anybody's in a row.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.types import IdentifierKind
from ingestion.identifiers.masks import FORMLESS
from ingestion.identifiers.normalise import normalise
from ingestion.identifiers.recognise import scrubbed
from ingestion.identifiers.validity import Validity
from service.app import create_app
from tests.support.deliveries import APPLICATION, NOW, deliver, load_into, rejects
from tests.support.small_service import body, service
from tests.support.stores import open_store

SEVEN = re.compile(r"\d{7}")
ODD = st.text(st.sampled_from("0123456789" * 3 + ".:-@*xX +()/#aeq市号"), min_size=1, max_size=40)


@given(kind=st.sampled_from(tuple(IdentifierKind)), text=ODD)
def test_no_mask_shows_seven_digits_in_a_row_of_anything(kind, text):
    assert not SEVEN.search(normalise(kind, text).masked)


@pytest.mark.parametrize(
    ("kind", "text"),
    [("ip", "13812345678.0.*.*"), ("email", "13812345678@"), ("wifi", "13812345678**"),
     ("address", "XX路13812345678号"), ("phone", "1381234567a"),
     ("device", "1.38123E+10"), ("national_id", "13812345678"), ("bank_card", "13812345678")],
)  # fmt: skip
def test_what_is_no_valid_value_has_a_mask_without_form(kind, text):
    normal = normalise(IdentifierKind(kind), text)
    assert (normal.validity, normal.masked) == (Validity.UNVERIFIED, FORMLESS)


def test_a_domain_of_digits_is_no_way_round_the_mask():
    assert not SEVEN.search(normalise(IdentifierKind.EMAIL, "me@13812345678.com").masked)


def test_a_phone_in_a_free_text_is_kept_masked_and_a_product_code_as_it_is(tmp_path):
    rows = [
        APPLICATION | {"city": "call 13958274630", "product": "P20260101000123", "channel": "ann@example.com"}
    ]
    with open_store(tmp_path / "s.db") as store:
        load_into(store, deliver(tmp_path / "delivery", applications=rows))
        [kept] = store.view(NOW).applications(datetime(1970, 1, 2, tzinfo=UTC))
    assert (kept.city, kept.product, kept.channel) == (
        "call 139****4630",
        "P20260101000123",
        "a***@example.com",
    )


def test_names_that_nobody_knows_are_given_back_scrubbed(tmp_path):
    context = service(tmp_path)
    client = create_app(context).test_client()
    answer = client.post(
        "/risk", json=body() | {"13958274630": 1, "ann@example.com": 2, "x1234567890": 3, "colour": 4}
    )
    assert not SEVEN.search("".join(answer.get_json()["ignored"]))
    assert "ann@example.com" not in answer.get_data(as_text=True)
    assert "colour" in answer.get_json()["ignored"]
    context.close()


def test_a_reject_shows_no_seven_digits_of_an_identifier(tmp_path):
    bad = [
        APPLICATION
        | {
            "application_id": "",
            "phone": "13958274630**",
            "ip": "13812345678.0.*.*",
            "city": "1395827463 0",
            "device_id": "1.3E+10",
        }
    ]
    with open_store(tmp_path / "s.db") as store:
        load_into(store, deliver(tmp_path / "delivery", applications=[*bad, APPLICATION]))
    [line] = rejects(tmp_path / "delivery")
    assert not any(SEVEN.search(str(line["row"][name])) for name in ("phone", "ip", "device_id"))


@given(ODD)
def test_what_is_given_back_to_a_caller_holds_no_seven_digits_in_a_row(text):
    assert not SEVEN.search(scrubbed(text))
