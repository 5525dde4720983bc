"""What a command takes is said soon: nothing is loaded for it that only the command's work needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from scripts.cli.main import COMMANDS

# each loads for a quarter of a second or more
OF_WORK = ("lightgbm", "sklearn", "scipy.stats", "torch", "pyspark")
OF_SEARCH = (*OF_WORK, "numba", "sqlalchemy", "pyarrow", "igraph", "pandas", "flask")


def loaded_for_help(command: str, among: tuple[str, ...]) -> list[str]:
    """Which of these modules are loaded once a command has said what it takes."""
    program = f"""
import sys
from scripts.cli.main import main
try:
    main([{command!r}, "--help"])
except SystemExit as ended:
    assert ended.code == 0
print(*[one for one in {among!r} if one in sys.modules], file=sys.stderr)
"""
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True
    )
    assert "usage: ringfence" in run.stdout
    return run.stderr.split()


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "benchmark"])
def test_what_a_command_takes_is_said_without_what_it_learns_or_judges_by(command: str) -> None:
    assert loaded_for_help(command, OF_WORK) == []


def test_what_the_search_for_rings_takes_is_said_without_what_it_searches_with() -> None:
    assert loaded_for_help("rings", OF_SEARCH) == []
