"""A hit of the desk's search says what is known of it; cases, merchants and agents are found by their ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from graph.model.types import Facts
from service.app import create_app
from tests.support.desk.pages import KEY, READER, small_desk
from tests.support.small_worlds import applies


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    context = small_desk(tmp_path_factory.mktemp("hits"))
    context.store.add(Facts(applications=(applies("mo", 20, merchant_id="M-77", agent_id="G-5"),)))
    yield create_app(context).test_client()
    context.close()


def asked(client: FlaskClient, path: str, body: dict[str, Any], by: str = KEY) -> Any:
    return client.post(path, json=body, headers={"Authorization": f"Bearer {by}"}).json


def found(client: FlaskClient, text: str, by: str = KEY, as_of: str = "") -> Any:
    return asked(client, "/desk/search", {"q": text, "as_of": as_of}, by)


def test_a_person_is_found_with_their_ring_and_what_was_concluded(client: FlaskClient) -> None:
    bo = next(hit for hit in found(client, "bo") if hit["node"] == "applicant:bo")
    assert (bo["conclusion"], bo["ring_id"], bo["ring_flagged"]) == ("fraud", "R-000042", True)
    before = next(h for h in found(client, "bo", as_of="2025-01-13T00:00:00Z") if h["node"] == "applicant:bo")
    assert (before["conclusion"], before["ring_id"]) == (None, None), "nothing of it was known by then"


def test_a_ring_and_a_value_are_found_with_how_many_belong_to_them(client: FlaskClient) -> None:
    [ring] = found(client, "R-000042")
    assert (ring["ring_flagged"], ring["holders"]) == (True, 5)
    [phone] = found(client, "+86 150-7315-7065")
    assert phone["holders"] >= 1


def test_a_case_is_found_by_its_id_by_whoever_may_read_cases(client: FlaskClient) -> None:
    case = asked(client, "/cases", {"ring_id": "R-000042", "reason": "call"})["case_id"]
    [hit] = found(client, f" {case.lower()} ".replace("c-", "C-"))
    assert (hit["node"], hit["state"], hit["subject"]) == (f"case:{case}", "pending", "R-000042")
    assert found(client, case, by=READER) == []


@pytest.mark.parametrize(
    ("text", "node"),
    [("M-77", "merchant:M-77"), ("agent:G-5", "agent:G-5"), ("G-5", "agent:G-5")],
)
def test_a_merchant_and_an_agent_are_found_by_id(client: FlaskClient, text: str, node: str) -> None:
    assert [hit["node"] for hit in found(client, text)] == [node]


def test_nobody_went_to_a_merchant_that_came_later(client: FlaskClient) -> None:
    assert found(client, "M-77", as_of="2025-01-10T00:00:00Z") == []
