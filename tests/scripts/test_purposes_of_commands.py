"""Commands that show people say for what where the lender wants it, and stand in the trail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from investigations.users import AuditFilter, AuditWay
from scripts.cli.command import DONE, UNUSABLE
from scripts.cli.main import main
from service.assessment.context import AppContext
from tests.support.small_service import service
from tests.support.small_worlds import random_facts
from tests.support.stores import HASH_KEY

PERIOD = ("--since", "2025-01-01", "--until", "2025-02-01")
COMMANDS = {
    "webhooks": ("webhooks", "list"),
    "score": ("score", *PERIOD, "--out", "OUT/scores.csv"),
    "rings": ("rings", "--as-of", "2025-03-01", "--out", "OUT/rings", "--back-steps", "0"),
    "person": ("person", "export", "p001", "--out", "OUT/p001"),
    "erase": ("erase", "p001", "--check"),
}


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppContext]:
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    with closing(service(tmp_path, random_facts(1))) as context:
        monkeypatch.setenv("RINGFENCE_STORE", context.settings.store)
        monkeypatch.setenv("RINGFENCE_CASEBOOK", context.settings.casebook)
        yield context


def run(name: str, out: Path, *more: str) -> int:
    return main([one.replace("OUT", str(out)) for one in COMMANDS[name]] + [*more])


def looks(context: AppContext) -> list[tuple[str | None, str | None]]:
    lines, _ = context.casebook.audit.read(AuditFilter())
    assert {one.way for one in lines} <= {AuditWay.COMMAND}
    return [(one.detail, one.purpose) for one in lines]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(
    ("given", "lacks"),
    [
        ((), "say for what"),
        (("--purpose", "curiosity"), "'curiosity' is none of the purposes here"),
        (("--purpose", " "), "say for what"),
    ],
    ids=["nothing", "another word", "a blank"],
)
def test_a_command_that_shows_people_is_refused_without_a_known_purpose(
    context: AppContext,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    given: tuple[str, ...],
    lacks: str,
) -> None:
    monkeypatch.setenv("RINGFENCE_PURPOSE_REQUIRED", "on")
    out = tmp_path_factory.mktemp("out")
    if name == "person" and not given:
        with pytest.raises(SystemExit):  # the option itself is required
            run(name, out)
    else:
        assert run(name, out, *given) == UNUSABLE
        assert f"--purpose: {lacks}, one of assessment, " in capsys.readouterr().err
    assert [*out.iterdir()] == []
    assert looks(context) == []


@pytest.mark.parametrize("name", ["webhooks", "rings", "person"])
def test_with_a_known_purpose_it_runs_and_the_trail_says_for_what(
    context: AppContext,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setenv("RINGFENCE_PURPOSE_REQUIRED", "on")
    assert run(name, tmp_path_factory.mktemp("out"), "--purpose", "audit: yearly") == DONE
    shows = {"webhooks": "webhooks", "rings": "weekly rings", "person": "export"}
    assert looks(context) == [(shows[name], "audit: yearly")]


@pytest.mark.parametrize("name", ["webhooks", "rings"])
def test_where_none_is_wanted_nobody_is_asked_and_nothing_is_kept(
    context: AppContext, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    assert run(name, tmp_path_factory.mktemp("out")) == DONE
    assert looks(context) == []
