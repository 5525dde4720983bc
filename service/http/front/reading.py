"""Reads request bodies before a thread is used for them, bounded in bytes and time, for each request and in
total.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout

from service.http.front.wsgi import Scope
from service.http.handover import CallerGone
from service.http.problems import Busy

Receive = Callable[[], Awaitable[dict[str, Any]]]


class BodyReader:
    """Reads bodies of at most `most` bytes within `seconds` each; all that are held at one moment have at
    most `held_most` bytes together.
    """

    def __init__(self, most: int, seconds: float, held_most: int) -> None:
        self._most = most
        self._seconds = seconds
        self._held_most = held_most
        self._held = 0

    async def body(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body; `let_go` says when it is not needed any more.

        Raises RequestEntityTooLarge, RequestTimeout, Busy, or CallerGone.
        """
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if int(declared) > self._most:
            raise self._too_large()
        chunks: list[bytes] = []
        try:
            async with asyncio.timeout(self._seconds):
                await self._read(receive, chunks)
        except TimeoutError:
            self._held -= sum(map(len, chunks))
            raise RequestTimeout(f"the body did not come within {self._seconds:g} seconds") from None
        except BaseException:
            self._held -= sum(map(len, chunks))
            raise
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def let_go(self, body: bytes) -> None:
        """The body is not needed any more."""
        self._held -= len(body)

    async def _read(self, receive: Receive, chunks: list[bytes]) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise CallerGone
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._most:
                raise self._too_large()
            if self._held + len(chunk) > self._held_most:
                raise Busy("too many large bodies are being read")
            self._held += len(chunk)
            chunks.append(chunk)
            more = message.get("more_body", False)

    def _too_large(self) -> RequestEntityTooLarge:
        return RequestEntityTooLarge(f"the body is larger than {self._most} bytes")
