"""The tutorial on tables of one's own works as it stands, command by command, up to the service."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorials" / "your_own_tables.md"


def test_every_command_of_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    *before, serve = blocks
    assert "ringfence serve" in serve
    commands = "\n".join(["set -e", *before]).replace(
        ".venv/bin/ringfence", f"{sys.executable} -m scripts.cli"
    )
    done = subprocess.run(["bash", "-c", commands], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    suggested, checked, loaded = lines
    assert [table["table"] for table in suggested["tables"]] == ["applications", "platforms"]
    assert suggested["not_placed"][0]["column"] == "overdue"
    assert (checked["tables"]["applications"]["accepted"], checked["rejects"]) == (
        3,
        {"applications": {"unreadable_time": 1}},
    )
    assert (loaded["tables"], loaded["accepted"]) == (checked["tables"], 4)
    assert 'source: "loans_*.csv"' in done.stdout
