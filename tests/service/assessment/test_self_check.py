"""A frame that shows something else than its store is noticed, and a check that fails harms nobody."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from graph.features.compute import FeatureExtractor
from graph.features.read_neighbourhood import read_neighbourhood
from graph.model.errors import StoreUnavailableError
from graph.store.evidence import Subject
from service.assessment.self_check import SelfCheck
from tests.support.small_worlds import day, random_facts
from tests.support.stores import open_store


def checked(store: Any, change: float = 0.0) -> list[str]:
    """What the check of one person's row comes to, with that much added to a feature."""
    who, revision = Subject(applicant_id="p001"), store.revision()
    row, _ = FeatureExtractor().row(read_neighbourhood(store.view(day(70), revision), who)[0])
    row = row.copy()
    row[0] += change
    results: list[str] = []
    check = SelfCheck(store, 1.0)
    check.count = results.append
    check.sometimes(who, day(70), revision, row)
    check.close()
    return results


def test_an_equal_row_is_counted_as_equal_and_another_one_is_said_aloud(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_store(tmp_path / "store.db") as store:
        store.add(random_facts(1))
        assert checked(store) == ["equal"]
        with caplog.at_level(logging.ERROR):
            assert checked(store, change=1.0) == ["unequal"]
    assert "remove the frame's folder" in caplog.text


@pytest.mark.parametrize("error", [StoreUnavailableError("away"), ArithmeticError("broken")])
def test_a_check_that_fails_is_counted_and_gives_its_place_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object) -> bool:
        raise error

    monkeypatch.setattr(SelfCheck, "_is_equal", fails)
    with open_store(tmp_path / "store.db") as store:
        store.add(random_facts(1))
        assert checked(store) == ["failed"]
