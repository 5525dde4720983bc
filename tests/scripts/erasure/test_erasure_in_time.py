"""What comes about people while they are erased is theirs too, and keeps nobody from being erased."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from graph.model.erasure import Erasure
from graph.model.types import Facts
from graph.store.port import GraphStore
from scripts.cli.command import DONE
from scripts.cli.main import main
from service.governance.erasure import erasing
from service.opening import open_casebook
from service.settings import Settings
from tests.support.casebooks import assessment
from tests.support.erasure.worlds import GONE, traces
from tests.support.small_worlds import applies

WHO = GONE[0]


def erase(settings: Settings, out: Path) -> int:
    where = ("--store", settings.store, "--casebook", settings.casebook, "--out", str(out))
    return main(["erase", WHO, "--purpose", "request of 12 March", *where])


def test_facts_that_keep_coming_about_them_are_taken_no_more_after_the_first_plan(
    settings: Settings,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan, told = erasing.planned, list[int]()

    def busy(store: GraphStore, *given: Any) -> Erasure:
        made = plan(store, *given)
        at = datetime.now(UTC)
        again = applies(WHO, 0, application_id=f"LOAN-again-{len(told)}")
        told.append(store.add(Facts(applications=(replace(again, applied_at=at),))).accepted)
        return made

    monkeypatch.setattr(erasing, "planned", busy)
    assert erase(settings, tmp_path_factory.mktemp("out")) == DONE
    assert told == [1, 0]
    assert [*traces(tmp_path, WHO)] == []


def test_what_was_answered_about_them_while_it_was_planned_is_erased_too(
    settings: Settings,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = erasing.planned

    def busy(*given: Any) -> Erasure:
        made = plan(*given)
        later = datetime.now(UTC) + timedelta(milliseconds=1)
        with open_casebook(settings.casebook) as book:
            book.record(assessment(7, applicant_id=WHO, application_id="LOAN-own", as_of=later))
        return made

    monkeypatch.setattr(erasing, "planned", busy)
    assert erase(settings, tmp_path_factory.mktemp("out")) == DONE
    assert [*traces(tmp_path, WHO)] == []
