"""The tutorial of the weekly review shows what its commands print today."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / "tutorials" / name for name in ("weekly_review.md", "weekly_review.zh.md")]
TYPED = re.compile(r"^\.venv/bin/ringfence (.*)$", re.MULTILINE)
FIGURE = re.compile(r"^  ([a-z ]+?) {2,}([\d,.]+)$", re.MULTILINE)
OF_THESE = re.compile(r"^  these rings((?: +[\d.]+){5})$", re.MULTILINE)


def figures_of(typed: str, folder: Path) -> dict[str, Any]:
    """The figures of a command that is given in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.cli", *shlex.split(typed), "--json"],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
def test_the_weekly_tutorial_shows_the_figures_of_its_commands(tmp_path: Path) -> None:
    english, chinese = (page.read_text("utf-8") for page in PAGES)
    commands = TYPED.findall(english)
    assert commands == TYPED.findall(chinese)
    review, evaluation = [figures_of(typed, tmp_path) for typed in commands][-2:]
    known = evaluation["not_known"]
    these = [evaluation[name] for name in ("groups", "ring_recall", "member_recall", "honest_flagged")]
    for page in (english, chinese):
        shown = {name.replace(" ", "_"): float(said.replace(",", "")) for name, said in FIGURE.findall(page)}
        assert len(shown) == 8
        assert shown == {name: pytest.approx(review[name], abs=5e-4) for name in shown}
        (row,) = OF_THESE.findall(page)
        assert list(map(float, row.split())) == pytest.approx([*these, known["ring_recall"]], abs=5e-4)
