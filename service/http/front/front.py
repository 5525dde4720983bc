"""The front of a worker, an ASGI application: it reads each request whole, sorts it into a lane of the WSGI
application, and sends the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any

from service.http.front.ending import CLOSING_S, Ending
from service.http.front.lanes import Job, Lane, close_all
from service.http.front.reading import BodyReader, Receive
from service.http.front.turns import Turns
from service.http.front.wsgi import Answer, App, Environ, Scope, answer_of, environ_of
from service.http.handover import ENVIRON_KEY, CallerGone, Handover
from service.http.problems import Busy

Send = Callable[[dict[str, Any]], Awaitable[None]]

ALIVE = frozenset({"/healthz"})
LOOKS = frozenset({"/readyz", "/metrics", "/version", "/openapi.json", "/docs", "/docs/problems"})
"""How the service is and what it can be asked: never behind work, and never in the way of /healthz."""
LOGIN = "/login"
"""Hashing a password takes 0.1 s without the interpreter: it goes beside work, not in its way."""
LONG_PATHS = ("/risk/batch", "/v1/risk/batch", "/desk/")
LONG_BYTES = 16_384  # a body beyond this is a list of facts, or costs as much
HELD_BYTES = 64 * 2**20  # of all bodies that a worker holds at one moment
# how many may wait in a lane; more get 503 with Retry-After
WAITING, WAITING_LONG, WAITING_LOOKS = 128, 16, 64
LONG_AT_ONCE = 4  # long requests between which a worker's turns go round
_LAST = (b"connection", b"close")  # no further request comes on this connection


class Front:
    """One worker's front around its WSGI application. With an `ending` it takes SIGTERM itself."""

    def __init__(
        self, app: App, *, most_bytes: int, body_seconds: float, ending: Ending | None = None
    ) -> None:
        run = partial(answer_of, app)
        self._ending, self._listens = ending or Ending(), ending is not None
        self._reader = BodyReader(most_bytes, body_seconds, HELD_BYTES)
        self._turns = Turns()
        self._alive = Lane("alive", run, bound=WAITING_LOOKS)
        self._refusals = Lane("refusals", run, bound=WAITING_LOOKS)
        self._looks = Lane("looks", run, bound=WAITING_LOOKS, threads=2)
        self._logins = Lane("logins", run, bound=WAITING_LONG)
        self._short = Lane("short", run, bound=WAITING, turn=self._turns.short)
        self._long = Lane("long", run, bound=WAITING_LONG, threads=LONG_AT_ONCE, turn=self._turns.long)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the life of the worker."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            self._ending.enter()
            try:
                await self._request(scope, receive, send)
            finally:
                self._ending.leave()

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        arrived, body, last = perf_counter(), b"", False
        try:
            body = await self._reader.body(scope, receive)
            lane = self._lane(scope["path"], len(body))
            handed = Handover(arrived, ending=self._ending.begun)
            answer = await self._answer(lane, handed, scope, body, receive)
        except CallerGone:
            return
        except Exception as error:  # too large, too slow, too many: the application makes the answer
            last = not isinstance(error, Busy) or not body  # it may not have been read
            answer = await self._refusal(error, arrived, scope)
        finally:
            self._reader.let_go(body)
        headers = [*answer.headers, _LAST] if last or self._ending.begun else answer.headers
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    def _lane(self, path: str, size: int) -> Lane:
        if path in ALIVE:
            return self._alive
        if path in LOOKS:
            return self._looks
        if path.startswith(LOGIN):
            return self._logins
        return self._long if size > LONG_BYTES or path.startswith(LONG_PATHS) else self._short

    async def _answer(
        self, lane: Lane, handed: Handover, scope: Scope, body: bytes, receive: Receive
    ) -> Answer:
        """The application's answer. Raises Busy when the lane is full, CallerGone when nobody waits for a
        long one any more.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        job = Job(environ_of(scope, body), partial(_settle, loop, future))
        if lane is self._long:
            handed = replace(handed, give_way=partial(self._give_way, job))
        job.environ[ENVIRON_KEY] = handed
        if not lane.take(job):
            raise Busy("too many requests wait already")
        if lane is self._long:
            await _until_done_or_gone(future, job, receive)
        return await future

    def _give_way(self, job: Job) -> None:
        if job.gone:
            raise CallerGone
        self._turns.give_way()

    async def _refusal(self, error: Exception, arrived: float, scope: Scope) -> Answer:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        environ: Environ = environ_of(scope, b"")
        environ[ENVIRON_KEY] = Handover(arrived, error)
        taken = self._refusals.take(Job(environ, partial(_settle, loop, future)))
        return await future if taken else Answer.bare(getattr(error, "code", None) or 503)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                if self._listens:
                    self._ending.listen()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                lanes = (self._short, self._long, self._logins, self._looks, self._alive, self._refusals)
                await asyncio.to_thread(close_all, lanes, CLOSING_S)
                await asyncio.to_thread(self._ending.close)
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _until_done_or_gone(future: asyncio.Future[Answer], job: Job, receive: Receive) -> None:
    """Raises CallerGone when the connection ends first; the work is then given up between two slices."""
    watching: asyncio.Future[Any] = asyncio.ensure_future(receive())
    try:
        await asyncio.wait([future, watching], return_when=asyncio.FIRST_COMPLETED)
        if not future.done():
            raise CallerGone
    finally:
        job.gone = not future.done()
        watching.cancel()


def _settle(loop: asyncio.AbstractEventLoop, future: asyncio.Future[Answer], answer: Answer) -> None:
    """From a lane's thread: the answer is there."""
    with suppress(RuntimeError):  # the loop is closed: the worker ends, and nobody waits any more
        loop.call_soon_threadsafe(_set, future, answer)


def _set(future: asyncio.Future[Answer], answer: Answer) -> None:
    if not future.done():
        future.set_result(answer)
