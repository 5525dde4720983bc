"""Recorded assessments computed again by the dozen: the figures, and the command's exit status."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from graph.model import Facts, Label, LabelValue
from service.replays import replay_latest
from service.settings import Settings
from service.wiring import wire
from tests.small_service import Clock, body, risk, settings_in
from tests.small_worlds import day, random_facts

SCRIPT = Path(__file__).parents[1] / "scripts" / "replay_assessments.py"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A casebook with twelve assessments, and labels of long ago that were delivered afterwards."""
    settings = settings_in(tmp_path)
    wired = wire(settings, clock=Clock())
    wired.store.add(random_facts(1))
    for n in range(12):
        risk(wired, body(f"new-{n}", applicant_id=f"p{n:03d}"))
    wired.store.add(Facts(labels=tuple(Label(label=LabelValue.FRAUD, known_at=day(1), applicant_id=f"p{n:03d}") for n in range(30))))
    wired.close()
    return settings


def test_all_are_equal_however_many_facts_came_late(settings: Settings) -> None:
    figures = replay_latest(settings, 1000)
    assert (figures["assessments"], figures["equal"], figures["different"]) == (12, 12, 0)
    assert replay_latest(settings, 5)["assessments"] == 5


def test_under_another_policy_all_differ_and_the_fields_are_named(settings: Settings) -> None:
    figures = replay_latest(dataclasses.replace(settings, review_probability=0.5, decline_probability=0.6), 1000)
    assert (figures["equal"], figures["different"]) == (0, 12)
    assert figures["fields"] == {"policy_version": 12}
    assert len(figures["named"]) == 12  # type: ignore[arg-type]


def test_the_command_ends_with_its_figures_and_with_1_when_one_differs(settings: Settings) -> None:
    asked = [sys.executable, SCRIPT, "--store", settings.store, "--casebook", settings.casebook]
    known = {**os.environ, "RINGFENCE_HASH_KEY": "a key for tests"}
    same = subprocess.run(asked, env=known, capture_output=True, text=True, check=False)
    assert (same.returncode, json.loads(same.stdout.splitlines()[-1])["equal"]) == (0, 12)
    other = {"RINGFENCE_REVIEW_PROBABILITY": "0.5", "RINGFENCE_DECLINE_PROBABILITY": "0.6"}
    differs = subprocess.run(asked, env=known | other, capture_output=True, text=True, check=False)
    assert (differs.returncode, json.loads(differs.stdout.splitlines()[-1])["different"]) == (1, 12)
