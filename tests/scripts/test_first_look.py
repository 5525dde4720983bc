"""The demonstration shows what it says: people nobody knows, a ring before its first default, and every step
a command of a user's.
"""

from __future__ import annotations

import csv
import json
import os
import random
import re
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ingestion.simulation.build import make_world
from ingestion.simulation.world_spec import WorldSpec
from scripts.cli.commands import demo
from scripts.cli.first_look import caught_early, figures, say_early, stranger, what_it_costs
from service.app import create_app
from service.assessment.assess import warm_up
from service.settings import Settings
from service.wiring import wire

ROOT = Path(__file__).parents[2]
TEMPLATE: dict[str, Any] = {
    "application_id": "a", "applicant_id": "A1", "applied_at": "2026-01-01", "platform_id": "L01",
    "product": "cash", "amount": 8000, "phone": "13800000001", "device_id": "d1", "bank_card": "c1",
    "wifi": "w1", "address": "x", "employer": "y", "contact_phone_1": "13800000002", "agent_id": None,
}  # fmt: skip


def ring(name: str, days: float | None, amount: float = 0.0, **more: Any) -> dict[str, Any]:
    moments = {
        "would_flag_at": datetime(2026, 4, 16, tzinfo=UTC),
        "first_default_at": datetime(2026, 8, 19, tzinfo=UTC),
    }
    return {"ring_id": name, "kind": "ring", "score": 0.9, "size": 9, "confirmed_bad": 0, "days_early": days,
            "loans_after": 5,
            "amount_after": amount, **moments, **more}  # fmt: skip


def test_somebody_nobody_knows_brings_no_identifier_that_anybody_has_used() -> None:
    one, other = (stranger(TEMPLATE, random.Random(seed)) for seed in (1, 2))
    assert set(one) == {
        "application_id",
        "applicant_id",
        "platform_id",
        "product",
        "amount",
        "phone",
        "device_id",
    }
    assert {one[name] for name in ("application_id", "applicant_id", "phone", "device_id")}.isdisjoint(
        [*TEMPLATE.values(), *other.values()]
    )
    assert len(one["phone"]) == 11


def test_the_ring_that_is_shown_was_flagged_before_it_cost_most(capsys: pytest.CaptureFixture[str]) -> None:
    shown = caught_early(
        [
            ring("late", -3.0, 9e9),
            ring("cheap", 200.0, 1.0),
            ring("dear", 124.5, 45_500.0),
            ring("home", 300.0, 9e9, kind="household"),
        ]
    )
    assert shown is not None
    assert shown["ring_id"] == "dear"
    say_early(shown)
    message = capsys.readouterr().out
    assert "With what was known on 2026-04-16" in message
    assert "first default came on 2026-08-19, 124 days later; 5 loans of 45,500 yuan" in message


def test_without_a_ring_that_was_early_the_worst_one_is_shown_and_no_promise_made(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = caught_early([ring("late", -3.0), ring("worst", None, score=0.99)])
    assert shown is not None
    say_early(shown)
    assert "The worst ring is worst: 9 people, 0 of them known for fraud" in capsys.readouterr().out
    assert caught_early([ring("home", 9.0, kind="household")]) is None


def test_the_figures_hold_rings_and_model_beside_the_best_of_the_usual_recipes() -> None:
    usual = {
        "bare": {"ring_recall": 0.1, "honest_flagged": 0.5},
        "leiden": {"ring_recall": 0.3, "honest_flagged": 0.01},
    }
    judged = {"rings": 23, "ring_recall": 0.6, "honest_flagged": 0.001, "references": usual}
    learned = {"serves": "trees", "trees": {"auc": 0.96, "ap": 0.5}, "reference": {"auc": 0.88, "ap": 0.3}}
    result = figures(judged, learned)
    assert (result["rings_found"], result["rings_found_usual"], result["honest_flagged_usual"]) == (
        0.6,
        0.3,
        0.01,
    )
    assert (result["auc"], result["ap_usual"]) == (0.96, 0.3)


def test_the_devices_that_the_pages_ask_with_are_a_crews_of_that_world(tmp_path: Path) -> None:
    ends = datetime.combine(demo.last_friday(date(2027, 3, 2)), datetime.min.time(), demo.SHANGHAI)
    make_world(WorldSpec(applicants=6000, days=365, seed=7, until=ends), tmp_path / "world")
    made = pq.read_table(tmp_path / "world" / "records" / "applications.parquet").to_pylist()
    with (tmp_path / "world" / "truth" / "applicants.csv").open(encoding="utf-8") as truth:
        ring_of = {row["applicant_id"]: row["ring"] for row in csv.DictReader(truth)}
    for page in ("README.md", "docs/tutorials/first_application.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        devices = re.findall(r'"device(?:_id"|": \{"id"): "([0-9a-f]{16})"', text)
        used = {one["applicant_id"] for one in made if one["device_id"] == devices[-1]}
        assert len(used) >= 6, page
        assert len({ring_of[person] for person in used} - {""}) == 1, page


@pytest.mark.parametrize("today", ["2026-11-27", "2026-11-28", "2026-12-03"])
def test_the_world_is_the_same_on_any_day_because_it_ends_on_a_friday(today: str) -> None:
    assert demo.last_friday(date.fromisoformat(today)) == date(2026, 11, 27)


def test_latest_leads_to_what_was_made_last(tmp_path: Path) -> None:
    for name in ("2026-11-20", "2026-11-27"):
        (tmp_path / name).mkdir()
        demo.lead_to(tmp_path / "latest", tmp_path / name)
    assert (tmp_path / "latest").resolve() == tmp_path / "2026-11-27"


@pytest.mark.parametrize(
    ("found", "ours", "says"),
    [
        (0.57, 0.0, "more of these rings, and flags 0.60% of the honest people, Ringfence nobody."),
        (0.57, 0.0002, "more of these rings, and flags 30 times as many honest people."),
        (0.7, 0.0002, "no more rings, and flags 30 times as many honest people."),
        (0.7, 0.01, "no more rings, and flags no more honest people."),
    ],
)
def test_a_lost_line_of_the_table_is_said_with_what_it_costs(found: float, ours: float, says: str) -> None:
    result = {"rings_found": found, "rings_found_usual": 0.65, "honest_flagged": ours}
    assert what_it_costs(result | {"honest_flagged_usual": 0.006}) == f"The usual recipe finds {says}"


@pytest.mark.parametrize("name", ["RINGFENCE_HASH_KEY", "RINGFENCE_HASH_KEY_FILE", "RINGFENCE_API_KEYS_FILE"])
def test_whatever_keys_are_configured_a_demonstration_has_its_own(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "a lender's own")
    assert name not in demo.own_keys()
    assert set(os.environ) - set(demo.own_keys()) == {name}


def test_a_step_that_fails_ends_the_demonstration_with_its_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        demo.step("fails", "load", "nowhere")
    assert "$ ringfence load nowhere" in capsys.readouterr().out


@pytest.mark.slow
def test_the_whole_way_once(tmp_path: Path) -> None:
    command = [sys.executable, "scripts/run.py", "--once", "--folder", str(tmp_path), "--port", "8993"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ)
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["auc"] > 0.9, "a world large enough that the model learns"
    assert result["ap"] > result["ap_usual"]
    assert result["rings_found"] > 0.4
    assert result["honest_flagged"] < result["honest_flagged_usual"]
    assert result["days_early"] > 0
    assert result["newcomer"]["decision"] != "approve"
    assert result["newcomer"]["path"][0].startswith("application:")
    assert result["newcomer"]["path"][-1].startswith("applicant:")
    assert result["second_look"]["before"]["decision"] == "approve"
    assert result["second_look"]["after"]["probability"] > result["second_look"]["before"]["probability"]
    day = tmp_path / "latest"
    ids = {
        row["ring_id"]
        for row in pq.read_table(day / "rings" / "rings.parquet").to_pylist()
        if row["kind"] == "ring"
    }
    assert result["ring"] in ids
    assert result["desk"].endswith(f"?node=ring%3A{result['ring']}")
    pages_show_what_it_answers(day, tmp_path)


def pages_show_what_it_answers(day: Path, folder: Path) -> None:
    """The requests of README and tutorial get the decisions and reasons that these print, but for digits."""
    settings = Settings(
        store=f"sqlite:///{day}/graph.db", model=str(day / "model"), casebook=f"sqlite:///{folder}/pages.db"
    )
    with closing(wire(settings)) as context:
        warm_up(context)
        client = create_app(context).test_client()
        for page in ("README.md", "docs/tutorials/first_application.md"):
            text = (ROOT / page).read_text(encoding="utf-8")
            asked = re.findall(r" -d '(\{.*?\})'.*?```(?:json|text)\n(.*?)```", text, re.DOTALL)
            assert asked, page
            for sent, shown in asked:
                answer = client.post("/risk", json=json.loads(sent)).get_json()
                assert answer["degraded"]["level"] == "full", page
                assert re.findall(r'"decision": "(\w+)"', shown) == [answer["decision"]], page
                said = {_without_digits(reason["text_en"]) for reason in answer["reasons"]}
                assert {_without_digits(one) for one in re.findall(r'"text_en": "(.*?)"', shown)} <= said, (
                    page
                )


def _without_digits(text: str) -> str:
    return re.sub(r"[0-9.,]+", "#", text)
