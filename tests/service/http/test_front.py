"""The front of a worker: nobody's body, batch or crowd keeps it from answering the others."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from flask import Flask

from service.http.front import front as front_module
from service.http.front.ending import Ending
from service.http.front.front import Front
from service.http.front.wsgi import environ_of
from service.http.handover import ENVIRON_KEY, CallerGone

Messages = Iterable[dict[str, Any]]


@dataclass
class Application:
    """A WSGI application that does at each path what it is told to, and notes what it was asked."""

    works: dict[str, Callable[[dict[str, Any]], object]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        handed = environ[ENVIRON_KEY]
        if handed.refused is not None:
            start_response(f"{handed.refused.code} Refused", [])
            return [str(handed.refused.description).encode()]
        self.asked.append(environ["PATH_INFO"])
        response = self.works.get(environ["PATH_INFO"], lambda _: environ["wsgi.input"].read().decode())(
            environ
        )
        start_response("200 OK", [("X-Asked", environ["REQUEST_METHOD"])])
        return [str(response).encode()]


class Caller:
    """One connection: what it sends, and what it gets."""

    def __init__(
        self,
        path: str,
        *chunks: bytes,
        method: str = "POST",
        headers: Messages = (),
        stays: bool = True,
        ends: bool = True,
    ) -> None:
        self.scope = {
            "type": "http", "method": method, "path": path, "query_string": b"", "headers": list(headers),
            "http_version": "1.1", "scheme": "http", "client": ("127.0.0.1", 9),
            "server": ("127.0.0.1", 8000),
        }  # fmt: skip
        self._messages = [
            {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks or [b""]
        ]
        self._messages[-1]["more_body"] = not ends
        self._stays = stays
        self.gone = asyncio.Event()
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.answered_at = 0.0

    async def receive(self) -> dict[str, Any]:
        if self._messages:
            return self._messages.pop(0)
        await self.gone.wait()  # says nothing more
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.body += message["body"]
            self.answered_at = time.perf_counter()

    async def ask(self, front: Front) -> Caller:
        await front(self.scope, self.receive, self.send)
        return self


def run(work: Coroutine[Any, Any, None]) -> None:
    async def within() -> None:
        async with asyncio.timeout(20):
            await work

    asyncio.run(within())


def front_of(application: Application, *, most_bytes: int = 100_000, body_seconds: float = 5.0) -> Front:
    return Front(application, most_bytes=most_bytes, body_seconds=body_seconds)


def test_a_request_passes_through_as_it_is() -> None:
    async def work() -> None:
        caller = await Caller("/risk", b'{"a"', b":1}").ask(front_of(Application()))
        assert (caller.status, caller.body, caller.headers[b"x-asked"]) == (200, b'{"a":1}', b"POST")

    run(work())


def test_a_worker_that_was_told_to_end_answers_says_so_and_wants_no_connection_again() -> None:
    async def work() -> None:
        ending = Ending(drain_s=600)
        told = Application({"/readyz": lambda environ: environ[ENVIRON_KEY].ending})
        front = Front(told, most_bytes=10, body_seconds=5.0, ending=ending)
        before = await Caller("/readyz", b"").ask(front)
        ending.begin()
        after, refused = await Caller("/readyz", b"").ask(front), await Caller("/risk", b"x" * 11).ask(front)
        assert (before.body, after.body, refused.status) == (b"False", b"True", 413)
        assert b"connection" not in before.headers
        assert [one.headers[b"connection"] for one in (after, refused)] == [b"close", b"close"]

    run(work())


def test_bodies_that_never_end_take_nobodys_place() -> None:
    async def work() -> None:
        front = front_of(Application(), body_seconds=0.4)
        endless = [asyncio.create_task(Caller("/risk", b"{", ends=False).ask(front)) for _ in range(300)]
        await asyncio.sleep(0)
        began = time.perf_counter()
        for path in ("/risk", "/healthz", "/metrics", "/risk/batch"):
            assert (await Caller(path, b"x").ask(front)).status == 200
        assert time.perf_counter() - began < 0.3
        for caller in await asyncio.gather(*endless):
            assert (caller.status, caller.headers[b"connection"]) == (408, b"close")

    run(work())


def test_a_body_too_large_is_refused_before_it_is_read_or_as_soon_as_it_shows() -> None:
    async def work() -> None:
        application = Application()
        front = front_of(application, most_bytes=10)
        declared = await Caller("/risk", headers=[(b"content-length", b"11")], ends=False).ask(front)  # type: ignore[list-item]
        chunked = await Caller("/risk", b"x" * 6, b"x" * 6, ends=False).ask(front)
        assert (declared.status, chunked.status) == (413, 413)
        assert application.asked == []

    run(work())


def test_all_bodies_of_a_worker_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        monkeypatch.setattr(front_module, "HELD_BYTES", 100)
        front = front_of(Application())
        held = [asyncio.create_task(Caller("/risk", b"x" * 50, ends=False).ask(front)) for _ in range(2)]
        await asyncio.sleep(0.01)
        assert (await Caller("/risk", b"x").ask(front)).status == 503
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)
        assert (await Caller("/risk", b"x").ask(front)).status == 200, "what is given up is let go"

    run(work())


def test_health_and_metrics_do_not_wait_behind_work() -> None:
    async def work() -> None:
        held = threading.Event()
        paths = ("/risk", "/risk/batch")
        front = front_of(Application({path: lambda _: held.wait(10) for path in paths}))
        working = [asyncio.create_task(Caller(path).ask(front)) for path in paths for _ in range(3)]
        await asyncio.sleep(0.05)
        for path in ("/healthz", "/metrics", "/readyz", "/version"):
            assert (await Caller(path, method="GET").ask(front)).status == 200
        held.set()
        assert [caller.status for caller in await asyncio.gather(*working)] == [200] * 6

    run(work())


def test_a_password_is_checked_beside_work_and_work_does_not_wait_for_it() -> None:
    async def work() -> None:
        checked, worked = threading.Event(), threading.Event()
        slow = {"/login": lambda _: checked.wait(10), "/risk": lambda _: worked.wait(10)}
        front = front_of(Application(slow))
        login = asyncio.create_task(Caller("/login").ask(front))
        await asyncio.sleep(0.05)
        assert (await Caller("/outcomes", b"x").ask(front)).status == 200
        risk = asyncio.create_task(Caller("/risk").ask(front))
        await asyncio.sleep(0.05)
        checked.set()
        assert (await login).status == 200
        assert not risk.done()
        worked.set()
        await risk

    run(work())


def test_who_comes_to_a_full_lane_is_told_at_once_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        monkeypatch.setattr(front_module, "WAITING", 3)
        held = threading.Event()
        front = front_of(Application({"/risk": lambda _: held.wait(10)}))
        first = asyncio.create_task(Caller("/risk").ask(front))
        await asyncio.sleep(0.05)
        waiting = [asyncio.create_task(Caller("/risk").ask(front)) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert (await Caller("/risk").ask(front)).status == 503
        assert (await Caller("/healthz").ask(front)).status == 200
        held.set()
        assert {caller.status for caller in await asyncio.gather(first, *waiting)} == {200}

    run(work())


def test_a_short_request_passes_between_the_slices_of_batches() -> None:
    async def work() -> None:
        def batch(environ: dict[str, Any]) -> str:
            for _ in range(50):
                environ[ENVIRON_KEY].give_way()
                time.sleep(0.005)
            return "batch"

        front = front_of(Application({"/risk/batch": batch}))
        batches = [asyncio.create_task(Caller("/risk/batch").ask(front)) for _ in range(4)]
        await asyncio.sleep(0.03)
        took = []
        for _ in range(5):
            began = time.perf_counter()
            assert (await Caller("/risk", b"x").ask(front)).status == 200
            took.append(time.perf_counter() - began)
        assert not any(task.done() for task in batches)
        assert sorted(took)[2] < 0.1
        assert {caller.body for caller in await asyncio.gather(*batches)} == {b"batch"}

    run(work())


def test_a_batch_whose_caller_has_gone_is_given_up() -> None:
    async def work() -> None:
        gave_up = threading.Event()

        def batch(environ: dict[str, Any]) -> None:
            try:
                while True:
                    environ[ENVIRON_KEY].give_way()
                    time.sleep(0.002)
            except CallerGone:
                gave_up.set()
                raise

        caller = Caller("/risk/batch")
        request = asyncio.create_task(caller.ask(front_of(Application({"/risk/batch": batch}))))
        await asyncio.sleep(0.03)
        caller.gone.set()
        await request
        assert await asyncio.to_thread(gave_up.wait, 5)
        assert caller.status == 0, "nobody is answered"

    run(work())


def test_a_request_is_as_old_as_its_head_however_slow_its_body() -> None:
    async def work() -> None:
        ages: list[float] = []
        front = front_of(
            Application(
                {"/risk": lambda environ: ages.append(time.perf_counter() - environ[ENVIRON_KEY].arrived)}
            )
        )
        caller = Caller("/risk", b"{")
        reported = caller.receive

        async def slowly() -> dict[str, Any]:
            await asyncio.sleep(0.2)
            return await reported()

        await front(caller.scope, slowly, caller.send)
        assert ages[0] >= 0.2

    run(work())


def test_what_waits_at_the_end_is_still_answered() -> None:
    async def work() -> None:
        front = front_of(Application({"/risk": lambda _: time.sleep(0.05)}))
        waiting = [asyncio.create_task(Caller("/risk").ask(front)) for _ in range(4)]
        await asyncio.sleep(0.02)
        stated: list[str] = []
        life = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive() -> dict[str, Any]:
            return next(life)

        async def send(message: dict[str, Any]) -> None:
            stated.append(message["type"])

        await front({"type": "lifespan"}, receive, send)
        assert stated == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
        assert {caller.status for caller in await asyncio.gather(*waiting)} == {200}

    run(work())


def test_the_environ_says_what_flask_needs() -> None:
    app = Flask("echo")

    @app.route("/é/x", methods=["PUT"])
    def echo() -> dict[str, Any]:
        from flask import request

        return {
            "q": request.args["q"],
            "json": request.json,
            "host": request.host,
            "from": request.remote_addr,
            "two": request.headers["X-Two"],
        }

    scope = {
        "type": "http", "method": "PUT", "path": "/é/x", "query_string": b"q=%C3%BC", "http_version": "1.1",
        "scheme": "http",
        "headers": [
            (b"host", b"risk.example"), (b"content-type", b"application/json"), (b"x-two", b"1"),
            (b"x-two", b"2"), (b"x_two", b"forged"), (b"transfer-encoding", b"chunked"),
        ],
        "client": ("10.1.2.3", 77), "server": ("127.0.0.1", 8000),
    }  # fmt: skip
    started: list[str] = []
    chunks = app(environ_of(scope, b'{"a": 1}'), lambda status, headers, exc=None: started.append(status))
    report = orjson.loads(b"".join(chunks))
    assert started == ["200 OK"]
    assert report == {"q": "ü", "json": {"a": 1}, "host": "risk.example", "from": "10.1.2.3", "two": "1,2"}
