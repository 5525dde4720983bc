"""What every answer tells a browser: nothing from elsewhere, no script beside the desk's own, no referrer;
errors as well.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.http import web_assets
from service.http.front.wsgi import Answer
from tests.support.small_service import body, service

ANSWERS = [
    ("GET", "/healthz", 200), ("GET", "/readyz", 200), ("GET", "/version", 200), ("GET", "/metrics", 200),
    ("GET", "/openapi.json", 200), ("GET", "/docs", 200), ("GET", "/docs/problems", 200),
    ("GET", "/desk/overview", 200), ("GET", "/rings", 200), ("OPTIONS", "/risk", 200),
    ("GET", "/docs/static/none.js", 404), ("HEAD", "/healthz", 200),
    ("GET", "/desk/static/icons/none.svg", 404), ("GET", "/risk/A-none", 404), ("GET", "/nowhere", 404),
    ("DELETE", "/risk", 405), ("POST", "/risk", 415), ("POST", "/desk", 405), ("GET", "/desk/node", 400),
]  # fmt: skip


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    monkeypatch.setattr(web_assets, "version", lambda _: "abc123")
    context = service(tmp_path)
    yield create_app(context).test_client()
    context.close()


def policy(text: str) -> dict[str, str]:
    """A content security policy by directive."""
    return {name: values for name, _, values in (part.strip().partition(" ") for part in text.split(";"))}


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_every_answer_carries_them(client: FlaskClient, method: str, path: str, status: int) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == status
    assert (answer.headers["X-Content-Type-Options"], answer.headers["Referrer-Policy"]) == (
        "nosniff",
        "no-referrer",
    )
    reported = policy(answer.headers["Content-Security-Policy"])
    assert (reported["default-src"], reported["frame-ancestors"], reported["base-uri"]) == (
        "'none'",
        "'none'",
        "'none'",
    )
    assert ("script-src" in reported) == (path == "/docs")
    assert reported.get("script-src", "'self'") == "'self'"


def test_an_answer_of_risk_and_a_fault_of_ours_carry_them(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.post("/risk", json=body()).headers["X-Content-Type-Options"] == "nosniff"
    monkeypatch.setattr("service.desk.routes.ring_dossiers.overview", lambda _: 1 / 0)
    broken = client.get("/desk/overview")
    assert (broken.status_code, broken.headers["X-Content-Type-Options"]) == (500, "nosniff")
    assert "Content-Security-Policy" in broken.headers


@pytest.mark.parametrize("page", ["/desk", "/docs"])
def test_a_page_runs_its_own_script_and_nothing_that_stands_in_it(client: FlaskClient, page: str) -> None:
    answer = client.get(page)
    reported = policy(answer.headers["Content-Security-Policy"])
    assert {reported[name] for name in ("script-src", "style-src", "connect-src", "font-src")} == {"'self'"}
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", answer.text)


def test_the_page_of_problems_has_its_own_style_and_no_script(client: FlaskClient) -> None:
    answer = client.get("/docs/problems")
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy(answer.headers["Content-Security-Policy"])["style-src"] == f"'sha256-{digest}'"
    assert not re.search(r"<script|\sstyle=|\son\w+=", answer.text)


def test_an_answer_that_the_application_cannot_give_carries_them_as_well() -> None:
    reported = dict(Answer.bare(503).headers)
    assert (reported[b"x-content-type-options"], reported[b"referrer-policy"]) == (b"nosniff", b"no-referrer")
    assert reported[b"content-security-policy"].startswith(b"default-src 'none'")
