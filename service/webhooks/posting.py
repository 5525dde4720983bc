"""Posts one message to one address, within a time, following no redirect."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from service.webhooks.addresses import AddressRefusedError, resolved
from service.webhooks.endpoints import Network

GONE = 410


class PostError(Exception):
    """A receiver did not take a message; `final`: it never will."""

    def __init__(self, why: str, *, final: bool = False) -> None:
        super().__init__(why)
        self.final = final


def post(
    url: str, body: bytes, headers: Mapping[str, str], allowed: Sequence[Network], seconds: float
) -> None:
    """Post the body; done where the receiver answers 2xx within `seconds`. Raises PostError."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host = str(parts.hostname)
    port = parts.port or (443 if secure else 80)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        address = resolved(host, port, allowed, secure=secure)
        with socket.create_connection((address, port), timeout=seconds) as plain:
            # a receiver that answers byte by byte never lets a read time out: the whole has an end too
            timer = threading.Timer(seconds, _shut, (plain,))
            timer.daemon = True
            timer.start()
            try:
                status = _exchange(plain, host if secure else "", parts.netloc, path, body, headers)
            finally:
                timer.cancel()
    except AddressRefusedError as error:
        raise PostError(str(error)) from error
    except (OSError, HTTPException, ValueError) as error:
        raise PostError(f"no answer: {type(error).__name__}") from error
    if not 200 <= status < 300:
        raise PostError(f"the receiver answered {status}", final=status == GONE)


def _exchange(
    plain: socket.socket, secure_host: str, netloc: str, path: str, body: bytes, headers: Mapping[str, str]
) -> int:
    connection = HTTPConnection(netloc.rpartition("@")[2])
    connection.sock = (
        ssl.create_default_context().wrap_socket(plain, server_hostname=secure_host) if secure_host else plain
    )
    try:
        connection.request("POST", path, body, dict(headers))
        return connection.getresponse().status
    finally:
        connection.close()


def _shut(plain: socket.socket) -> None:
    with suppress(OSError):
        plain.shutdown(socket.SHUT_RDWR)
