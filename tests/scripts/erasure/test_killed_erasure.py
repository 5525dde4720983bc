"""An erasure that is killed at any step is ended by the same command, as if nothing had happened."""

from __future__ import annotations

import dataclasses
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from investigations.casebook.rewriting import ERASED_REQUEST
from investigations.users import AuditAction, AuditFilter
from scripts.cli.command import DONE, FAILED
from scripts.cli.main import main
from service.opening import known_keys, open_casebook
from service.settings import Settings
from tests.support.erasure_worlds import (
    GONE,
    ONLY_ASSESSED,
    customer,
    filled,
    names_in_casebook,
    replayed,
    traces,
)
from tests.support.killed_erasure import STEPS, killed
from tests.support.stores import HASH_KEY, open_url, sqlite_only

pytestmark = sqlite_only
QUICK = ("once the store has changed", "before cases are renamed")
PEOPLE = (*GONE, ONLY_ASSESSED)
FOREVER = datetime.max.replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Settings]:
    """A service's folder, of which each test gets a copy."""
    folder = tmp_path_factory.mktemp("world")
    return folder, filled(folder)


@pytest.fixture
def settings(tmp_path: Path, world: tuple[Path, Settings], monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    folder, given = world
    copied = tmp_path / "service"
    shutil.copytree(folder, copied)
    urls = {name: getattr(given, name).replace(str(folder), str(copied)) for name in ("store", "casebook")}
    return dataclasses.replace(given, **urls)


def command(settings: Settings, out: Path, *people: str) -> list[str]:
    where = ["--store", settings.store, "--casebook", settings.casebook, "--out", str(out)]
    return ["erase", *people, *(["--purpose", "request of 12 March"] if people else ["--resume"]), *where]


def certified(out: Path) -> dict[str, Any]:
    """The one certificate in a folder."""
    (file,) = out.iterdir()
    read: dict[str, Any] = json.loads(file.read_bytes())
    return read


def erased_in_casebook(settings: Settings) -> set[str]:
    """The surrogates of people in the casebook's assessments."""
    query = "SELECT applicant_id FROM assessments WHERE request_id = :erased"
    with open_casebook(settings.casebook) as book, book._engines.reading() as connection:
        return set(connection.execute(sa.text(query), {"erased": ERASED_REQUEST}).scalars())


@pytest.mark.parametrize(
    "step", [step if step in QUICK else pytest.param(step, marks=pytest.mark.slow) for step in STEPS]
)
def test_an_erasure_that_is_killed_is_ended_by_the_same_command(
    settings: Settings, tmp_path: Path, step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "certificates"
    killed(step, command(settings, out, *PEOPLE))
    assert main(command(settings, out, *PEOPLE)) == DONE
    if step == "while the plan is taken away":
        assert json.loads(capsys.readouterr().out)["erased_before"] == len(PEOPLE)
    held = certified(out)
    assert held["people"] == {"asked": 4, "erased": 4, "unknown": 0, "erased_before": 0}
    assert held["casebook"]["rows"]["assessments"] == 4
    assert held["casebook"]["rows"]["cases"] == held["casebook"]["rows"]["claims"] == 1
    assert [*traces(tmp_path, *PEOPLE)] == []
    assert names_in_casebook(settings, *PEOPLE) == []
    assert replayed(settings) == (9, 9)
    with open_casebook(settings.casebook) as book:
        assert book.seals.verify(keys=known_keys(settings)).faults == ()
        (line,) = (one for one in book.audit.read(AuditFilter())[0] if one.action is AuditAction.ERASED)
        assert line.subject == f"certificate:{held['certificate']}"
    with open_url(settings.store) as store:
        ids = set(store.view(FOREVER).tables().applicant_ids.tolist())
    assert len(erased_in_casebook(settings)) == 4
    assert len(erased_in_casebook(settings) & ids) == 3, "both parts have the same surrogates"


def test_an_erasure_that_was_cut_off_is_ended_without_its_ids_and_before_any_other(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "certificates"
    killed("once the store has changed", command(settings, out, *PEOPLE))
    assert main(command(settings, out, customer(7))) == FAILED
    assert "end it with --resume" in capsys.readouterr().err
    assert main(command(settings, out)) == DONE
    assert [*traces(tmp_path, *PEOPLE)] == []
    assert main(command(settings, out, customer(7))) == DONE
    assert len([*out.iterdir()]) == 2


def test_an_erasure_from_a_casebook_in_postgresql_is_killed_and_ended_as_well(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    out, settings = tmp_path / "certificates", filled(tmp_path / "service", casebook=postgres)
    assert names_in_casebook(settings, *PEOPLE)
    killed("once the store has changed", command(settings, out, *PEOPLE))
    assert main(command(settings, out, *PEOPLE)) == DONE
    assert (out / "casebook.erasure").exists() is False
    assert names_in_casebook(settings, *PEOPLE) == []
    assert [*traces(tmp_path, *PEOPLE)] == []
    assert replayed(settings) == (9, 9)
    with open_casebook(settings.casebook) as book:
        assert book.seals.verify(keys=known_keys(settings)).faults == ()
    certificate = next(out.glob("*.json"))
    held = json.loads(certificate.read_bytes())
    assert held["casebook"]["kind"] == "postgresql"
    assert any("PostgreSQL" in sentence for sentence in held["left"])


def test_the_plan_of_an_erasure_is_its_owners_alone(settings: Settings, tmp_path: Path) -> None:
    killed("with a plan", command(settings, tmp_path / "certificates", *PEOPLE))
    plans = [path for path in (tmp_path / "service").iterdir() if ".erasure" in path.name]
    assert plans
    assert {path.stat().st_mode & 0o077 for path in plans} == {0}
