"""When Neo4j is not there: down, killed, hanging, of another kind; each has an outcome that is defined, and
nothing is lost or doubled.
"""

from __future__ import annotations

import dataclasses
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from neo4j import exceptions
from werkzeug.serving import make_server

from graph.model.errors import SettingError, StoreUnavailableError, StoreVersionError
from graph.model.types import Facts
from graph.stores.neo4j import Neo4jStore
from graph.stores.neo4j.address import address_of
from graph.stores.neo4j.database import FAILURES, AwayError, Database, supported
from scripts.tools.neo4j_server import Neo4jServer, free_port
from service.app import create_app
from service.assessment.assess import warm_up
from service.assessment.context import AppContext
from service.assessment.repeats.replay import replay
from service.jobs.outbox import Outbox
from tests.support.servers.neo4j_worlds import empty_graph, killable_server
from tests.support.small_service import body, key, service
from tests.support.small_worlds import applies, day, random_facts, uses

pytestmark = pytest.mark.neo4j
WAIT_SECONDS = 120.0


@pytest.fixture
def server() -> Iterator[Neo4jServer]:
    """The tests' own server, up again afterwards whatever happened to it."""
    server = killable_server()
    yield server
    server.resume()
    if server.pid is None:
        server.start()


@pytest.fixture
def context(server: Neo4jServer, tmp_path: Path) -> Iterator[AppContext]:
    url = empty_graph()
    with Neo4jStore(url) as store:
        store.add(random_facts(1))
    opened = service(tmp_path, Facts(), store=url)
    yield opened
    server.resume()
    opened.close()


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not done():
        assert time.monotonic() < end, "it did not come back"
        time.sleep(0.2)


def degraded(client: FlaskClient, application_id: str) -> Any:
    """How complete an answer is."""
    answer = client.post("/risk", json=body(application_id), headers={"X-Timeout-Ms": "2000"})
    assert answer.status_code == 200
    return answer.get_json()["degraded"]


def level(client: FlaskClient, application_id: str) -> str:
    return str(degraded(client, application_id)["level"])


@pytest.mark.slow
def test_a_load_waits_for_a_killed_server_and_neither_loses_nor_doubles_anything(
    server: Neo4jServer,
) -> None:
    batches = [
        tuple(applies(f"p{n}-{m}", 1, uses("device", "shared"), uses("phone", f"{n}-{m}")) for m in range(20))
        for n in range(60)
    ]
    url, loaded, failed = empty_graph(), threading.Event(), list[BaseException]()

    def load() -> None:
        try:
            with Neo4jStore(url) as store:
                for n, batch in enumerate(batches):
                    store.add(Facts(applications=batch))
                    if n == 10:
                        loaded.set()
        except BaseException as error:  # told to the test, which runs elsewhere
            failed.append(error)
        finally:
            loaded.set()

    loader = threading.Thread(target=load)
    loader.start()
    loaded.wait(WAIT_SECONDS)
    server.kill()
    assert loader.is_alive()
    server.start()
    loader.join(WAIT_SECONDS)
    assert not failed
    with Neo4jStore(url) as store:
        assert (store.counts()["applications"], store.counts()["ties"], store.counts()["identifiers"]) == (
            1200,
            2400,
            1201,
        )
        assert store.revision() == 60
        view = store.view(day(2))
        assert view.application("p59-19@1") == batches[59][19]
        assert len(list(view.applications(day(0)))) == 1200


@pytest.mark.slow
def test_while_the_server_is_down_the_frame_answers_and_only_the_fact_is_owed(
    server: Neo4jServer, client: FlaskClient
) -> None:
    until(lambda: level(client, "before") == "full")
    assert client.get("/readyz").get_json()["checks"]["store"] == "ok"
    server.kill()
    down = [degraded(client, f"down-{n}") for n in range(5)]
    assert [(one["level"], one["missing"]) for one in down] == [("full", ["fact"])] * 5
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.get_json()["checks"]["store"] != "ok"
    server.start()
    until(lambda: degraded(client, f"after-{time.monotonic_ns()}")["missing"] == [])
    assert client.get("/readyz").get_json()["checks"]["store"] == "ok"


class Traffic:
    """Callers on connections of their own, each of whom asks again as soon as there is an answer."""

    def __init__(self, context: AppContext, callers: int) -> None:
        keyed = dataclasses.replace(
            context, settings=dataclasses.replace(context.settings, api_keys=f"engine:{key('engine')}:risk@*")
        )
        self.answers: list[tuple[float, int, Any]] = []  # when it was asked, the status, what was said
        self._server = make_server("127.0.0.1", 0, create_app(keyed), threaded=True)
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(callers)]

    def __enter__(self) -> Traffic:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(WAIT_SECONDS)
        self._server.shutdown()

    def since(self, moment: float) -> list[Any]:
        """What was said to those who asked after that moment."""
        return [stated for request, _, stated in list(self.answers) if request > moment]

    def _ask(self, caller: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.server_port, timeout=WAIT_SECONDS)
        headers = {
            "Content-Type": "application/json",
            "X-Timeout-Ms": "5000",
            "Authorization": f"Bearer {key('engine')}",
        }
        for n in count():
            if self._ended.is_set():
                return
            reported, request = (
                json.dumps(body(f"caller{caller}-{n}", applicant_id=f"p{n % 30:03d}")),
                time.monotonic(),
            )
            connection.request("POST", "/risk", reported, headers)
            response = connection.getresponse()
            self.answers.append((request, response.status, json.loads(response.read())))


@pytest.mark.slow
def test_a_server_killed_under_traffic_costs_nobody_a_full_answer_and_loses_nothing(
    server: Neo4jServer, context: AppContext
) -> None:
    warm_up(context)  # as a worker does before it takes requests
    outbox = Outbox(context.store, context.casebook, pause_s=0.2)
    outbox.start()
    with Traffic(context, callers=4) as traffic:
        until(lambda: len(traffic.answers) > 20)
        server.kill()
        killed = time.monotonic()
        until(lambda: len(traffic.since(killed)) > 40)
        down = traffic.since(killed)
        assert [stated["degraded"]["missing"] for stated in down] == [["fact"]] * len(down)
        server.start()
        back = time.monotonic()
        until(lambda: any(stated["degraded"]["missing"] == [] for stated in traffic.since(back)))
    until(lambda: not context.casebook.outbox_pending(1))
    outbox.close()
    assert {(status, stated["degraded"]["level"]) for _, status, stated in traffic.answers} == {(200, "full")}
    reported = [stated for _, _, stated in traffic.answers]
    with Neo4jStore(context.settings.store) as store:  # one that waits however busy the server is
        view = store.view(day(999))
        assert [
            one["application_id"] for one in reported if view.application(one["application_id"]) is None
        ] == []
        assert store.counts()["applications"] == len(random_facts(1).applications) + len(reported)
    assert [
        one["assessment_id"] for one in reported if not replay(context, one["assessment_id"])["equal"]
    ] == []


@pytest.mark.slow
def test_a_server_that_comes_back_is_made_ready_before_a_caller_waits_for_it(server: Neo4jServer) -> None:
    with Neo4jStore(empty_graph(), live=True) as store:
        store.warm_up(Facts(applications=(applies("ann", 1),)))
        server.kill()
        with pytest.raises(StoreUnavailableError):
            store.revision()
        server.start()

        def answers() -> bool:
            try:
                return store.revision() == 0
            except StoreUnavailableError:
                return False

        until(answers)
        # or it would have taken longer than a live call may
        assert store.add(Facts(applications=(applies("ann", 1),))).accepted == 1


def test_a_server_that_hangs_costs_a_caller_no_more_than_the_deadline(
    server: Neo4jServer, client: FlaskClient
) -> None:
    until(lambda: level(client, "before") == "full")
    server.pause()
    for n in range(4):
        answer = client.post("/risk", json=body(f"slow-{n}"), headers={"X-Timeout-Ms": "1500"})
        assert answer.status_code == 200
        assert "fact" in answer.get_json()["degraded"]["missing"]
        assert answer.get_json()["timings_ms"]["total"] < 3000
    server.resume()
    until(lambda: degraded(client, f"after-{time.monotonic_ns()}")["missing"] == [])


def test_a_caller_in_a_hurry_is_let_go_in_time_and_shuts_the_store_for_nobody(
    server: Neo4jServer,
) -> None:
    with Neo4jStore(empty_graph(), live=True) as store:
        store.revision()
        server.pause()
        started = time.monotonic()
        for _ in range(5):
            with (
                store.within(0.02),
                pytest.raises(StoreUnavailableError, match=r"did not answer|no time left"),
            ):
                store.revision()
        with store.within(0.1):
            for _ in range(3):
                with pytest.raises(StoreUnavailableError, match=r"did not answer|no time left"):
                    store.revision()
        assert time.monotonic() - started < 1
        server.resume()
        assert store.revision() == 0  # nobody was told that the store is not to be asked


def test_callers_in_a_hurry_do_not_hide_from_the_others_that_the_store_hangs(server: Neo4jServer) -> None:
    with Neo4jStore(empty_graph(), live=True) as store:
        store.revision()
        server.pause()
        for _ in range(FAILURES):
            for seconds in (0.01, 2.0):
                with (
                    store.within(seconds),
                    pytest.raises(StoreUnavailableError, match=r"did not answer|no time left"),
                ):
                    store.revision()
        with store.within(0.01), pytest.raises(StoreUnavailableError, match="is not asked"):
            store.revision()
        server.resume()


def test_a_service_starts_without_its_server_and_a_batch_says_what_is_missing() -> None:
    url = f"bolt://neo4j:x@127.0.0.1:{free_port()}/neo4j"
    with Neo4jStore(url, live=True) as store, pytest.raises(StoreUnavailableError):
        store.revision()
    with pytest.raises(StoreUnavailableError, match="cannot be used now"):
        Neo4jStore(url)


def test_a_wrong_password_and_a_missing_database_are_named_without_the_password(
    server: Neo4jServer,
) -> None:
    with pytest.raises(SettingError, match="refuses the user, the password") as refused:
        Neo4jStore(server.url.replace("ringfence-local", "not-it-at-all"))
    assert "not-it-at-all" not in str(refused.value)
    with pytest.raises(SettingError, match="DatabaseNotFound"):
        Neo4jStore(server.url.removesuffix("neo4j") + "elsewhere")


def test_a_server_or_a_store_of_another_version_is_refused() -> None:
    for agent in ("Neo4j/4.4.30", "Neo4j/5.25.1", "SomethingElse/9.9"):
        with pytest.raises(StoreVersionError, match=r"5\.26"):
            supported(agent)
    supported("Neo4j/2026.01.0")
    url = empty_graph()
    Neo4jStore(url).close()
    database = Database(address_of(url))
    database.write(lambda ask: ask("MATCH (s:Store {name: 'ringfence'}) SET s.version = 99"))
    with pytest.raises(StoreVersionError, match="99"):
        Neo4jStore(url)
    database.write(lambda ask: ask("MATCH (s:Store {name: 'ringfence'}) DELETE s"))
    database.close()


@pytest.mark.parametrize(
    ("error", "comes_back"),
    [
        (exceptions.NotALeader("no longer the leader"), True),
        (exceptions.ServiceUnavailable("gone"), True),
        (exceptions.SessionExpired("gone"), True),
        (exceptions.DatabaseError("no space left on device"), False),
    ],
)
def test_a_lost_leader_is_waited_for_and_a_full_disk_is_not(error: Exception, comes_back: bool) -> None:
    database = Database(address_of("bolt://neo4j:x@127.0.0.1:1/neo4j"))
    stated = database.translated(error)
    database.close()
    assert isinstance(stated, StoreUnavailableError)
    assert isinstance(stated, AwayError) is comes_back


@pytest.mark.parametrize(
    "url",
    ["neo4j://", "bolt://host:port/neo4j", "neo4j://u:p@host/db?graph=Trial", "neo4j://u:p@host/db?pool=9"],
)
def test_an_unusable_url_says_what_the_form_is(url: str) -> None:
    with pytest.raises(SettingError, match=r"neo4j://|Neo4j"):
        address_of(url)


def test_every_scheme_of_the_driver_is_a_store() -> None:
    address = address_of("neo4j+s://ann:p%40ss@graph.example:7688/fraud?graph=trial")
    assert (address.uri, address.user, address.password) == ("neo4j+s://graph.example:7688", "ann", "p@ss")
    assert (address.database, address.graph) == ("fraud", "trial")
    for scheme in ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"):
        Database(address_of(f"{scheme}://u:p@127.0.0.1:1/x")).close()
