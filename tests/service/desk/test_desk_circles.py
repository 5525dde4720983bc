"""The panels of shops, agents and hubs: who stands around them, what became of the loans, and known frauds,
as of then and within bounds.
"""

import pytest

from graph.facts.hubs import GUARD
from graph.model.errors import NotFoundError
from graph.model.types import Facts, IdentifierKind, Merchant, Outcome, OutcomeStatus
from service.desk import circles, dossiers
from tests.support.desk.worlds import fill
from tests.support.small_worlds import PLATFORMS, START, applies, before, day, fraud, random_facts, uses
from tests.support.stores import open_store


def came_to(application_id, status, on, amount=None):
    return Outcome(application_id=application_id, status=OutcomeStatus(status), at=day(on), amount=amount)


def shop_and_agent():
    """Four people at one shop: paid out and closed, in default, rejected, and without any news; one of them a
    fraud from day 40.
    """
    where = {"merchant_id": "M7", "agent_id": "G7"}
    applications = tuple(
        applies(who, n, uses("device", who), amount=1_000.0 * n, **where)
        for n, who in enumerate(("ann", "bo", "cy", "di"), 1)
    )
    outcomes = (
        came_to("ann@1", "disbursed", 2), came_to("ann@1", "closed", 30),
        came_to("bo@2", "disbursed", 3, 1_500.0), came_to("bo@2", "dpd90", 35),
        came_to("cy@3", "rejected", 4),
    )  # fmt: skip
    shop = Merchant(merchant_id="M7", category="phones", city="Dongguan", opened_at=START)
    return Facts(
        applications=applications,
        outcomes=outcomes,
        labels=(fraud("bo@2", 40),),
        platforms=PLATFORMS,
        merchants=(shop,),
    )


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "store.db") as opened:
        opened.add(shop_and_agent())
        yield opened


@pytest.mark.parametrize(("kind", "place"), [("merchant", "M7"), ("agent", "G7")])
def test_a_shop_and_an_agent_tell_their_people_loans_defaults_and_known_frauds(store, kind, place):
    circle = dossiers.shop(store.view(day(100)), kind, place).circle
    assert (
        circle.people,
        circle.applications,
        circle.loans,
        circle.amount,
        circle.defaulted,
        circle.frauds,
    ) == (4, 4, 2, 2_500.0, 1, 1)
    assert circle.outcomes == {"closed": 1, "dpd90": 1, "rejected": 1}
    assert [(who.applicant_id, who.status, who.bad) for who in circle.latest] == [
        ("di", None, False), ("cy", "rejected", False), ("bo", "dpd90", True), ("ann", "closed", False),
    ]  # fmt: skip
    assert not circle.more


def test_the_panel_of_a_shop_is_as_of_the_moment(store):
    circle = dossiers.shop(store.view(day(3.5)), "merchant", "M7").circle
    assert (circle.people, circle.loans, circle.defaulted, circle.frauds) == (3, 2, 0, 0)


def test_a_shop_that_nobody_named_is_not_found_and_a_described_one_is_empty(store):
    with pytest.raises(NotFoundError):
        dossiers.shop(store.view(day(100)), "agent", "nobody")
    with pytest.raises(NotFoundError):
        dossiers.shop(store.view(day(0.5)), "agent", "G7")
    assert dossiers.shop(store.view(day(0.5)), "merchant", "M7").circle.people == 0


def test_a_hub_tells_who_holds_it_and_how_many_would_still_tie(tmp_path):
    with open_store(tmp_path / "desk.db") as store:
        fill(store)
        reported = dossiers.identifier(store.view(day(100)), "wifi:k1.dorm")
    assert (reported.hub, reported.guard, reported.holders) == (
        "many_holders",
        GUARD[IdentifierKind.WIFI],
        125,
    )
    assert (reported.circle.people, reported.circle.frauds, len(reported.circle.latest)) == (
        125,
        1,
        circles.LISTED_PEOPLE,
    )
    assert [(ring.ring_id, ring.people) for ring in reported.circle.rings] == [("R-000042", 5)]
    assert len(reported.latest) == dossiers.LISTED_HOLDERS


def test_a_busy_agent_and_a_hub_are_bounded_and_say_that_there_are_more(tmp_path):
    with open_store(tmp_path / "busy.db") as store:
        created = tuple(
            applies(f"p{n:03d}", n / 100, uses("wifi", "hall"), agent_id="G")
            for n in range(circles.READ_PEOPLE + 30)
        )
        store.add(Facts(applications=created))
        view = store.view(day(100))
        for circle in (
            dossiers.shop(view, "agent", "G").circle,
            dossiers.identifier(view, "wifi:k1.hall").circle,
        ):
            assert (circle.people, circle.more) == (circles.READ_PEOPLE, True)
            assert circle.latest[0].applicant_id == created[-1].applicant_id


@pytest.mark.parametrize("seed", range(3))
def test_deleting_the_future_changes_no_panel_of_a_shop_or_an_identifier(tmp_path, seed):
    facts, moment = random_facts(seed), day(30)
    with open_store(tmp_path / "all.db") as whole, open_store(tmp_path / "past.db") as past:
        whole.add(facts)
        past.add(before(facts, moment))
        seen = before(facts, moment).applications
        for merchant in sorted({a.merchant_id for a in seen if a.merchant_id})[:4]:
            assert dossiers.shop(whole.view(moment), "merchant", merchant) == dossiers.shop(
                past.view(moment), "merchant", merchant
            )
        for node in sorted({m.identifier.node for a in seen for m in a.mentions})[:8]:
            assert dossiers.identifier(whole.view(moment), node) == dossiers.identifier(
                past.view(moment), node
            )


def test_loans_that_went_bad_are_counted_by_the_month_of_their_application(store):
    months = dict.fromkeys(("2025-01", "2025-02"))
    for day_of, expected in ((31, (2, 0)), (100, (2, 1))):
        circle = dossiers.shop(store.view(day(day_of)), "merchant", "M7").circle
        [month] = circle.months
        assert month.month in months
        assert (month.applications, month.loans, month.bad) == (4, *expected)
