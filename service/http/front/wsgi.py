"""Between the two interfaces: a request as ASGI gives it to the environ of WSGI, and a WSGI application's
answer, whole.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from types import MappingProxyType
from typing import Any, NamedTuple

from service.http.headers import BARE

Environ = dict[str, Any]
Scope = Mapping[str, Any]
App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

_OF_EVERY_REQUEST: Mapping[str, Any] = MappingProxyType(
    {
        "SCRIPT_NAME": "",
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
)


class Answer(NamedTuple):
    """An answer: its status, its headers as ASGI sends them, and its body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @classmethod
    def bare(cls, status: int) -> Answer:
        """An answer of nothing but its status, for where the application cannot be asked; it may be tried
        again in a second.
        """
        return cls(
            status,
            [(b"content-length", b"0"), (b"retry-after", b"1"), (b"cache-control", b"no-store"), *BARE],
            b"",
        )


def environ_of(scope: Scope, body: bytes) -> Environ:
    """The WSGI environ of a request whose body was read. Headers with an underscore in their name are left
    out: they could pass for others.
    """
    host, port = scope.get("server") or ("localhost", None)
    environ = {
        **_OF_EVERY_REQUEST,
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": scope["path"].encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.input_terminated": True,
    }
    for name, value in scope["headers"]:
        if b"_" not in name:
            key, text = name.decode("latin-1").upper().replace("-", "_"), value.decode("latin-1")
            key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
            environ[key] = f"{environ[key]},{text}" if key in environ else text
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def answer_of(app: App, environ: Environ) -> Answer:
    """What a WSGI application answers."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
        started.append((status, headers))

    chunks = app(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = started[-1]
    return Answer(
        int(status[:3]),
        [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        body,
    )
