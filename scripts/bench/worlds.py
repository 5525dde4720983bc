"""The made world and the model that benches ask for, made where they are not there yet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parents[1]  # the commands that are measured
AS_OF = "2026-01-01"
Figures = dict[str, Any]


def url(folder: Path) -> str:
    """The store of one size."""
    return f"sqlite:///{folder / 'graph.db'}"


def made_world(folder: Path, applicants: int) -> Figures:
    """Make the world of that size in the folder's `world`, a year until AS_OF. Raises CalledProcessError."""
    size = ("--applicants", applicants, "--days", 365, "--seed", 11)
    return measured("make_world.py", folder / "world", *size)


def records_of(folder: Path, applicants: int) -> Path:
    """The records of the folder's world, which is made where it is not there. Raises CalledProcessError."""
    records = folder / "world" / "records"
    if not records.exists():
        made_world(folder, applicants)
    return records


def trained(model: Path, store: str) -> Figures:
    """Train the model on that store where it is not there; the figures of it, none where it was. Raises
    CalledProcessError.
    """
    if model.exists():
        return {}
    return measured("train_model.py", "--store", store, "--as-of", AS_OF, "--out", model)


def measured(script: str, *arguments: object) -> Figures:
    """Run one script as a user would; its JSON line, with wall seconds and peak memory in MB. Raises
    CalledProcessError.
    """
    command = [sys.executable, str(SCRIPTS / script), *map(str, arguments)]
    print(f"== {' '.join(command[1:])}", file=sys.stderr, flush=True)
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            message = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.terminate()
            raise
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    figures: Figures = json.loads(message.splitlines()[-1])
    return figures | {
        "wall_s": round(time.perf_counter() - started, 1),
        "peak_mb": round(usage.ru_maxrss / 1024),
    }
