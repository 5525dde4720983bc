"""The desk served for a real browser: a small world behind it, and the fixtures of the tests that open it."""

from __future__ import annotations

import json
import os
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest
from werkzeug.serving import make_server

from service.app import create_app
from service.assessment.assess import warm_up
from service.assessment.context import AppContext
from service.http.web_assets import BUILT
from service.settings import Settings
from service.wiring import wire
from tests.support.desk.browsers import chromium
from tests.support.desk.worlds import fill
from tests.support.small_service import key
from tests.support.small_worlds import day
from tests.support.stores import HASH_KEY, open_store, store_url

KEY = key("an investigator")
OTHER = key("another investigator")
READER = key("who may see the desk alone")
CASES = "desk+cases:read+cases:work+cases:decide"
KEYS = {"api_keys": f"desk:{KEY}:{CASES}@*,li:{OTHER}:{CASES}@*,reader:{READER}:desk@*"}
NODES = "document.getElementById('canvas')._cyreg.cy.nodes().map(n => n.id())"
PLACES = (
    "Object.fromEntries(document.getElementById('canvas')._cyreg.cy.nodes().map(n => [n.id(), "
    "[n.position('x'), n.position('y')]]))"
)
SELECTED = "document.getElementById('canvas')._cyreg.cy.nodes(':selected').map(n => n.id())"


def missing(why: str) -> NoReturn:
    """Skip aloud; where CI runs, fail: a page that nobody opened is not tested."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


def small_desk(folder: Path, clock: Callable[[], datetime] = lambda: day(100), **more: Any) -> AppContext:
    """A service over the small world, by that clock; `more` are settings."""
    with open_store(folder / "store.db") as store:
        fill(store)
    settings = Settings(
        store=store_url(folder / "store.db"),
        casebook=f"sqlite:///{folder}/book.db",
        hash_key=HASH_KEY,
        **(KEYS | more),
    )
    return wire(settings, clock=clock)


@contextmanager
def running(folder: Path, clock: Callable[[], datetime] = lambda: day(100), **more: Any) -> Iterator[str]:
    """The address of a desk over the small world, by that clock."""
    context = small_desk(folder, clock, **more)
    # as a worker does before it takes requests: a Neo4j server that is new to its statements plans them for
    # seconds
    warm_up(context)
    server = make_server("127.0.0.1", 0, create_app(context), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/desk"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        context.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests of a file."""
    if not (BUILT / "desk.js").exists():
        missing("the desk is not built: run make setup")
    try:
        opening = chromium()
        opened = opening.__enter__()
    except RuntimeError as error:
        missing(str(error))
    yield opened
    opening.__exit__(None, None, None)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A desk whose key the pages have."""
    with running(tmp_path_factory.mktemp("desk")) as at:
        yield at


def opened(browser: Any, address: str, **how: Any) -> Iterator[Any]:
    """A page of a browser of that kind; in the end nothing was complained about and nothing was asked of
    anybody else.
    """
    context = browser.new_context(
        **(
            {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", "timezone_id": "Asia/Shanghai"}
            | how
        )
    )
    # as if somebody had signed in
    context.add_init_script(
        f"if (location.protocol === 'http:') sessionStorage.setItem('ringfence-key', '{KEY}')"
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    stated: list[str] = []
    queries: list[str] = []
    page.on("console", lambda message: stated.append(message.text))
    page.on("pageerror", lambda error: stated.append(str(error)))
    page.on("request", lambda request: queries.append(request.url))
    yield page
    assert [
        text
        for text in stated
        if not any(f"status of {code}" in text for code in (400, 401, 403, 404, 409, 422))
    ] == []
    own = address.removesuffix("/desk")
    assert [url for url in queries if not url.startswith((own, f"blob:{own}"))] == []
    context.close()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """A page as wide as a desk."""
    yield from opened(browser, address)


@pytest.fixture
def phone(browser: Any, address: str) -> Iterator[Any]:
    """A page as wide as a phone, in another time zone."""
    yield from opened(
        browser,
        address,
        viewport={"width": 375, "height": 812},
        timezone_id="America/New_York",
        has_touch=True,
    )


def asked(address: str, path: str, body: Any = None, by: str = KEY) -> Any:
    """What the service behind a desk answers a program."""
    request = urllib.request.Request(
        address.removesuffix("/desk") + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {by}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def closed(address: str, case_id: str) -> None:
    """Close a case, unless somebody has."""
    at = f"/cases/{case_id}"
    case = asked(address, at)
    if case["state"] != "closed":
        case = asked(address, f"{at}/verdict", {"value": "inconclusive", "version": case["version"]})
        asked(address, f"{at}/close", {"version": case["version"]})


def choose(page: Any, node: str) -> None:
    """What a click on a node does, wherever the layout has put it."""
    page.evaluate(
        (
            "id => { const cy = document.getElementById('canvas')._cyreg.cy; cy.elements().unselect(); "
            "cy.getElementById(id).select(); }"
        ),
        node,
    )


def drawn(page: Any, node: str) -> set[str]:
    """Every node drawn, as soon as `node` is."""
    page.wait_for_function(f"id => {NODES}.includes(id)", arg=node)
    return set(page.evaluate(NODES))
