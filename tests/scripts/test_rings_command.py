"""`ringfence rings` with settings of one's own: what would be unfair to a group is refused, and what somebody
forces keeps its reason.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from investigations.casebook import Casebook, name_of
from investigations.estimates import Estimate, Excess
from investigations.review import weekly
from investigations.review.week_fairness import GroupOfWeek
from investigations.users import AuditAction, AuditEntry, AuditFilter
from scripts.cli.command import FAILED, UNUSABLE
from scripts.cli.main import main
from tests.support.stores import open_url, store_url
from tests.support.worlds.rings import AS_OF, both, crew, honest, town

OWN = ("--honest-budget", "0.01")


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command's arguments on a town, where settings other than the usual ones flag a dormitory."""

    def fairness(
        _found: object, _looked_at: object, _decisions: object, usual: Any
    ) -> dict[str, GroupOfWeek]:
        beside = None if usual is None else Excess(1, 1.0, 0.6)
        share = Estimate(0.15, 0.08, 0.26, 60)
        nobody = dict.fromkeys(("approved", "reviewed", "declined"), Estimate(None, None, None, 0))
        now = Excess(9, 2.0, 0.001)
        return {"dormitory": GroupOfWeek(flagged=share, unlike=now, usual=beside, decisions=nobody)}

    monkeypatch.setattr(weekly, "fairness_of_week", fairness)
    town(tmp_path / "town.db", both(honest(families=8, dormitory=8, customers=8), crew(known_on=190))).close()
    store, book = store_url(tmp_path / "town.db"), f"sqlite:///{tmp_path}/casebook.db"
    where = ["--store", store, "--casebook", book, "--new-casebook", "--out", str(tmp_path / "out")]
    return ["rings", *where, "--as-of", AS_OF.isoformat(), "--back-steps", "0", "--by", "wang", "--json"]


def trail(given: list[str], action: AuditAction) -> tuple[AuditEntry, ...]:
    with Casebook(given[given.index("--casebook") + 1]) as casebook:
        return casebook.audit.read(AuditFilter(action=action))[0]


def snapshot_of(given: list[str]) -> object:
    with open_url(given[given.index("--store") + 1]) as store:
        return store.view(AS_OF.replace(year=AS_OF.year + 1)).rings()


def test_unfair_settings_leave_the_last_snapshot_in_force_and_the_trail_says_why(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*given, *OWN]) == FAILED
    assert "fairness to dormitory: 9 of the group's honest are in flagged rings" in capsys.readouterr().err
    assert snapshot_of(given) is None
    assert not (tmp_path / "out" / "report.html").exists()
    (line,) = trail(given, AuditAction.RINGS_REFUSED)
    kept = json.loads(line.detail or "")
    assert (line.by, line.subject, kept["honest_budget"], kept["forced"]) == (
        "wang",
        "rings:2025-W29",
        0.01,
        False,
    )
    assert "1.0 by the usual settings" in kept["failed"][0]


def test_forced_settings_are_used_and_keep_their_reason(
    given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*given, *OWN, "--force"]) == UNUSABLE
    assert "--force needs a --reason" in capsys.readouterr().err
    assert main([*given, *OWN, "--force", "--reason", "a crew lives there"]) == 0
    assert snapshot_of(given) is not None
    (line,) = trail(given, AuditAction.RINGS_USED)
    assert (line.purpose, json.loads(line.detail or "")["forced"]) == ("a crew lives there", True)


def test_the_usual_settings_are_never_refused(given: list[str]) -> None:
    assert main(given) == 0
    assert trail(given, AuditAction.RINGS_REFUSED) == trail(given, AuditAction.RINGS_USED) == ()


@pytest.mark.parametrize("given_as", ["{}", "sqlite:///{}", "file://{}"])
def test_a_delivery_in_the_place_of_a_store_is_refused_with_the_next_step(
    given_as: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    delivery = tmp_path / "2026-01-05"
    delivery.mkdir()
    out = ["--as-of", AS_OF.isoformat(), "--out", str(tmp_path / "out")]
    assert main(["rings", "--store", given_as.format(delivery), *out]) == UNUSABLE
    said = capsys.readouterr().err
    assert f"{delivery} is a folder and no store" in said
    assert f"ringfence load {delivery} --store sqlite:///ringfence.db" in said
    assert list(delivery.iterdir()) == []


def test_the_command_says_in_which_casebook_its_cases_are(
    given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(given) == 0
    assert json.loads(capsys.readouterr().out)["casebook"] == given[given.index("--casebook") + 1]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (
            "postgresql+psycopg://book:pass@db:5432/casebook?password=other",
            "postgresql+psycopg://book:***@db:5432/casebook",
        ),
        ("postgresql://book@/casebook?host=/run&password=p", "postgresql://book@/casebook?host=%2Frun"),
        ("sqlite:////var/casebook.db", "sqlite:////var/casebook.db"),
        ("no url:pass@db", "db"),
    ],
)
def test_the_name_of_a_casebook_holds_no_password(url: str, name: str) -> None:
    assert name_of(url) == name
