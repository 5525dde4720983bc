"""Build the sdist and the wheel, install the wheel alone into an environment of its own, and try it: help, a
world, a load, the service's parts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).parent / "uv"
NOT_PACKAGED = ("service/web/",)  # the page's source: what is built of it is in web/dist
SERVICE = "service.processes.serving, service.app, service.processes.worker, service.assessment.batches.batch"
PARTS = f"{SERVICE}, gnn.scoring.scorer, gnn.scoring.bundle"
SERVES = f"import sys, {PARTS}; print('torch' in sys.modules)"
EXAMPLE = "example: make package"


def main() -> int:
    """Exit status: 0 it works, 1 something failed, and what it said is above."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument(
        "--python", default=sys.executable, help="the Python to try it with (default: this one)"
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave sdist and wheel there")
    options = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="ringfence-package-") as name:
        folder = Path(name)
        dist = options.keep or folder / "dist"
        run(UV, "build", "--quiet", "--out-dir", dist, ROOT)  # the sdist, and of the sdist the wheel
        wheel = max(dist.glob("*.whl"), key=lambda path: path.stat().st_mtime)
        if missing := left_out(wheel):
            print(
                f"smoke_package: the wheel lacks {', '.join(missing)}: add them to package_data in setup.cfg",
                file=sys.stderr,
            )
            return 1
        try:
            figures = tried(wheel, folder, options.python)
        except subprocess.CalledProcessError as failed:
            print(
                f"smoke_package: {' '.join(map(str, failed.cmd))}: {failed.stdout}{failed.stderr}",
                file=sys.stderr,
            )
            return 1
    print(json.dumps({"wheel": wheel.name, **figures, "seconds": round(time.perf_counter() - started, 1)}))
    return 0


def left_out(wheel: Path) -> list[str]:
    """Tracked files of the packages that the wheel does not hold, and `web/dist` where there is nothing of
    it.
    """
    tracked = run(
        "git", "-C", ROOT, "ls-files", "graph", "gnn", "ingestion", "investigations", "service", "scripts/cli"
    ).splitlines()
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    missing = [path for path in tracked if path not in held and not path.startswith(NOT_PACKAGED)]
    return missing + (
        [] if any(path.startswith("service/web/dist/") for path in held) else ["service/web/dist"]
    )


def tried(wheel: Path, folder: Path, python: str) -> dict[str, object]:
    """Install it as a machine that serves would, from the packages that are downloaded already where there
    are any; how large that is.
    """
    home = folder / "env"
    run(UV, "venv", "--quiet", "--python", python, home)
    run(
        UV,
        "pip",
        "install",
        "--quiet",
        "--python",
        home / "bin" / "python",
        "--constraint",
        ROOT / "constraints.txt",
        wheel,
    )
    command = home / "bin" / "ringfence"
    assert "load a delivery" in run(command, "--help", cwd=folder)
    run(command, "world", folder / "world", "--applicants", "200", cwd=folder)
    loaded = json.loads(
        run(
            command,
            "load",
            folder / "world" / "records",
            "--store",
            f"sqlite:///{folder}/graph.db",
            cwd=folder,
        ).splitlines()[-1]
    )
    with_torch = run(home / "bin" / "python", "-c", SERVES, cwd=folder).strip()
    megabytes = sum(path.lstat().st_size for path in home.rglob("*") if path.is_file()) / 1e6
    return {
        "python": python,
        "megabytes": round(megabytes),
        "loaded": loaded["accepted"],
        "serving_imports_torch": with_torch == "True",
    }


def run(*command: object, cwd: Path | None = None) -> str:
    """Its stdout. Raises CalledProcessError."""
    return subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True, cwd=cwd
    ).stdout


if __name__ == "__main__":
    sys.exit(main())
