"""A desk at which people log in by name, and the page of a browser that has nothing of ours yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from investigations.casebook import Casebook
from investigations.users import DeskRole
from tests.support.desk.axe import source
from tests.support.desk.pages import missing, running
from tests.support.desk.people import PASSWORD, add_user


@contextmanager
def desk_of_people(folder: Path, people: dict[str, DeskRole], **more: Any) -> Iterator[tuple[str, Casebook]]:
    """Its address and its casebook; skipped where nothing looks for violations. `more` are settings."""
    try:
        source()
    except RuntimeError as error:
        missing(str(error))
    served = running(folder, lambda: datetime.now(UTC), **more)
    with served as at, Casebook(f"sqlite:///{folder}/book.db") as book:
        for name, role in people.items():
            add_user(book.users, name, role)
        yield at, book


def new_page(browser: Any) -> Iterator[Any]:
    """A page of a browser of its own; in the end no script has failed."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    stated: list[str] = []
    opened.on("pageerror", lambda error: stated.append(str(error)))
    yield opened
    assert stated == []
    context.close()


def log_in(page: Any, address: str, name: str) -> None:
    """By keyboard, to what was asked for."""
    page.goto(address)
    page.wait_for_selector("#password")
    page.keyboard.type(name)  # the first field has the focus
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#account-name:visible")
