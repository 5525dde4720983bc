"""A wrong address of a Spark cluster is said at once, and not after minutes of silence."""

from __future__ import annotations

import socket

import pytest

from graph.model.errors import SettingError
from service.engines.cluster import ClusterPlan, opened_cluster


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.mark.parametrize("address", ["sc://127.0.0.1:{port}", "sc://127.0.0.1:{port}/;user_id=w", "sc://:x"])
def test_an_address_at_which_nobody_listens_is_refused_with_the_next_step(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("grpc_proxy", "https_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    given = address.format(port=free_port())
    said = "nobody listens at --cluster sc://.*start Spark Connect or Sail"
    with pytest.raises(SettingError, match=said), opened_cluster(ClusterPlan(cluster=given)):
        pass
