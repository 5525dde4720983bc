"""Whether anybody listens at the address of Spark Connect, asked without its client, which goes on asking for
minutes.
"""

from __future__ import annotations

import os
import socket
import time
from urllib.parse import urlsplit

from graph.model.errors import SettingError

_CONNECT_PORT, _ANSWERS_S = 15002, 10.0
_PROXIES = ("grpc_proxy", "https_proxy", "http_proxy")


def refuse_unheard(cluster: str) -> None:
    """Raises SettingError where nobody listens at an address of Spark Connect. Where a proxy is to be asked,
    only its client knows.
    """
    try:
        _connect(cluster)
    except (OSError, ValueError) as error:
        raise SettingError(
            f"nobody listens at --cluster {cluster} ({error}): start Spark Connect or Sail there, or give "
            "its address as sc://HOST:PORT"
        ) from error


def has_ended(cluster: str, within_s: float = 0.0) -> bool:
    """Whether the machine of Spark Connect says that nobody listens, now or within some seconds; one that
    says nothing may be slow.
    """
    until = time.monotonic() + within_s
    while True:
        try:
            _connect(cluster)
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
        if time.monotonic() >= until:
            return False
        time.sleep(0.1)


def _connect(cluster: str) -> None:
    if not cluster.startswith("sc://") or any(os.environ.get(name) for name in _PROXIES):
        return
    at = urlsplit(cluster)
    socket.create_connection((at.hostname or "", at.port or _CONNECT_PORT), _ANSWERS_S).close()
