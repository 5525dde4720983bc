"""The desk's answers: bounded drawings as of a moment, with masked forms only and with what was left out."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from graph.model.errors import InputError, NotFoundError
from graph.model.types import Facts, Identifier, Mention, RingChange, RingKind, RingSnapshot, Role
from investigations.assessments import Decision, Level, RiskAssessment, Stage
from service.app import create_app
from service.desk import dossiers, ring_dossiers, routes, subgraphs
from service.settings import Settings
from service.wiring import wire
from tests.support.desk.worlds import HOSTILE, PHONE, fill, ring_of
from tests.support.small_worlds import applies, before, day, known_as, random_facts, uses
from tests.support.stores import HASH_KEY, open_store, store_url


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "store.db") as opened:
        fill(opened)
        yield opened


@pytest.fixture
def context(store, tmp_path):
    settings = Settings(
        store=store_url(tmp_path / "store.db"), casebook=f"sqlite:///{tmp_path}/book.db", hash_key=HASH_KEY
    )
    opened = wire(settings, clock=lambda: day(100))
    yield opened
    opened.close()


@pytest.fixture
def desk_client(context):
    return create_app(context).test_client()


def nodes(drawing):
    return {node.id: node for node in drawing.nodes}


def test_an_applicant_is_drawn_with_sharers_of_a_device_and_not_with_the_dormitory(store):
    drawing = subgraphs.draw(store.view(day(100)), "applicant:ann")
    people = {node.label for node in drawing.nodes if node.type == "applicant"}
    assert people == {"ann", "bo", "cy", "di", "ed", HOSTILE}


def test_a_hub_is_drawn_with_its_reason_and_its_size_and_is_not_followed(store):
    drawing = subgraphs.draw(store.view(day(100)), "applicant:ann")
    wifi = nodes(drawing)["wifi:k1.dorm"]
    assert (wifi.hub, wifi.holders) == ("many_holders", 125)
    reported = next(left for left in drawing.left_out if left.why == "hub")
    assert (reported.node, reported.total, reported.capped, reported.reason) == (
        "wifi:k1.dorm",
        125,
        False,
        "many_holders",
    )
    assert not subgraphs.expand(store.view(day(100)), "wifi:k1.dorm").edges


def test_known_fraud_and_ring_membership_show_only_from_the_day_they_were_known(store):
    bo = nodes(subgraphs.draw(store.view(day(100)), "applicant:ann"))["applicant:bo"]
    assert (bo.bad, bo.ring_id, bo.ring_flagged, bo.ring_role) == (True, "R-000042", True, "core")
    earlier = nodes(subgraphs.draw(store.view(day(49)), "applicant:ann"))["applicant:bo"]
    assert (earlier.bad, earlier.ring_id) == (False, None)


def test_an_application_is_drawn_at_the_head_of_its_applicants_subgraph(store):
    drawing = subgraphs.draw(store.view(day(100)), "application:ann@10")
    assert drawing.seed == "application:ann@10"
    assert {"application:ann@10", "applicant:ann"} <= {*nodes(drawing)}
    assert any(
        {edge.a, edge.b} == {"application:ann@10", "applicant:ann"} and edge.role == "applied"
        for edge in drawing.edges
    )


def test_a_ring_is_drawn_with_what_its_members_share_and_their_transfers(store):
    drawing = subgraphs.draw(store.view(day(100)), "ring:R-000042")
    assert {node.id for node in drawing.nodes} == {
        *(f"applicant:{n}" for n in ("ann", "bo", "cy", "di", "ed")),
        "device:k1.shared1",
        "wifi:k1.dorm",
    }
    assert any(edge.role == "transfer" for edge in drawing.edges)


def test_expanding_a_device_draws_its_latest_holders_and_says_how_many_are_left_out(tmp_path):
    with open_store(tmp_path / "many.db") as store:
        store.add(Facts(applications=tuple(applies(f"p{n:02d}", n, uses("device", "d")) for n in range(40))))
        drawing = subgraphs.expand(store.view(day(100)), "device:k1.d")
    assert len([n for n in drawing.nodes if n.type == "applicant"]) == subgraphs.EXPANDED.holders
    assert [(left.why, left.shown, left.total) for left in drawing.left_out] == [("holders", 24, 40)]
    assert drawing.truncated
    assert "applicant:p39" in nodes(drawing)
    assert "applicant:p00" not in nodes(drawing)


def test_the_drawing_of_a_busy_shop_names_the_shop_of_which_more_is_left_out(tmp_path):
    with open_store(tmp_path / "shop.db") as store:
        store.add(Facts(applications=tuple(applies(f"p{n:02d}", n, merchant_id="M1") for n in range(40))))
        drawing = subgraphs.expand(store.view(day(100)), "merchant:M1")
    assert [(left.why, left.type, left.label, left.shown) for left in drawing.left_out] == [
        ("holders", "merchant", "M1", 24)
    ]


def test_a_large_neighbourhood_stops_at_its_bound_and_says_so(tmp_path):
    with open_store(tmp_path / "large.db") as store:
        created = [
            applies(f"p{n:03d}", n / 10, uses("device", f"d{n // 20}"), uses("phone", f"f{n % 20}"))
            for n in range(400)
        ]
        store.add(Facts(applications=tuple(created)))
        drawing = subgraphs.draw(store.view(day(100)), "applicant:p010")
    assert sum(node.type == "applicant" for node in drawing.nodes) == subgraphs.DRAWN.applicants
    assert drawing.truncated
    assert "bound" in {left.why for left in drawing.left_out}


def test_identifiers_that_only_one_person_holds_are_counted_and_not_drawn(store):
    drawing = subgraphs.draw(store.view(day(100)), "applicant:ann")
    assert "phone:k1.own1" not in nodes(drawing)
    assert next(left.total for left in drawing.left_out if left.why == "ties") == 4
    assert PHONE.node in nodes(drawing)


@pytest.mark.parametrize("seed", range(3))
def test_deleting_the_future_changes_no_drawing_and_no_panel(tmp_path, seed):
    facts, moment = random_facts(seed), day(30)
    with open_store(tmp_path / "all.db") as whole, open_store(tmp_path / "past.db") as past:
        whole.add(facts)
        past.add(before(facts, moment))
        for person in sorted({a.applicant_id for a in before(facts, moment).applications})[:8]:
            node = f"applicant:{person}"
            assert subgraphs.draw(whole.view(moment), node) == subgraphs.draw(past.view(moment), node)
            assert dossiers.person(whole.view(moment), person) == dossiers.person(past.view(moment), person)


def test_what_is_not_known_yet_is_not_found(store):
    with pytest.raises(NotFoundError):
        subgraphs.draw(store.view(day(5)), "applicant:ann")
    with pytest.raises(NotFoundError):
        dossiers.identifier(store.view(day(5)), "device:k1.shared1")
    with pytest.raises(NotFoundError):
        ring_dossiers.ring(store.view(day(79)), "R-000042")
    with pytest.raises(InputError):
        subgraphs.draw(store.view(day(100)), "ann")


def test_a_ring_has_a_table_of_members_and_says_what_changed_since_last_week(store):
    reported = ring_dossiers.ring(store.view(day(100)), "R-000042")
    assert (reported.change, reported.joined, reported.left, reported.size) == ("grown", 2, 1, 5)
    assert [(m.applicant_id, m.role, m.bad) for m in reported.members][:3] == [
        ("ann", "core", False),
        ("bo", "core", True),
        ("cy", "member", False),
    ]


def test_a_ring_that_lost_its_flag_is_on_the_first_page_with_its_reason_in_zh_and_en(store):
    changes = (
        RingChange(
            ring_id="R-000042",
            change="unchanged",
            from_rings=("R-000042",),
            joined=0,
            left=0,
            jaccard=1.0,
            flag="no_longer_flagged",
            why=("taken_for=household",),
        ),
        RingChange(
            ring_id="R-000007",
            change="dissolved",
            from_rings=("R-000007",),
            joined=0,
            left=4,
            jaccard=0.0,
            flag="no_longer_flagged",
            why=("too_few_left",),
        ),
    )
    family = replace(ring_of("ann", "bo", "cy"), kind=RingKind.HOUSEHOLD)
    store.save_rings(RingSnapshot(name="2025-W13", as_of=day(90), rings=(family,), changes=changes))
    gone = ring_dossiers.overview(store.view(day(100))).gone
    assert [(one.ring_id, one.here, one.kind) for one in gone] == [
        ("R-000007", False, None),
        ("R-000042", True, "household"),
    ]
    reported = ring_dossiers.ring(store.view(day(100)), "R-000042")
    assert (reported.flag, reported.flag_why.en, reported.flag_why.zh) == (
        "no_longer_flagged",
        "taken for now: household",
        "现判断为家庭",
    )
    assert ring_dossiers.overview(store.view(day(85))).gone == ()


def test_a_lender_is_told_by_its_type_alone(store):
    line = dossiers.person(store.view(day(100)), "ann").applications[0]
    assert (line.lender, line.own) == ("bank_online", True)


def test_a_person_is_shown_with_what_they_did_and_what_was_done_towards_them(store):
    received = dossiers.person(store.view(day(100)), "cy").events
    assert [(event.kind, event.received, event.other) for event in received] == [("transfer", True, "bo")]
    assert [event.other for event in dossiers.person(store.view(day(100)), "bo").events] == ["cy"]


def test_the_page_carries_no_data_and_lets_nothing_from_elsewhere_in(desk_client, monkeypatch):
    monkeypatch.setattr(routes.web_assets, "version", lambda _: "abc123")
    answer = desk_client.get("/desk?node=applicant:ann")
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
    assert "ann" not in answer.text
    assert "<script>" not in answer.text
    assert 'src="/desk/static/desk.js?v=abc123"' in answer.text


def test_a_desk_that_is_not_built_says_how_to_build_it(desk_client, monkeypatch):
    monkeypatch.setattr(routes.web_assets, "version", lambda _: "")
    answer = desk_client.get("/desk")
    assert answer.status_code == 503
    assert "make setup" in answer.text


def test_search_finds_by_id_by_masked_phone_by_device_token_and_by_ring(desk_client):
    def hits(text):
        return [hit["node"] for hit in desk_client.post("/desk/search", json={"q": text}).json]

    assert hits("ann") == ["applicant:ann", "application:ann@10"]
    assert hits("150****7065") == [PHONE.node]
    assert hits("k1.shared") == ["device:k1.shared1"]
    assert hits("R-0000") == ["ring:R-000042"]
    assert hits("  ") == []


def test_markup_in_an_id_travels_as_json_text_and_nothing_else(desk_client):
    answer = desk_client.get("/desk/subgraph", query_string={"node": f"applicant:{HOSTILE}"})
    assert answer.mimetype == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert HOSTILE in {node["label"] for node in answer.json["nodes"]}


@pytest.mark.parametrize(
    "path",
    ["overview", "subgraph?node=applicant:ann", "expand?node=device:k1.shared1", "node?node=ring:R-000042"],
)
def test_an_answer_is_as_of_the_moment_asked_for(desk_client, path):
    mark = "&" if "?" in path else "?"
    now = desk_client.get(f"/desk/{path}").json
    then = desk_client.get(f"/desk/{path}{mark}as_of=2025-01-13T00:00:00Z").json
    assert now != then


def test_a_moment_without_an_offset_is_in_the_services_time_zone(desk_client):
    answer = desk_client.get("/desk/overview?as_of=2025-04-01").json
    assert answer["as_of"] == "2025-04-01T00:00:00.000000+08:00", "as the times of /risk are written"
    stated = desk_client.get("/desk/subgraph?node=applicant:nobody&as_of=2025-04-01").json["detail"]
    assert stated == "nothing is known of applicant 'nobody' before 2025-04-01T00:00:00+08:00"


@pytest.mark.parametrize(
    "path",
    [
        "overview",
        "subgraph?node=applicant:ann",
        "expand?node=applicant:ann",
        "node?node=applicant:ann",
        "assessment?node=applicant:ann",
    ],
)
def test_a_moment_that_has_not_come_is_refused_everywhere(desk_client, path):
    mark = "&" if "?" in path else "?"
    for coming in ("2025-04-12", "2999-01-01T00:00:00Z"):
        answer = desk_client.get(f"/desk/{path}{mark}as_of={coming}")
        assert (answer.status_code, answer.json["code"]) == (400, "moment_in_the_future")
    answer = desk_client.post("/desk/search", json={"q": "ann", "as_of": "2999-01-01"})
    assert answer.json["code"] == "moment_in_the_future"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("subgraph", 400),
        ("subgraph?node=nobody", 400),
        ("subgraph?node=applicant:nobody", 404),
        ("subgraph?node=device:k1.none", 404),
        ("node?node=ring:R-9", 404),
        ("expand?node=merchant:M9", 404),
        ("overview?as_of=yesterday", 400),
        ("assessment?node=device:k1.shared1", 400),
    ],
)
def test_what_cannot_be_answered_is_a_problem_document(desk_client, path, status):
    answer = desk_client.get(f"/desk/{path}")
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_the_last_assessment_up_to_the_moment_is_shown_as_it_was_answered(desk_client, context):
    for n, on in enumerate((20, 40)):
        context.casebook.record(
            RiskAssessment(
                assessment_id=f"s{n}",
                stage=Stage.APPLICATION,
                applicant_id="ann",
                application_id="ann@10",
                as_of=day(on),
                recorded_by=1,
                client="test",
                request_id="r",
                level=Level.FULL,
                decision=Decision.REVIEW,
                score=700 + n,
                probability=0.2,
                policy_version="1",
                model_version=None,
                ring_id=None,
                answer=orjson.dumps({"assessment_id": f"s{n}", "score": 700 + n}),
            )
        )

    def shown(node, as_of):
        return desk_client.get(
            "/desk/assessment", query_string={"node": node, "as_of": as_of.isoformat()}
        ).json

    assert shown("applicant:ann", day(100))["assessment_id"] == "s1"
    assert shown("application:ann@10", day(30))["assessment_id"] == "s0"
    assert shown("applicant:ann", day(19)) is None


def test_the_contact_and_the_owner_of_a_phone_are_told_apart(tmp_path):
    with open_store(tmp_path / "roles.db") as store:
        store.add(
            Facts(
                applications=(
                    applies("ann", 1, uses("phone", "p")),
                    applies("bo", 2, uses("phone", "p", Role.CONTACT)),
                )
            )
        )
        drawing = subgraphs.draw(store.view(day(9)), "applicant:ann")
    roles = {tuple(sorted((edge.a, edge.b))): (edge.role, edge.since) for edge in drawing.edges}
    assert roles[("applicant:ann", "phone:k1.p")] == ("own", day(1))
    assert roles[("applicant:bo", "phone:k1.p")] == ("contact", day(2))


def test_an_identifier_without_a_masked_form_shows_only_its_last_characters(tmp_path):
    bare = Identifier(known_as("device", "x").kind, "k1.0123456789abcdef")
    with open_store(tmp_path / "bare.db") as store:
        store.add(Facts(applications=(applies("ann", 1, Mention(bare)),)))
        assert nodes(subgraphs.draw(store.view(day(9)), "applicant:ann"))[bare.node].label == "***cdef"


def test_every_way_to_the_desk_is_in_its_page_of_the_docs():
    text = (Path(__file__).parents[3] / "docs" / "desk.md").read_text(encoding="utf-8")
    for name in ("overview", "search", "subgraph", "expand", "node", "assessment"):
        assert f"/desk/{name}" in text


def test_the_clock_of_the_service_is_the_default_moment(desk_client):
    assert datetime.fromisoformat(desk_client.get("/desk/overview").json["as_of"]) == day(100).astimezone(UTC)
