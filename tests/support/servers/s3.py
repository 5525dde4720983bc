"""An S3 server (moto) for the tests that read a bucket, and the packages with which s3fs speaks to it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
S3 = Path(sys.prefix) / "s3"  # `make test-slow` installs it there
SECRET = "the secret of the tests"
_SIGNED = "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=s"


@dataclass(frozen=True)
class Bucket:
    """A bucket `lender` at the address of a server."""

    server: str

    def put(self, folder: Path, name: str) -> str:
        """The address, for fsspec, of a copy of the folder."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self._ask(f"lender/{name}/{path.relative_to(folder)}", path.read_bytes())
        return f"s3://lender/{name}"

    def forbid(self) -> None:
        """From now on nobody may read anything."""
        self._ask("moto-api/reset-auth", b"0", "POST")

    def _ask(self, path: str, content: bytes = b"", method: str = "PUT") -> None:
        headers = {"Authorization": _SIGNED, "Content-Type": "application/octet-stream"}
        asked = urllib.request.Request(f"{self.server}/{path}", content, headers, method=method)
        urllib.request.urlopen(asked, timeout=60).close()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """An empty one; whoever is started meanwhile finds it, and the credentials, in the environment."""
    with s3_server() as server:
        found = Bucket(server)
        found._ask("lender")
        for name, value in {
            "ENDPOINT_URL": server,
            "ACCESS_KEY_ID": "k",
            "SECRET_ACCESS_KEY": SECRET,
            "REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        yield found


@contextmanager
def s3_server() -> Iterator[str]:
    """The address of a server on this machine."""
    if not (S3 / "moto").is_dir():
        pytest.skip(f"moto is not installed in {S3}: make test-slow does")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"
    path = os.pathsep.join(map(str, (S3, ROOT)))
    server = subprocess.Popen(
        [sys.executable, "-c", words], env=os.environ | {"PYTHONPATH": path}, stderr=subprocess.DEVNULL
    )
    try:
        _answers(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=60)


def _answers(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert server.poll() is None, "the server has ended"
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise AssertionError("the server does not answer")
