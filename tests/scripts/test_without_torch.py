"""A machine that serves has no PyTorch: everything but training works there, and training says what is
missing.
"""

from __future__ import annotations

import json
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


SCORING = ("gnn.scoring.scorer", "gnn.scoring.bundle")
MODULES = ("service.processes.serving", "service.processes.worker", "service.analysis", *SCORING, *(
    f"scripts.cli.commands.{name}" for name in ("load", "rings", "score", "serve", "replay", "copy",
                                                "compare", "train", "demo")
))  # fmt: skip
EACH = """
import importlib, json, traceback
said = {}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception:
        said[name] = traceback.format_exc()
print(json.dumps(said))
"""


def alone(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it in a process where PyTorch cannot be imported."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT + code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def failures() -> dict[str, str]:
    """By module: why it could not be imported. All are tried in one process, what most share is imported
    once.
    """
    done = alone(EACH, *MODULES)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("module", MODULES)
def test_whatever_is_not_training_is_imported_without_pytorch(failures: dict[str, str], module: str) -> None:
    assert failures.get(module) is None


def test_who_trains_where_it_is_not_is_told_what_to_install() -> None:
    done = alone(
        "from scripts.cli.main import main; sys.exit(main(['train', '--store', 'sqlite:///x.db', '--as-of', "
        "'2026-01-01', '--out', 'x']))"
    )
    assert done.returncode == 2
    assert "pip install 'ringfence[train]'" in done.stderr
    assert done.stdout == ""
