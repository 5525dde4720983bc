"""A period that ends before it begins holds nothing, and no command makes figures of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.cli.command import UNUSABLE
from scripts.cli.main import main


@pytest.mark.parametrize("until", ["2025-03-01", "2025-02-01"])
@pytest.mark.parametrize(
    "words",
    [
        ("thresholds",),
        ("monitor",),
        ("score", "--out", "scores.csv"),
        ("features", "--out", "f.csv"),
        ("fairness",),
    ],
    ids=" ".join,
)
def test_a_command_refuses_a_period_that_holds_no_moment(
    words: tuple[str, ...], until: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ["--store", f"sqlite:///{tmp_path}/none.db"]
    assert main([*words, *store, "--since", "2025-03-01", "--until", until]) == UNUSABLE
    assert "the period is empty: --since must lie before --until" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
