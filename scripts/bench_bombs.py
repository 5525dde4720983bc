"""What loading each bomb costs above a normal load: memory of all its processes at their largest, seconds, and how it ends."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.bombs import BOMBS, LARGE, LOADED

ABOVE_NORMAL = 500  # MB
NORMAL_ROWS = 50_000
_SAMPLED_S = 0.02
_ENDS_WELL = {True: (0, 3), False: (2,)}  # 3: loaded, but of the bomb's own file every row is bad
_LOAD = Path(__file__).with_name("load_records.py")


@dataclass(frozen=True, slots=True)
class Loaded:
    """How large a delivery is (kB), what loading it took (MB, seconds), its exit status and the last line that it said of it."""

    kb: int
    mb: int
    seconds: float
    status: int
    says: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 all within bounds, 1 some bomb took more memory than it may, or ended in another way than it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", metavar="WORD", default="", help="only the bombs with this word in their names")
    options = parser.parse_args(arguments)
    normal = loaded(ordinary)
    print(f"{'':40} {'kB':>7} {'MB':>6} {'above':>6} {'s':>6} status")
    print(_line("a normal load", normal, normal))
    worst = False
    for make, (ending, _) in (BOMBS | LARGE).items():
        if options.only in make.__name__:
            found = loaded(make)
            bad = found.mb - normal.mb >= ABOVE_NORMAL or found.status not in _ENDS_WELL[ending == LOADED]
            worst |= bad
            print(f"{_line(make.__name__, found, normal)}{'  <-- ' if bad else '  '}{found.says if found.status else ''}", flush=True)
    return int(worst)


def _line(name: str, found: Loaded, normal: Loaded) -> str:
    return f"{name:40} {found.kb:7} {found.mb:6} {found.mb - normal.mb:6} {found.seconds:6.1f} {found.status:6}"


def ordinary(folder: Path) -> None:
    """A delivery of ordinary events."""
    with (folder / "events.csv").open("w") as file:
        file.write("event_id,kind,at,applicant_id,phone,device_id,amount\n")
        for n in range(NORMAL_ROWS):
            file.write(f"E{n},login,2025-06-02T08:00:00+08:00,U{n // 3},150{n % 9_999_999:08d},dev-{n:09x},{n % 997}\n")


def loaded(make: Callable[[Path], None]) -> Loaded:
    """Load, in a process of its own, the delivery that `make` writes, into a store of its own."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "delivery"
        folder.mkdir()
        (folder / "platforms.csv").write_text("platform_id,type\nP1,bank_online\n")
        make(folder)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        started = time.perf_counter()
        command = [sys.executable, str(_LOAD), str(folder), "--store", f"sqlite:///{place}/graph.db", "--report", f"{place}/report"]
        with (Path(place) / "said").open("w+") as said, subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said) as process:
            most: dict[int, int] = {}
            while process.poll() is None:
                for number in _family(process.pid):
                    most[number] = max(most.get(number, 0), _largest(number))
                time.sleep(_SAMPLED_S)
            said.seek(0)
            lines = said.read().splitlines() or [""]
    return Loaded(size >> 10, sum(most.values()), time.perf_counter() - started, process.returncode, lines[-1][:160])


def _family(process: int) -> list[int]:
    """A process and those that it started."""
    try:
        children = [int(n) for thread in Path(f"/proc/{process}/task").iterdir() for n in (thread / "children").read_text().split()]
    except OSError:
        return []
    return [process, *(n for child in children for n in _family(child))]


def _largest(process: int) -> int:
    """The most memory that a process has had, in MB."""
    try:
        return int(Path(f"/proc/{process}/status").read_text().split("VmHWM:")[1].split()[0]) >> 10
    except (OSError, IndexError):
        return 0


if __name__ == "__main__":
    sys.exit(main())
