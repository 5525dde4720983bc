"""Two stores held side by side: equal when they were told the same, and what differs is named when they were
not.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graph.model.types import Facts, Label, LabelValue
from graph.store.port import GraphStore
from graph.store.replication import copy
from graph.stores.sqlite import SqliteStore
from scripts.compare_stores import main
from service.assessment.repeats.comparison import PARTS, Comparison, compared
from tests.support.contracts.store_contract import a_snapshot, in_parts
from tests.support.small_service import PlainModel
from tests.support.small_worlds import applies, day, random_facts, uses

BAD = Facts(labels=(Label(label=LabelValue.FRAUD, known_at=day(40), applicant_id="p000"),))
PLAN = Comparison(as_of=day(70), subjects=40, scorer=PlainModel(base=-1.0, version="1"))  # type: ignore[arg-type]
FEW = replace(PLAN, subjects=5)  # the first person is among them


def filled(store: GraphStore) -> GraphStore:
    for part in in_parts(random_facts(5), 4):
        store.add(part)
    store.save_rings(a_snapshot(20, 2))
    return store


def test_a_copy_answers_every_question_as_the_store_does(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "a.db") as one, SqliteStore(tmp_path / "b.db") as other:
        copy(filled(one), other)
        result = compared(one, other, PLAN)
    assert (result["equal"], result["tables"], result["rings"], result["named"]) == (
        True,
        [],
        {"equal": True, "snapshot": True},
        [],
    )
    assert result["subjects"] == 70
    assert result["parts"] == dict.fromkeys(PARTS, 70)


@pytest.mark.parametrize(
    ("told", "part", "column"),
    [
        (
            Facts(applications=(applies("p000", 30, uses("device", "nobody-else")),)),
            "neighbourhood",
            "ties.applicant",
        ),
        (BAD, "facts", "labels.applicant"),
    ],
)
def test_one_fact_more_is_found(tmp_path: Path, told: Facts, part: str, column: str) -> None:
    with SqliteStore(tmp_path / "a.db") as one, SqliteStore(tmp_path / "b.db") as other:
        copy(filled(one), other)
        other.add(told)
        result: Any = compared(one, other, FEW)
    assert not result["equal"]
    assert result["parts"][part] < result["subjects"]
    assert column in result["tables"]
    assert "p000" in result["named"]


def test_another_snapshot_is_found(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "a.db") as one, SqliteStore(tmp_path / "b.db") as other:
        copy(filled(one), other)
        other.save_rings(a_snapshot(30, 3))
        assert compared(one, other, FEW)["rings"] == {"equal": True, "snapshot": False}


def test_the_command_says_so_by_its_exit_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with SqliteStore(tmp_path / "a.db") as one, SqliteStore(tmp_path / "b.db") as other:
        copy(filled(one), other)
    request = [
        f"sqlite:///{tmp_path}/a.db",
        f"sqlite:///{tmp_path}/b.db",
        "--as-of",
        "2025-03-01",
        "--subjects",
        "5",
    ]
    assert main(request) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["equal"] is True
    with SqliteStore(tmp_path / "b.db") as other:
        other.add(BAD)
    assert main(request) == 1
    assert main([request[0], f"sqlite:///{tmp_path}/none.db", "--as-of", "2025-03-01"]) == 2


def test_a_moment_that_has_not_come_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with SqliteStore(tmp_path / "a.db"), SqliteStore(tmp_path / "b.db"):
        assert (
            main([f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db", "--as-of", "2999-03-01"]) == 2
        )
    assert "lies in the future" in capsys.readouterr().err
