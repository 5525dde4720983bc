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

from investigations.casebook.erasure.rewriting import ERASED_REQUEST
from investigations.users import AuditAction, AuditFilter
from scripts.cli.command import DONE, FAILED, INCOMPLETE, UNUSABLE
from scripts.cli.main import main
from service.governance.erasure.plan import opened
from service.opening import known_keys, open_casebook
from service.settings import Settings
from tests.support.erasure.killed import STEPS, killed
from tests.support.erasure.worlds import (
    GONE,
    ONLY_ASSESSED,
    customer,
    filled,
    names_in,
    names_in_casebook,
    replayed,
    traces,
)
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
    if step == "once the trail has its end":
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
        lines, _ = book.audit.read(AuditFilter(subject=f"certificate:{held['certificate']}"))
        assert [one.action for one in lines] == [AuditAction.ERASURE_BEGAN, AuditAction.ERASED]
        assert book.erasure_plans.kept() is None
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


def test_nobody_is_said_to_be_gone_while_their_erasure_has_not_ended(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, who = tmp_path / "certificates", PEOPLE[0]
    where = ("--store", settings.store, "--casebook", settings.casebook, "--out", str(tmp_path / "export"))
    export = ["person", "export", who, "--purpose", "request of 12 March", *where]
    killed("once the store has changed", command(settings, out, *PEOPLE))
    assert main(export) == FAILED
    said = capsys.readouterr().err
    assert "ringfence erase --resume --out FOLDER" in said
    assert "nothing is held" not in said
    assert who not in said
    assert main(command(settings, out)) == DONE
    capsys.readouterr()
    assert main(export) == FAILED
    assert "nothing is held" in capsys.readouterr().err


def test_an_erasure_from_a_casebook_in_postgresql_is_killed_and_ended_as_well(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGFENCE_HASH_KEY", HASH_KEY)
    out, settings = tmp_path / "certificates", filled(tmp_path / "service", casebook=postgres)
    assert names_in_casebook(settings, *PEOPLE)
    killed("once the store has changed", command(settings, out, *PEOPLE))
    assert main(command(settings, out, *PEOPLE)) == DONE
    assert names_in_casebook(settings, *PEOPLE) == []
    assert [*traces(tmp_path, *PEOPLE)] == []
    assert replayed(settings) == (9, 9)
    with open_casebook(settings.casebook) as book:
        assert book.seals.verify(keys=known_keys(settings)).faults == ()
    certificate = next(out.glob("*.json"))
    held = json.loads(certificate.read_bytes())
    assert held["casebook"]["kind"] == "postgresql"
    assert any("PostgreSQL" in sentence for sentence in held["left"])


def test_the_plan_of_an_erasure_names_nobody_to_who_reads_the_casebook(
    settings: Settings, tmp_path: Path
) -> None:
    killed("with a plan", command(settings, tmp_path / "certificates", *PEOPLE))
    with open_casebook(settings.casebook) as book:
        kept = book.erasure_plans.kept()
    assert kept is not None
    assert names_in(kept.content, *PEOPLE) == []
    assert opened(*kept, known_keys(settings)).people.to_erase == sorted(PEOPLE)


@pytest.mark.parametrize(
    "key", ["k2:" + "another key of a store " * 2, "k1:" + "not the key that sealed " * 2]
)
def test_a_plan_that_no_key_opens_is_refused_and_nothing_else_is_erased(
    settings: Settings, tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    killed("with a plan", command(settings, tmp_path / "certificates", *PEOPLE))
    monkeypatch.setenv("RINGFENCE_HASH_KEY", key)
    assert main(command(settings, tmp_path / "certificates", customer(7))) == UNUSABLE
    assert "the plan of the erasure E-" in capsys.readouterr().err


def test_the_audit_and_a_check_name_an_erasure_that_has_not_ended(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killed("once the store has changed", command(settings, tmp_path / "certificates", *PEOPLE))
    for status, cut_off in (audited(settings, capsys), checked(settings, capsys)):
        assert status == INCOMPLETE
        assert [one["certificate"][:2] for one in cut_off] == ["E-"]
        assert "ringfence erase --resume" in cut_off[0]["next"]
    assert main(command(settings, tmp_path / "certificates")) == DONE
    assert audited(settings, capsys) == (DONE, [])


def test_nobody_else_is_erased_while_the_plan_of_an_erasure_is_lost(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, certificate = tmp_path / "certificates", lost(settings, tmp_path, capsys)
    for people in (PEOPLE, (customer(7),), ()):
        assert main(command(settings, out, *people)) == FAILED
        assert f"--give-up {certificate}" in capsys.readouterr().err
    status, (cut_off,) = audited(settings, capsys)
    assert (status, cut_off["certificate"]) == (INCOMPLETE, certificate)
    assert "--give-up" in cut_off["next"]


def test_an_erasure_that_was_given_up_is_named_in_trail_and_in_later_certificates(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, certificate = tmp_path / "certificates", lost(settings, tmp_path, capsys)
    where = ["--store", settings.store, "--casebook", settings.casebook]
    assert main(["erase", "--give-up", certificate, *where]) == UNUSABLE
    assert main(["erase", "--give-up", "E-other", "--purpose", "lost", *where]) == FAILED
    capsys.readouterr()
    assert main(["erase", "--give-up", certificate, "--purpose", "the plan is lost", *where]) == DONE
    said = json.loads(capsys.readouterr().out)
    assert "may be left in the casebook" in said["left"]
    with open_casebook(settings.casebook) as book:
        (line,), _ = book.audit.read(AuditFilter(action=AuditAction.ERASURE_GIVEN_UP))
    assert (line.subject, line.purpose, line.detail) == (
        f"certificate:{certificate}", "the plan is lost", said["left"],
    )  # fmt: skip
    assert main(command(settings, out, customer(7))) == DONE
    assert any(certificate in sentence for sentence in certified(out)["left"])
    capsys.readouterr()
    assert audited(settings, capsys) == (DONE, [])


def test_an_erasure_whose_plan_is_there_is_not_given_up(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killed("once the store has changed", command(settings, tmp_path / "certificates", *PEOPLE))
    _, ((cut_off),) = audited(settings, capsys)
    given = ["erase", "--give-up", cut_off["certificate"], "--purpose", "too long"]
    assert main([*given, "--store", settings.store, "--casebook", settings.casebook]) == FAILED
    assert "end it with --resume" in capsys.readouterr().err


def lost(settings: Settings, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """An erasure cut off once the store has changed, whose plan somebody takes out of the casebook."""
    killed("once the store has changed", command(settings, folder / "certificates", *PEOPLE))
    with open_casebook(settings.casebook) as book, book._engines.writing() as connection:
        certificate = connection.execute(sa.text("SELECT certificate FROM erasure_plans")).scalar_one()
        connection.execute(sa.text("DELETE FROM erasure_plans"))
    return str(certificate)


def audited(settings: Settings, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, str]]]:
    """What the audit says of erasures that were cut off, and its exit status."""
    capsys.readouterr()
    status = main(["audit", "verify", "--casebook", settings.casebook, "--store", settings.store])
    return status, json.loads(capsys.readouterr().out.splitlines()[-1])["erasures_cut_off"]


def checked(settings: Settings, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, str]]]:
    """The same of `--check`."""
    capsys.readouterr()
    where = ["--store", settings.store, "--casebook", settings.casebook]
    status = main(["erase", customer(7), "--purpose", "request of 12 March", "--check", *where])
    return status, json.loads(capsys.readouterr().out.splitlines()[-1])["cut_off"]
