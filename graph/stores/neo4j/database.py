"""One driver to one database: managed transactions, time-outs, a circuit breaker, and our errors in place of
the driver's.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTimeError
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, TypeVar

import neo4j
from circuitbreaker import CircuitBreaker, CircuitBreakerError
from neo4j import exceptions

from graph.model.errors import SettingError, StoreUnavailableError, StoreVersionError
from graph.stores.neo4j.address import Address
from graph.stores.neo4j.schema import NODES, RELATIONSHIPS

log = logging.getLogger("ringfence.neo4j")

OLDEST = (5, 26)  # the oldest server whose Cypher ours is
OUTAGE_SECONDS = 900.0  # how long a batch waits for a server that went away
OPEN_SECONDS = 10.0  # how long a batch's first call waits for one
FAILURES = 3  # in a row, and a live store is not asked for REST_SECONDS
REST_SECONDS = 1.0
FAIR_SECONDS = 0.25  # a caller who would not wait so long says nothing about the store
RETURN_SECONDS = 0.3  # between two looks for a server that is gone
Ask = Callable[..., list[list[Any]]]
T = TypeVar("T")


class AwayError(StoreUnavailableError):
    """The server is away and may come back: worth waiting for, unlike a full disk."""


class Database:
    """Runs statements. Safe for many threads; one a process.

    `patience` is for a live service: seconds after which a call is given up with StoreUnavailableError, and,
    after a few, not tried for a while. Without it, for batches, a call waits for a server that went away, and
    goes on when it is back.
    """

    def __init__(self, address: Address, patience: float | None = None) -> None:
        self._address = address
        self._patience = patience
        # so that every session sees what any other of ours wrote
        self._bookmarks = neo4j.GraphDatabase.bookmark_manager()
        within = patience or OPEN_SECONDS
        try:
            self._driver = neo4j.GraphDatabase.driver(
                address.uri,
                auth=(address.user, address.password) if address.user else None,
                connection_timeout=within,
                connection_acquisition_timeout=within,
                # the driver's first pause is longer than a live call may take
                max_transaction_retry_time=0 if patience else within,
                liveness_check_timeout=30.0,
                keep_alive=True,
                notifications_min_severity="OFF",
                telemetry_disabled=True,
                user_agent="ringfence",
            )
        except (exceptions.ConfigurationError, ValueError) as error:
            raise SettingError(f"{address.uri} cannot be used: {error}") from error
        self._hands = ThreadPoolExecutor(16, thread_name_prefix="neo4j") if patience else None
        self._breaker = CircuitBreaker(FAILURES, REST_SECONDS, StoreUnavailableError, address.uri)
        self._watched = self._breaker.decorate(self._in_time)
        # of each thread: `until` when it may wait, and whether it is `unhurried`
        self._mine = threading.local()
        self._make_ready: Callable[[], None] | None = None
        self._returning = threading.Lock()
        self._gone = self._closed = False

    def check(self) -> None:
        """Ask the server who it is. Raises SettingError for a refused password or database,
        StoreVersionError, StoreUnavailableError.
        """
        try:
            with self._driver.session(database=self._address.database) as session:
                agent = str(session.run("RETURN 1").consume().server.agent)
        except exceptions.Neo4jError as error:
            raise self.translated(error, at_open=True) from error
        except exceptions.DriverError as error:
            raise self.translated(error) from error
        supported(agent)

    def read(self, text: str, /, **given: Any) -> list[list[Any]]:
        """The rows of a statement that only reads; a cluster may route it to any member that has what we
        wrote.

        It is one round trip; a failure that passes, such as a lost leader, is tried again in a managed
        transaction.
        """
        return self._run(
            lambda: self._one_trip("execute_read", lambda ask: ask(text, **given), neo4j.READ_ACCESS)
        )

    def write_once(self, work: Callable[[Ask], T]) -> T:
        """`write` of `work` that runs one statement: one round trip, where a transaction with a beginning and
        an end of its own takes three.
        """
        return self._run(lambda: self._one_trip("execute_write", work, neo4j.WRITE_ACCESS))

    def write(self, work: Callable[[Ask], T]) -> T:
        """All or nothing: `work` gets a function that runs a statement of one transaction. It may be called
        again, so it must be idempotent.
        """
        return self._run(lambda: self._session_call("execute_write", work))

    def alone(self, text: str, /, **given: Any) -> list[list[Any]]:
        """A statement that wants a transaction to itself (the schema's)."""
        return self._run(lambda: self._session_call(None, lambda ask: ask(text, **given)))

    def on_return(self, ready: Callable[[], None]) -> None:
        """Of a live store: `ready` is run when the server was gone and is there again; until it has been,
        calls are refused at once.

        A server that comes back has planned nothing: callers would wait, one after the other, as long as they
        can, and go without an answer.
        """
        self._make_ready = ready

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """What this thread asks of a live store inside takes no longer than that, all together; whatever
        comes later is refused.
        """
        before = getattr(self._mine, "until", None)
        self._mine.until = time.monotonic() + seconds
        try:
            yield
        finally:
            self._mine.until = before

    def unhurried(self, seconds: float, work: Callable[[], T]) -> T:
        """`work`, whose calls of this database may together take so long instead of the patience each. Raises
        StoreUnavailableError.
        """

        def free() -> T:
            self._mine.unhurried = True
            try:
                return work()
            finally:
                self._mine.unhurried = False

        if self._hands is None:
            return work()
        try:
            return self._in_time(free, seconds)
        except AwayError:
            self._await_return()
            raise

    def close(self) -> None:
        """Give all connections back."""
        self._closed = True
        if self._hands is not None:
            self._hands.shutdown(wait=False, cancel_futures=True)
        # a call that hangs is still writing to its connection, which ends with the process
        with suppress(BufferError):
            self._driver.close()

    def _run(self, call: Callable[[], T]) -> T:
        if self._hands is None:
            return self._until_back(call)
        if getattr(self._mine, "unhurried", False):
            return call()
        if self._gone:
            raise StoreUnavailableError(f"{self._address.uri} went away and is not ready again")
        try:
            return self._guarded(call, self._left())
        except CircuitBreakerError:
            raise StoreUnavailableError(
                f"{self._address.uri} did not answer lately and is not asked for {REST_SECONDS:g} s"
            ) from None
        except AwayError as error:
            if isinstance(error.__cause__, exceptions.DriverError):
                self._await_return()
            raise

    def _guarded(self, call: Callable[[], T], patience: float) -> T:
        """The answer in time, unless the store did not give any lately. Whoever is in a hurry respects that,
        and has no say in it.
        """
        if patience < FAIR_SECONDS and not self._breaker.opened:
            return self._in_time(call, patience)
        answer: T = self._watched(call, patience)
        return answer

    def _left(self) -> float:
        """Seconds that this thread may wait."""
        assert self._patience is not None
        until = getattr(self._mine, "until", None)
        return min(self._patience, until - time.monotonic()) if until else self._patience

    def _await_return(self) -> None:
        """Begin to look for the server in a thread of its own, once."""
        with self._returning:
            if self._make_ready is None or self._gone:
                return
            self._gone = True
        threading.Thread(
            target=self._until_ready, args=(self._make_ready,), name="neo4j-return", daemon=True
        ).start()

    def _until_ready(self, ready: Callable[[], None]) -> None:
        while not self._closed:
            time.sleep(RETURN_SECONDS)
            try:
                ready()
            except (StoreUnavailableError, exceptions.Neo4jError, RuntimeError) as error:
                log.info("%s is not ready: %s", self._address.uri, error)
            else:
                self._gone = False
                log.warning("%s is back and ready", self._address.uri)
                return

    def _in_time(self, call: Callable[[], T], patience: float) -> T:
        """The answer within so many seconds; a call that hangs is left to its own."""
        assert self._hands is not None
        if patience <= 0:
            raise StoreUnavailableError(f"there was no time left to ask {self._address.uri}")
        answer = self._hands.submit(call)
        try:
            return answer.result(patience)
        except NotInTimeError:
            answer.cancel()
            raise StoreUnavailableError(
                f"{self._address.uri} did not answer within {patience:.3g} s"
            ) from None

    def _until_back(self, call: Callable[[], T]) -> T:
        """The answer, however long the server is away, up to OUTAGE_SECONDS."""
        until, pause = time.monotonic() + OUTAGE_SECONDS, 0.2
        while True:
            try:
                return call()
            except AwayError as error:
                if time.monotonic() > until:
                    raise
                log.warning("%s; waiting for it", error)
            time.sleep(pause)
            pause = min(pause * 1.5, 5.0)

    def _one_trip(self, otherwise: str, work: Callable[[Ask], T], access: str) -> T:
        try:
            return self._session_call(None, work, access)
        except AwayError:
            return self._session_call(otherwise, work, access)

    def _session_call(
        self, kind: str | None, work: Callable[[Ask], T], access: str = neo4j.WRITE_ACCESS
    ) -> T:
        try:
            with self._driver.session(
                database=self._address.database, bookmark_manager=self._bookmarks, default_access_mode=access
            ) as session:
                if kind is None:
                    return work(self._asking(session))
                result: T = getattr(session, kind)(lambda transaction: work(self._asking(transaction)))
                return result
        except (exceptions.Neo4jError, exceptions.DriverError) as error:
            raise self.translated(error) from error

    def _asking(self, through: Any) -> Ask:
        def ask(text: str, /, **given: Any) -> list[list[Any]]:
            results: list[list[Any]] = through.run(as_sent(text, self._address.graph), {"q": given}).values()
            return results

        return ask

    def translated(self, error: Exception, at_open: bool = False) -> Exception:
        """The family's error for the driver's; a fault in a statement of ours stays what it is."""
        where = self._address.uri
        code = getattr(error, "code", None) or ""
        if "Security" in code or "DatabaseNotFound" in code:
            message = f"{where} refuses the user, the password or the database ({code.rpartition('.')[2]})"
            return (
                SettingError(message)
                if at_open and "RateLimit" not in code
                else StoreUnavailableError(message)
            )
        if isinstance(error, exceptions.ClientError | exceptions.ConfigurationError):
            return error
        lasting = "Memory" in code or isinstance(error, exceptions.DatabaseError)
        kind = StoreUnavailableError if lasting else AwayError
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        return kind(f"{where} cannot be used now: {said}")


def supported(agent: str) -> None:
    """Raise StoreVersionError for a server (`Neo4j/5.26.30`) that is older than ours or something else."""
    rows = re.match(r"Neo4j/(\d+)\.(\d+)", agent)
    if rows is None or (int(rows[1]), int(rows[2])) < OLDEST:
        raise StoreVersionError(
            f"the server is {agent!r}: this code needs Neo4j {OLDEST[0]}.{OLDEST[1]} or later"
        )


@cache
def as_sent(text: str, graph: str | None) -> str:
    """A statement as the server gets it: its parameters in one map `q`, planned once, and said for one of
    several graphs.

    The server keeps a plan for each combination of its parameters' types, and a list's length and a text's
    length are part of the type: with a dozen of them a statement would be planned, for seconds, dozens of
    times. A map is always a map. Nor is a statement planned anew when the graph has grown: every plan starts
    at an index that it cannot do better without (tests/graph/stores/test_neo4j_schema.py), on an empty graph
    and a full one.
    """
    message = _PARAMETER.sub(r"$q.\1", text)
    if graph is not None:
        message = _OF_INDEXES.sub(rf"\1\2_{graph}", _OF_THE_GRAPH.sub(rf"\1_{graph}", message))
    return message if _SCHEMA.match(message) else f"CYPHER replan=skip {message}"


_OF_THE_GRAPH = re.compile(rf"(?<=[:|])({'|'.join((*NODES, *RELATIONSHIPS))})\b")
_OF_INDEXES = re.compile(r"((?:CREATE|DROP) (?:CONSTRAINT|INDEX) )(\w+)")
_PARAMETER = re.compile(r"\$(\w+)")
_SCHEMA = re.compile(r"\s*(CREATE|DROP) (CONSTRAINT|INDEX)|\s*CALL db\.")
