"""A burst is known at the counter while it happens, before any weekly review; a queue and a couple are
none.
"""

from datetime import timedelta

import pytest

from investigations.rules import RuleInputs, fired
from service.app import create_app
from tests.support.small_service import PlainModel, body, service
from tests.support.small_worlds import facts_of

CODES = {"RULE_DEVICE_BURST", "RULE_CONTACT_BURST", "RULE_CARD_BURST"}


@pytest.fixture
def counter(tmp_path):
    """The service on a store without facts, with a model that approves everybody; what it answers one after
    another.
    """
    context = service(tmp_path, facts_of(), scorer=PlainModel(weights={}))
    client = create_app(context).test_client()

    def asked(number, **columns):
        context.clock.now += timedelta(minutes=1)
        told = body(f"a{number}", applied_at=None, applicant_id=f"c{number}", national_id=None, **columns)
        return client.post("/risk", json=told).get_json()

    yield asked
    context.close()


def codes(answer):
    return {reason["code"] for reason in answer["reasons"]} & CODES


def test_the_fourth_account_of_a_burst_on_one_device_goes_to_a_person(counter):
    answers = [counter(n, phone=f"1507315706{n}") for n in range(6)]
    assert [bool(codes(one)) for one in answers] == [False, False, False, True, True, True]
    assert [one["decision"] for one in answers] == ["approve"] * 3 + ["review"] * 3
    [reason] = [one for one in answers[3]["reasons"] if one["code"] == "RULE_DEVICE_BURST"]
    assert reason["value"] == 3.0
    assert reason["evidence"][0]["path"][1].startswith("device:")


def test_two_people_on_one_device_within_the_hour_are_no_burst(counter):
    answers = [counter(n, phone=f"1507315706{n}") for n in range(2)]
    assert [one["decision"] for one in answers] == ["approve"] * 2


@pytest.mark.parametrize(
    ("arrivals", "fires"),
    [
        ({"card": (3.0, 7.0)}, {"RULE_CARD_BURST"}),
        ({"card": (2.0, 5.0), "contact": (8.0, 17.0)}, {"RULE_CONTACT_BURST"}),
        ({"device": (6.0, 2.0)}, set()),  # a counter's tablet in a busy hour
        (None, set()),
    ],
)
def test_many_newcomers_beyond_a_things_own_rate_ask_for_a_person(arrivals, fires):
    rules = fired(RuleInputs(arrivals=arrivals))
    assert {one.code.code for one in rules} == fires
    assert all(one.forces_review for one in rules)
