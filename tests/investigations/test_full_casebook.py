"""A casebook whose disk is full says so until there is room again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from graph.model.errors import StoreUnavailableError
from investigations.casebook import Casebook
from tests.support.casebooks import assessment, everything, forge
from tests.support.full_disks import full_disk

_FULL = """CREATE FUNCTION full_disk() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$ LANGUAGE plpgsql"""
_AT_EACH = "CREATE TRIGGER full_disk BEFORE INSERT ON assessments EXECUTE FUNCTION full_disk()"


@contextmanager
def _no_room(url: str) -> Iterator[None]:
    if url.startswith("sqlite"):
        with full_disk():
            yield
        return
    forge(url, _FULL, _AT_EACH)
    yield
    forge(url, "DROP TRIGGER full_disk ON assessments")


def test_a_casebook_that_refused_an_answer_is_not_ready_until_there_is_room(casebook_url: str) -> None:
    with Casebook(casebook_url) as book:
        book.record(assessment(1))
        book.ping()
        with _no_room(casebook_url):
            with pytest.raises(StoreUnavailableError):
                book.record(assessment(2))
            for _ in range(2):
                with pytest.raises(StoreUnavailableError):
                    book.ping()
        book.ping()
        assert book.count() == 1, "nothing of a trial is kept"
        assert "trial-" not in everything(book)
        book.record(assessment(2))
        assert book.count() == 2
