"""Views of the desk are kept with who and when, shared by their address, and hold nothing raw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from tests.support.desk.pages import KEY, OTHER, small_desk

MADE = {
    "opened": ["applicant:ann"],
    "work": {
        "kinds": ["wifi"],
        "from": "2025-01-01",
        "to": "",
        "hidden": ["applicant:cy"],
        "pinned": [],
        "group": "ring",
    },
    "places": {"applicant:ann": {"x": 1.5, "y": -2.0}},
}
SAVING = {
    "name": "five names, one device",
    "node": "ring:R-000042",
    "as_of": "2025-03-01T00:00:00+08:00",
    "made": MADE,
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    context = small_desk(tmp_path_factory.mktemp("views"))
    yield create_app(context).test_client()
    context.close()


def asked(client: FlaskClient, method: str, path: str, body: Any = None, by: str = KEY) -> Any:
    return client.open(path, method=method, json=body, headers={"Authorization": f"Bearer {by}"})


def test_a_saved_view_is_given_to_whoever_has_its_address_as_of_its_moment(client: FlaskClient) -> None:
    kept = asked(client, "POST", "/desk/views", SAVING)
    assert kept.status_code == 201
    view_id = kept.json["view_id"]
    found = asked(client, "GET", f"/desk/views/{view_id}", by=OTHER).json
    assert (found["by"], found["own"], found["name"]) == ("desk", False, SAVING["name"])
    assert found["as_of"].startswith("2025-03-01T00:00:00")
    assert found["made"] == MADE
    listed = asked(client, "GET", "/desk/views?node=ring:R-000042", by=OTHER).json
    assert [one["view_id"] for one in listed] == [view_id]
    assert "made" not in listed[0]


def test_a_view_is_taken_away_by_whoever_made_it_alone(client: FlaskClient) -> None:
    view_id = asked(client, "POST", "/desk/views", SAVING | {"node": "applicant:ann"}).json["view_id"]
    assert asked(client, "DELETE", f"/desk/views/{view_id}", by=OTHER).status_code == 409
    assert asked(client, "DELETE", f"/desk/views/{view_id}").status_code == 204
    assert asked(client, "GET", f"/desk/views/{view_id}").status_code == 404


def test_a_raw_value_is_masked_in_the_name_and_refused_among_the_nodes(client: FlaskClient) -> None:
    kept = asked(client, "POST", "/desk/views", SAVING | {"name": "who has 15073157065"})
    assert "15073157065" not in kept.text
    raw = MADE | {"opened": ["phone:15073157065"]}
    refused = asked(client, "POST", "/desk/views", SAVING | {"made": raw})
    assert refused.status_code == 400
    assert "15073157065" not in refused.text
    assert asked(client, "GET", "/desk/views?node=phone:15073157065").status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"made": {}},
        {"made": MADE | {"work": MADE["work"] | {"group": "colour"}}},  # type: ignore[operator]
        {"as_of": "2999-01-01"},
        {"as_of": "soon"},
        {"name": ""},
        {"more": 1},
    ],
)
def test_what_is_no_view_is_refused(client: FlaskClient, wrong: dict[str, Any]) -> None:
    assert asked(client, "POST", "/desk/views", SAVING | wrong).status_code in (400, 422)
