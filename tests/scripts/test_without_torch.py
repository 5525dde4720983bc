"""A machine that serves has no PyTorch: everything but training works there, and training says what is
missing.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "torch_geometric"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""


def alone(code: str) -> subprocess.CompletedProcess[str]:
    """Run it in a process where PyTorch cannot be imported."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT + code], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "module",
    ["service.serving", "service.http.front.worker", "gnn.scorer", "gnn.bundle", "service.analysis", *(
        f"scripts.cli.commands.{name}" for name in ("load", "rings", "score", "serve", "replay", "copy", "compare", "train", "demo")
    )],
)  # fmt: skip
def test_whatever_is_not_training_is_imported_without_pytorch(module: str) -> None:
    done = alone(f"import {module}")
    assert done.returncode == 0, done.stderr


def test_who_trains_where_it_is_not_is_told_what_to_install() -> None:
    done = alone(
        "from scripts.cli.main import main; sys.exit(main(['train', '--store', 'sqlite:///x.db', '--as-of', '2026-01-01', '--out', 'x']))"
    )
    assert done.returncode == 2
    assert "pip install 'ringfence[train]'" in done.stderr
    assert done.stdout == ""
