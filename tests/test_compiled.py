"""Compiled code that is kept on disk follows its sources: those it calls and takes constants from, too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SUM = "import graph.compiled as c; c.OURS += ('rules', 'sums'); import sums; print(sums.total(1))"


def total(folder: Path) -> int:
    done = subprocess.run(
        [sys.executable, "-c", SUM], env={"PYTHONPATH": f"{folder}:{Path(__file__).parents[1]}"}, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_a_rule_that_changes_in_another_file_changes_what_is_compiled_with_it(tmp_path: Path) -> None:
    rules, head = tmp_path / "rules.py", "from graph.compiled import compiled, inner\n"
    (tmp_path / "sums.py").write_text(f"{head}from rules import (\n    more,\n)\n@compiled\ndef total(x):\n    return more(x)\n")
    found = []
    for step in (1, 1, 10):
        rules.write_text(f"{head}STEP = {step}\n@inner\ndef more(x):\n    return x + STEP\n")
        found.append(total(tmp_path))
    assert found == [2, 2, 11]
    assert len(list((tmp_path / "__pycache__").glob("sums.total*.nbc"))) == 1
