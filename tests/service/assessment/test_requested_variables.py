"""Variables that a request names beyond those of every answer: told, written down, computed again, and held
back from whoever may not know them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from graph.features.lending.grammar import STANDARD
from graph.model.types import Facts, Platform, PlatformType
from scripts import score
from service.analysis import open_graph
from service.app import create_app
from service.assessment.answers.fields import MOST_NAMES
from service.assessment.context import AppContext
from service.assessment.repeats.replay import replay
from service.assessment.views import Views
from service.threads.background_writer import BackgroundWriter
from tests.service.assessment.test_assess import Unreachable
from tests.support.small_service import PlainModel, body, key, risk, service, settings_in
from tests.support.small_worlds import PLATFORMS, applies, day

COUNTED, TYPED = "ml_6h_phone_all_apps", "ml_6h_phone_nbank_cf_apps"
NAMES = [COUNTED, "ml_ring_burst_1h", "ml_phone_acceleration", "ml_7d_id_phones", STANDARD[0]]


def told(answer: Any) -> dict[str, Any]:
    return dict(answer["multi_lending"]["variables"])


def test_what_a_request_names_is_told_written_down_and_replayed(client: FlaskClient) -> None:
    client.post("/risk", json=body("first"))
    answer = client.post("/risk", json=body("second", variables=NAMES)).get_json()
    assert told(answer) == {
        COUNTED: 1.0,
        "ml_ring_burst_1h": None,
        "ml_phone_acceleration": 1.0,
        "ml_7d_id_phones": 1.0,
        STANDARD[0]: 1.0,
    }
    path = f"/risk/{answer['assessment_id']}"
    row = client.get(path).get_json()
    assert set(told(row["answer"])) == {*STANDARD, *NAMES}
    again = client.get(f"{path}/replay").get_json()
    assert again["equal"], again["differences"]


def test_an_answer_that_nobody_asked_more_of_holds_the_standard_set_alone(client: FlaskClient) -> None:
    assert list(told(client.post("/risk", json=body()).get_json())) == list(STANDARD)


def test_what_is_named_changes_neither_score_nor_reasons(context: AppContext) -> None:
    plain, more = risk(context, body("a", applicant_id="p002")), risk(context, body("b", applicant_id="p003"))
    again = risk(context, body("a", applicant_id="p002", variables=NAMES, stage="disbursement"))
    assert told(again).keys() > told(plain).keys() == told(more).keys()
    same = replay(context, again["assessment_id"])
    assert same["equal"]
    assert [again[part] for part in ("score", "reasons")] == [
        same["answer"][part] for part in ("score", "reasons")
    ]


def test_a_name_that_is_none_is_refused_with_the_nearest(client: FlaskClient) -> None:
    wrong = client.post("/risk", json=body(variables=["ml_6h_phone_nbank_cf_app"]))
    assert wrong.status_code == 422
    assert wrong.get_json()["errors"] == [
        {
            "field": "variables",
            "code": "unknown_variable",
            "message": f"knows no ml_6h_phone_nbank_cf_app; the nearest to the first is {TYPED}",
        }
    ]


def test_more_names_than_a_request_may_hold_are_refused(client: FlaskClient) -> None:
    wrong = client.post("/risk", json=body(variables=[COUNTED] * (MOST_NAMES + 1)))
    assert [error["code"] for error in wrong.get_json()["errors"]] == ["too_many_names"]


def test_a_look_up_that_failed_is_said_to_have_and_is_no_0(context: AppContext) -> None:
    away = Unreachable()
    down = dataclasses.replace(context, store=away, writer=BackgroundWriter(away), views=Views(away))
    answer = risk(down, body(variables=NAMES))
    assert answer["multi_lending"]["status"] == "failed"
    assert set(told(answer)) == {*STANDARD, *NAMES}
    assert set(told(answer).values()) == {None}
    assert replay(down, answer["assessment_id"])["equal"]


def test_each_request_of_a_batch_may_name_its_own(client: FlaskClient) -> None:
    sent = {"requests": [body("b-1"), body("b-2", variables=[TYPED])], "variables": [COUNTED]}
    answers = client.post("/risk/batch", json=sent).get_json()["answers"]
    assert [set(told(answer)) for answer in answers] == [{COUNTED}, {TYPED}]


# whoever may not know kinds of lenders


@pytest.fixture
def callers(tmp_path: Path) -> Iterator[Any]:
    """A function: who asks, at which lender, and what they name -> what they are told, with four lenders
    behind it.
    """
    lenders = tuple(Platform(platform_id=f"F{n}", type=PlatformType.CONSUMER_FINANCE) for n in range(4))
    keys = f"us:{key('us')}:risk+facts@L1,operator:{key('operator')}:risk@*,types:{key('types')}:risk+types@*"
    context = service(tmp_path, Facts(platforms=PLATFORMS + lenders), api_keys=keys)
    client = create_app(context).test_client()

    def ask(who: str, number: str, lender: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {key(who)}"}
        sent = body(number, platform_id=lender, product="cash", **more)
        return client.post("/risk", json=sent, headers=headers).get_json()["multi_lending"]

    for n in range(4):
        ask("operator", f"o{n}", f"F{n}")
    yield ask
    context.close()


@pytest.mark.parametrize("who", ["us", "operator"])
def test_without_the_scope_no_requested_variable_tells_kinds_however_many_lenders(callers, who: str) -> None:
    kinds = [TYPED, "ml_6h_phone_bank_onl_lenders", "ml_6h_phone_cash_apps", "ml_1h_ring_nbank_apps"]
    answer = callers(
        who, "q", "L1", variables=[*kinds, COUNTED, "ml_6h_phone_own_apps", "ml_6h_phone_week_apps"]
    )
    assert set(answer["withheld"]) == set(kinds)
    assert answer["variables"][COUNTED] == 4
    assert set(answer["variables"]) == {COUNTED, "ml_6h_phone_own_apps", "ml_6h_phone_week_apps"}


def test_with_the_scope_kinds_are_told(callers) -> None:
    answer = callers("types", "q", "L1", variables=[TYPED, "ml_6h_phone_cash_apps"])
    assert answer["variables"] == {"ml_6h_phone_cash_apps": 4, TYPED: 4}
    assert "withheld" not in answer


# for analysts and batches


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store in which somebody asks one lender after the other."""
    settings = settings_in(tmp_path)
    monkeypatch.setenv("RINGFENCE_HASH_KEY", settings.hash_key)
    context = service(
        tmp_path,
        Facts(
            platforms=PLATFORMS,
            applications=tuple(applies("ann", n / 24, platform_id=f"L{n}") for n in (1, 2, 3)),
        ),
        scorer=PlainModel(),
    )
    context.close()
    return settings.store


def test_the_score_command_and_the_notebook_give_variables_of_any_name(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["ml_3h_person_all_apps", "ml_person_burst_1h", STANDARD[0]]
    with open_graph(store, as_of=day(1)) as graph:
        frame = graph.scores(day(0), day(1), variables=names)
    assert frame["ml_3h_person_all_apps"].fillna(-1).tolist() == [-1, 1, 2]
    assert frame["ml_person_burst_1h"].fillna(-1).tolist() == [-1, 1, 1]
    (tmp_path / "names.txt").write_text("\n".join(names))
    period = [
        "--store",
        store,
        "--since",
        day(0).isoformat(),
        "--until",
        day(1).isoformat(),
        "--processes",
        "1",
    ]
    out = tmp_path / "scores.csv"
    assert score.main([*period, "--out", str(out), "--variables", str(tmp_path / "names.txt")]) == 0
    assert out.read_text().split("\n")[0].replace('"', "").endswith(",".join(names))
    assert score.main([*period, "--out", str(out), "--variables", "ml_3h_person_all_app"]) == 2
    assert "the nearest is ml_3h_person_all_apps" in capsys.readouterr().err
