"""Three members of a cluster, played at the level of Bolt: each tells the drivers who leads, refuses writes
where it does not, and hands everything else to one real server.

Neo4j's own clusters are the Enterprise edition's. What a driver is told and what it does is the same here;
that members hold the same facts is not played, because one server holds them.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from scripts.tools.neo4j_server import free_port

_MANIFEST = b"\x00\x00\x01\xff"  # of the handshake: versions are negotiated in another way
_RESET, _RUN, _BEGIN, _ROUTE = 0x0F, 0x10, 0x11, 0x66
_SUCCESS, _IGNORED, _FAILURE, _RECORD = 0x70, 0x7E, 0x7F, 0x71
_NO_LEADER = {
    "neo4j_code": "Neo.ClientError.Cluster.NotALeader",
    "message": "another member leads",
    "gql_status": "50N42",
    "description": "error: general processing exception - unexpected error",
}
_READS = b"\x84mode\x81r"  # what RUN and BEGIN say where a session only reads


class BoltCluster:
    """Members on loopback ports before the server at `port`; the first leads until `lead` says another."""

    def __init__(self, port: int, members: int = 3) -> None:
        self.leader = 0
        self.server = port
        self.members = [_Member(self, n) for n in range(members)]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> BoltCluster:
        self._thread.start()
        for member in self.members:
            self._run(member.open())
        return self

    def __exit__(self, *_: object) -> None:
        for member in self.members:
            self._run(member.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def url(self, store: str, member: int = 0) -> str:
        """The URL of the real server's store, through the cluster, beginning at that member."""
        parts = urlsplit(store)
        who = parts.netloc.rpartition("@")[0]
        return parts._replace(scheme="neo4j", netloc=f"{who}@{self.members[member].address}").geturl()

    def lead(self, member: int) -> None:
        """Another member leads from now on; drivers hear of it when they ask or are refused."""
        self.leader = member

    def stop(self, member: int) -> None:
        """A member goes away, with all that is connected to it."""
        self._run(self.members[member].close())

    def start(self, member: int) -> None:
        """It is there again."""
        self._run(self.members[member].open())

    def table(self) -> dict[str, Any]:
        """Who is what, as a member answers it: the leader takes writes, the others reads, all tell of it."""
        addresses = [member.address for member in self.members]
        followers = [address for n, address in enumerate(addresses) if n != self.leader]
        roles = {"WRITE": [addresses[self.leader]], "READ": followers, "ROUTE": addresses}
        servers = [{"addresses": of, "role": role} for role, of in roles.items()]
        return {"rt": {"ttl": 300, "db": "neo4j", "servers": servers}}

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)


@dataclass
class _Member:
    """One address. `seen` counts reads, writes, refused writes and questions who is what."""

    cluster: BoltCluster
    number: int
    port: int = field(default_factory=free_port)
    seen: Counter[str] = field(default_factory=Counter)
    _listening: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def open(self) -> None:
        self._listening = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self.cluster.server)
        mine = {writer, to_server}
        self._open |= mine
        talk = _Talk(self, writer, to_server)
        answers = asyncio.ensure_future(talk.answers(from_server))
        try:
            to_server.write((await reader.readexactly(20)).replace(_MANIFEST, bytes(4)))
            while True:
                await talk.message(await _message(reader))
        except (asyncio.IncompleteReadError, OSError):
            pass  # one of the two has gone
        finally:
            answers.cancel()
            self._open -= mine
            for end in mine:
                end.close()


class _Talk:
    """One connection: what is handed on and what is answered here, in the order of the questions."""

    def __init__(self, member: _Member, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self._member, self._client, self._server = member, client, server
        self._waiting = 0  # questions that the server has not answered
        self._answered = asyncio.Event()
        self._refused = False

    async def message(self, message: bytes) -> None:
        """Answer it or hand it on."""
        kind, member = message[1], self._member
        if kind == _ROUTE:
            member.seen["asked"] += 1
            await self._say(_SUCCESS, member.cluster.table())
        elif self._refused and kind not in (_RESET, 0x02):
            await self._say(_IGNORED)
        elif kind in (_RUN, _BEGIN) and _READS not in message and not self._leads and not self._inside(kind):
            member.seen["refused"] += 1
            self._refused = True
            await self._say(_FAILURE, _NO_LEADER)
        else:
            self._refused = False
            self._count(kind, message)
            self._waiting += 1
            self._server.write(_chunked(message))

    async def answers(self, reader: asyncio.StreamReader) -> None:
        """Hand on what the server says."""
        with suppress(asyncio.IncompleteReadError, OSError):
            self._client.write(await reader.readexactly(4))
            while True:
                message = await _message(reader)
                self._client.write(_chunked(message))
                if message[1] != _RECORD:
                    self._waiting -= 1
                    self._answered.set()
        self._client.close()

    @property
    def _leads(self) -> bool:
        return self._member.number == self._member.cluster.leader

    _transaction = False

    def _inside(self, kind: int) -> bool:
        """A RUN within a transaction says nothing of reading: its BEGIN did."""
        return kind == _RUN and self._transaction

    def _count(self, kind: int, message: bytes) -> None:
        if kind == _BEGIN or (kind == _RUN and not self._transaction):
            self._member.seen["reads" if _READS in message else "writes"] += 1
        self._transaction = kind == _BEGIN or (self._transaction and kind not in (_RESET, 0x12, 0x13))

    async def _say(self, kind: int, fields: dict[str, Any] | None = None) -> None:
        while self._waiting:
            self._answered.clear()
            await self._answered.wait()
        body = bytes([0xB0 if fields is None else 0xB1, kind])
        self._client.write(_chunked(body + (b"" if fields is None else packed(fields))))


async def _message(reader: asyncio.StreamReader) -> bytes:
    """The next message, its chunks put together; empty ones keep a connection alive."""
    whole = b""
    while True:
        size = int.from_bytes(await reader.readexactly(2), "big")
        if size:
            whole += await reader.readexactly(size)
        elif whole:
            return whole


def _chunked(message: bytes) -> bytes:
    pieces = [message[at : at + 0xFFFF] for at in range(0, len(message), 0xFFFF)]
    return b"".join(len(piece).to_bytes(2, "big") + piece for piece in pieces) + b"\x00\x00"


def packed(value: Any) -> bytes:
    """A value in PackStream; lists and maps of fewer than 16, texts of fewer than 256 bytes."""
    if isinstance(value, dict):
        return bytes([0xA0 + len(value)]) + b"".join(packed(k) + packed(v) for k, v in value.items())
    if isinstance(value, list):
        return bytes([0x90 + len(value)]) + b"".join(map(packed, value))
    if isinstance(value, int):
        return b"\xc9" + value.to_bytes(2, "big", signed=True)
    text = str(value).encode()
    return b"\xd0" + bytes([len(text)]) + text
