"""What a request costs where memory is short: a service whose processes have what they need for themselves,
and memory for a part of their frame.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from graph.frame.frame import Frame
from graph.frame.location import folder_of, frame_of
from graph.stores.sqlite import SqliteStore
from scripts.bench.frames.cold_frame import SHARES
from scripts.bench.frames.frozen_copy import forget_files, latest_subjects
from scripts.bench.frames.memory_cgroups import is_memory_cgroup, limit_memory, memory_group
from scripts.bench.processes import leave_on_sigterm, running
from scripts.bench.traffic import keyed, traffic, wait_until_ready

PORT = 8917
_IN_GROUP = ("bash", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"')


def main() -> int:
    """Exit status 0: measured; one line of JSON for each part of the frame that there is memory for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path, help="a SQLite store of your own, which is told the applications")
    parser.add_argument("--model", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--requests", type=int, default=1_500, help="that are timed (default 1500)")
    parser.add_argument(
        "--cgroup",
        type=Path,
        default=Path("/sys/fs/cgroup/memory"),
        help="a memory cgroup that this process may write to, which takes root (default: of version 1)",
    )
    options = parser.parse_args()
    leave_on_sigterm()
    if not is_memory_cgroup(options.cgroup):
        parser.error(f"{options.cgroup} is no memory cgroup that this process may write to")
    with SqliteStore(options.store) as store, closing(frame_of(store)) as frame:
        frame.catch_up()
        size, people = frame.size, list(_latest(frame, options.requests))
        trial = _Trial(options.store.absolute(), options.model, folder_of(store), people)
    print(json.dumps({"frame_mb": round(size / 1e6)}), flush=True)
    for share in SHARES:
        forget_files(trial.frame)
        with memory_group(options.cgroup) as group:
            figures = trial.figures(group, int((share or 0) * size))
        print(json.dumps({"memory": share or "all"} | figures), flush=True)
    return 0


def _latest(frame: Frame, count: int) -> Iterator[tuple[str, str]]:
    """Applicants and lenders of the latest applications."""
    with frame.reading() as arrays:
        for subject, _ in latest_subjects(arrays, count, frame):
            assert subject.application
            yield subject.applicant_id, subject.application.platform_id


@dataclass(frozen=True)
class _Trial:
    store: Path
    model: Path
    frame: Path
    people: Sequence[tuple[str, str]]

    def figures(self, group: Path, most: int) -> dict[str, float]:
        """Of a service in that cgroup, with `most` bytes (0: all) beside its own memory: asked in turn about
        everybody, and about half of them once before.
        """
        address = f"http://127.0.0.1:{PORT}"
        with tempfile.TemporaryDirectory(prefix="bench-bounded-") as own:
            command = [*_IN_GROUP, str(group), sys.executable, "-m", "scripts.cli", "serve"]
            command += ["--store", f"sqlite:///{self.store}", "--casebook", f"sqlite:///{own}/casebook.db"]
            command += ["--model", str(self.model), "--port", str(PORT), "--workers", "1"]
            with running(command, keyed() | {"RINGFENCE_WATCH": "off"}) as server:
                wait_until_ready(address, server)
                if most:
                    limit_memory(group, most + _own_memory(group))
                reads = [*_IN_GROUP, str(group), "cat", *map(str, self.frame.iterdir())]
                subprocess.run(reads, check=True, stdout=subprocess.DEVNULL)
                traffic(address, _bodies(self.people[::2]), 1)
                asked = traffic(address, _bodies(self.people), 1)
                return {"own_mb": round(_own_memory(group) / 1e6)} | asked


def _bodies(people: Sequence[tuple[str, str]]) -> list[bytes]:
    stamp = time.time_ns()
    same = {"product": "cash", "amount": 5_000, "term_months": 12}
    return [
        json.dumps(
            {"application_id": f"bench-{stamp}-{n}", "applicant_id": who, "platform_id": lender} | same
        ).encode()
        for n, (who, lender) in enumerate(people)
    ]


def _own_memory(group: Path) -> int:
    """Bytes that the processes in it have for themselves alone, files not counted."""
    return sum(
        int(line.split()[1]) * 1024
        for process in (group / "cgroup.procs").read_text().split()
        for line in Path(f"/proc/{process}/status").read_text().splitlines()
        if line.startswith("RssAnon:")
    )


if __name__ == "__main__":
    sys.exit(main())
