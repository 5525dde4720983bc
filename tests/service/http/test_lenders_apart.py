"""Two lenders with keys of their own in one service: neither reads, blocks, labels or names what is the
other's.
"""

from __future__ import annotations

import pytest

from graph.model.types import Facts, Platform, PlatformType
from scripts.tools.attack_lenders import run
from service.app import create_app
from service.http.limits.probing import MOST
from tests.support.small_service import body, key, service
from tests.support.small_worlds import applies, uses

PLATFORMS = (
    Platform(platform_id="L1", type=PlatformType.BANK_ONLINE, is_own=True),
    Platform(platform_id="L2", type=PlatformType.CONSUMER_FINANCE),
    Platform(platform_id="L3", type=PlatformType.MICROLOAN),
)
DELIVERED = applies("ann", 1, uses("phone", "1"), application_id="A-delivered", platform_id="L3")


@pytest.fixture
def lenders(tmp_path):
    keys = f"own:{key('own')}:risk+facts,second:{key('second')}:risk+facts@L2,operator:{key('operator')}@*"
    context = service(tmp_path, Facts(applications=(DELIVERED,), platforms=PLATFORMS), api_keys=keys)
    client = create_app(context).test_client()

    def call(who, path, sent=None, **more):
        headers = {"Authorization": f"Bearer {key(who)}"} | more
        response = (
            client.get(path, headers=headers)
            if sent is None
            else client.post(path, json=sent, headers=headers)
        )
        return response.status_code, response.get_json(), response.get_data(as_text=True)

    yield call
    context.close()


def test_a_key_speaks_for_its_own_lenders_only(lenders):
    status, answer, _ = lenders("second", "/risk", body(platform_id="L1"))
    assert (status, answer["errors"][0]["code"]) == (422, "foreign_lender")
    assert lenders("second", "/risk", body(platform_id="L2"))[0] == 200
    assert lenders("own", "/risk", body("without", platform_id=None))[0] == 200, (
        "the only lender there is need not be named"
    )
    assert lenders("own", "/risk", body("other", platform_id="L3"))[0] == 422


def test_one_id_of_two_lenders_is_two_applications(lenders):
    first = lenders("own", "/risk", body("A-1", platform_id="L1", amount=1000))
    second = lenders("second", "/risk", body("A-1", platform_id="L2", amount=2000))
    delivered = lenders("second", "/risk", body("A-delivered", platform_id="L2"))
    assert [first[0], second[0], delivered[0]] == [200, 200, 200]
    assert (first[1]["application_id"], second[1]["application_id"]) == ("A-1", "A-1")
    assert "@L2" not in second[2].replace("%40L2", "")
    assert (
        lenders("second", "/risk", {"stage": "disbursement", "application_id": "A-1"})[1]["application_id"]
        == "A-1"
    )


def test_another_lenders_assessment_is_not_there(lenders):
    assessment = lenders("own", "/risk", body(platform_id="L1"))[1]["assessment_id"]
    for path in (f"/risk/{assessment}", f"/risk/{assessment}/replay"):
        assert (
            lenders("second", path)[1]["code"]
            == lenders("second", "/risk/A-none")[1]["code"]
            == "assessment_unknown"
        )
        status, _, text = lenders("own", path)
        assert (status, "@L1" in text.replace("%40L1", "")) == (200, False)
        assert lenders("operator", path)[0] == 200
    assert lenders("own", f"/risk/{assessment}/replay")[1]["equal"] is True


def test_nobody_learns_of_people_by_asking_for_their_ids(lenders):
    watched = {"stage": "monitoring", "applicant_id": "ann"}
    assert lenders("operator", "/risk", watched)[0] == 200
    stranger = lenders("second", "/risk", {**watched, "applicant_id": "nobody"})
    result = lenders("second", "/risk", watched)
    assert (result[0], result[1]["code"]) == (stranger[0], stranger[1]["code"]) == (404, "applicant_unknown")


def test_a_label_or_an_outcome_reaches_the_callers_own_people_alone(lenders):
    label = {"applicant_id": "p001", "label": "fraud", "known_at": "2025-03-01T00:00:00Z"}
    lenders("own", "/risk", body("A-1", platform_id="L1"))
    lenders("second", "/risk", body("A-1", platform_id="L2"))
    assert lenders("second", "/feedback", label)[0] == 200
    assert (
        lenders(
            "second",
            "/outcomes",
            {"application_id": "A-delivered", "status": "rejected", "at": "2025-03-01T00:00:00Z"},
        )[0]
        == 200
    )

    def codes(who, lender):
        answer = lenders(
            who, "/risk", body("A-2", platform_id=lender, phone=None, device_id=None, national_id=None)
        )[1]
        return {reason["code"] for reason in answer["reasons"]}

    assert "RULE_FRAUD_KNOWN" in codes("second", "L2")
    assert "RULE_FRAUD_KNOWN" not in codes("own", "L1")
    ann = lenders("operator", "/risk", {"stage": "monitoring", "applicant_id": "ann"})[1]
    assert ann["multi_lending"]["variables"]["ml_12m_person_all_rejected"] == 0


def test_what_shows_more_than_one_lender_is_the_operators(lenders):
    for path in ("/rings", "/metrics", "/desk/overview"):
        assert lenders("second", path)[0] == 403
        assert lenders("operator", path)[0] == 200


def test_a_mask_in_a_lenders_answer_tells_nobody_from_another(lenders):
    lenders("own", "/risk", body("A-1", applicant_id="somebody-42", platform_id="L1"))
    text = lenders("second", "/risk", body("A-2", platform_id="L2"))[2]
    assert "***" in text
    assert '***42"' not in text


def test_a_lender_who_tries_a_hundred_times_in_every_way_learns_and_changes_nothing(tmp_path):
    figures = run(600, tmp_path)
    assert figures["what"] == []
    assert figures["statuses"]["guess behind a mask"] == {
        "200": MOST,
        "429": figures["statuses"]["guess behind a mask"]["429"],
    }
