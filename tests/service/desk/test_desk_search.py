"""The desk's search: raw values come in a body, are looked up by their pseudonyms, and stand in no address
and no line of a log.
"""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.errors import StoreUnavailableError
from graph.model.types import Facts, IdentifierKind
from graph.stores.sqlite.view import SqliteView
from ingestion.contract import IDENTIFIERS
from ingestion.identifiers.recognise import recognised, without_identifiers
from service.app import create_app
from service.http.logs import install
from service.settings import Settings
from service.wiring import wire
from tests.support.small_worlds import applies, day
from tests.support.stores import HASH_KEY, sqlite_only, store_url

MOBILE, CARD, MAIL, PERSON = (
    "15073157065",
    "6222021234567890128",
    "san.zhang@example.com",
    "11010519491231002X",
)
RAW = {
    IdentifierKind.PHONE: MOBILE,
    IdentifierKind.BANK_CARD: CARD,
    IdentifierKind.EMAIL: "li.wei@bank.cn",
    IdentifierKind.NATIONAL_ID: PERSON,
}
COLUMNS = {column.kind: column for column in reversed(IDENTIFIERS)}


@pytest.fixture
def context(tmp_path):
    settings = Settings(
        store=store_url(tmp_path / "store.db"), casebook=f"sqlite:///{tmp_path}/book.db", hash_key=HASH_KEY
    )
    opened = wire(settings, clock=lambda: day(100))
    held = [opened.pseudonymiser.identify(COLUMNS[kind], raw).mention for kind, raw in RAW.items()]
    opened.store.add(
        Facts(
            applications=(
                applies("ann", 10, *held),
                applies("13958274630", 11, application_id="202601050000123456"),
            )
        )
    )
    yield opened
    opened.close()


@pytest.fixture
def client(context):
    return create_app(context).test_client()


def hits(client, text, **more):
    answer = client.post("/desk/search", json={"q": text} | more)
    assert answer.status_code == 200
    return [(hit["type"], hit["label"], hit["exact"]) for hit in answer.json]


@pytest.mark.parametrize(
    "text", ["15073157065", "+86 150-7315-7065", " 86 15073157065 ", "phone:15073157065"]
)
def test_a_phone_is_found_however_it_is_written_and_is_shown_masked(client, text):
    assert hits(client, text) == [("phone", "150****7065", True)]


@pytest.mark.parametrize("kind", RAW)
def test_every_kind_of_raw_value_is_found_by_its_pseudonym_and_no_answer_holds_it(client, kind):
    answer = client.post("/desk/search", json={"q": RAW[kind]})
    assert [hit["type"] for hit in answer.json] == [kind]
    assert RAW[kind] not in answer.text


def test_a_value_is_found_only_from_the_day_on_which_it_was_known(client):
    assert hits(client, MOBILE, as_of="2025-01-02T00:00:00Z") == []


def test_a_phone_that_nobody_holds_gives_those_that_look_the_same_masked_and_says_so(client):
    assert hits(client, "15099997065") == [("phone", "150****7065", False)]
    assert hits(client, "15099997066") == []


def test_a_long_number_that_is_no_identifier_is_an_id(client):
    assert hits(client, "202601050000123456") == [("application", "202601050000123456", True)]


@pytest.mark.parametrize(
    "text", ["20260105\u200b0000123456", '"202601050000123456"', "\ufeff202601050000123456"]
)
def test_an_id_is_found_as_it_looks_whatever_came_with_it_from_where_it_was_copied(client, text):
    assert hits(client, text) == [("application", "202601050000123456", True)]


def test_an_id_that_looks_like_a_phone_is_found_by_saying_that_it_is_one(client):
    assert hits(client, "13958274630") == []
    assert hits(client, "applicant:13958274630") == [("applicant", "13958274630", True)]


@sqlite_only
@pytest.mark.parametrize("text", [MOBILE, "+86 150 7315 7065", "15099997066", PERSON, MAIL])
def test_the_store_is_never_asked_for_a_raw_value(client, monkeypatch, text):
    queries = []
    for name in ("search", "identifier"):
        real = getattr(SqliteView, name)
        monkeypatch.setattr(
            SqliteView,
            name,
            lambda view, what, *more, real=real: queries.append(what) or real(view, what, *more),
        )
    hits(client, text)
    assert queries
    assert [one for one in queries if text in one or "7315" in one or "9999" in one] == []


def test_the_search_has_no_address_of_its_own(client):
    assert client.get("/desk/search", query_string={"q": MOBILE}).status_code == 405


@pytest.mark.parametrize("way", ["subgraph", "expand", "node"])
@pytest.mark.parametrize("node", [f"phone:{MOBILE}", f"bank_card:{CARD}", f"email:{MAIL}"])
def test_an_address_that_names_a_raw_value_is_refused_without_repeating_it(client, way, node):
    answer = client.get(f"/desk/{way}", query_string={"node": node})
    assert answer.status_code == 400
    assert node.partition(":")[2] not in answer.text


@pytest.mark.parametrize("body", [{"q": 15073157065}, {"q": ["a"]}, {"q": "a", "as_of": 3}, ["a"]])
def test_a_search_that_is_no_text_is_a_problem(client, body):
    assert client.post("/desk/search", json=body).status_code == 400


@sqlite_only
@pytest.mark.parametrize("error", [StoreUnavailableError, ValueError])
def test_a_failing_search_is_logged_with_the_value_masked(client, monkeypatch, caplog, error):
    def fails(*_):
        raise error(f"cannot look for {MOBILE} of {MAIL}")

    monkeypatch.setattr(SqliteView, "identifier", fails)
    with caplog.at_level(logging.DEBUG):
        assert client.post("/desk/search", json={"q": MOBILE}).status_code in (500, 503)
    assert "150****7065 of s***@example.com" in caplog.text
    assert MOBILE not in caplog.text
    assert MAIL not in caplog.text


def test_every_line_of_a_log_is_masked_in_its_text_its_arguments_and_its_traceback(caplog):
    install()
    install()
    try:
        raise ValueError(MOBILE)
    except ValueError:
        logging.getLogger("anywhere").exception("no %s and no +86 150 7315 7065 at %d", CARD, 3)
    assert "no 6222****0128 and no 150****7065 at 3" in caplog.text
    assert not any(raw in caplog.text for raw in (MOBILE, CARD, "7315"))


@given(
    st.text(max_size=8),
    st.sampled_from([" ", "号", ":", "tel.", "='", "(", "、"]),
    st.sampled_from(["", "+86", "+86 ", "86", "0086-"]),
    st.integers(13 * 10**9, 20 * 10**9 - 1),
)
def test_no_mobile_survives_in_a_line_whatever_stands_around_it(around, glue, before, number):
    line = f"{around}{glue}{before}{number} {around}"
    assert (str(number) not in without_identifiers(line)) == (recognised(str(number)) is not None)


@pytest.mark.parametrize(
    "text",
    [
        "k1.0123456789abcdef0123456789abcdef",
        "1767225600000000",
        "R-000042",
        "0.15073157065",
        "2026-01-05 10:00:00",
    ],
)
def test_what_is_no_identifier_stays_as_it_is_in_a_line(text):
    assert without_identifiers(f"at {text}: done") == f"at {text}: done"


def test_one_character_finds_nobody_since_everybody_begins_with_it(client):
    assert hits(client, "a") == hits(client, "applicant:a") == hits(client, " ") == []
    assert hits(client, "applicant:an") == [("applicant", "ann", True)]


@sqlite_only
def test_a_search_gives_what_it_found_when_its_time_is_up(context, monkeypatch):
    crowd = tuple(applies(f"late{n:05d}", 200) for n in range(3_000))
    context.store.add(Facts(applications=crowd))
    view = context.store.view(day(100))
    assert "applicant:ann" in {search.node for search in view.search("ann")}
    monkeypatch.setattr("graph.stores.sqlite.search.SEARCH_S", -1.0)
    assert view.search("late") == ()
    assert view.application("ann@10") is not None, "the connection goes on"
