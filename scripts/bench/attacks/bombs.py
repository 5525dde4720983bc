"""What loading each bomb costs above a normal load: memory of all its processes at their largest, seconds,
and how it ends.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scripts import load_records
from scripts.tools.bombs import BOMBS, LARGE, LOADED

ABOVE_NORMAL = 500  # MB
NORMAL_ROWS = 50_000
_SAMPLED_S = 0.05
_ENDS_WELL = {True: (0, 3), False: (2,)}  # 3: loaded, but of the bomb's own file every row is bad


@dataclass(frozen=True, slots=True)
class Loaded:
    """How large a delivery is (kB), what loading it took (MB, seconds), its exit status and the last line
    that it said of it.
    """

    kb: int
    mb: int
    seconds: float
    status: int
    says: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 all within bounds, 1 some bomb took more memory than it may, or ended in another way
    than it should.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", metavar="WORD", default="", help="only the bombs with this word in their names"
    )
    options = parser.parse_args(arguments)
    normal = loaded(ordinary)
    print(f"{'':40} {'kB':>7} {'MB':>6} {'above':>6} {'s':>6} status")
    print(_line("a normal load", normal, normal))
    worst = False
    for make, (ending, _) in (BOMBS | LARGE).items():
        if options.only in make.__name__:
            result = loaded(make)
            bad = result.mb - normal.mb >= ABOVE_NORMAL or result.status not in _ENDS_WELL[ending == LOADED]
            worst |= bad
            said = result.says if result.status else ""
            print(f"{_line(make.__name__, result, normal)}{'  <-- ' if bad else '  '}{said}", flush=True)
    return int(worst)


def _line(name: str, result: Loaded, normal: Loaded) -> str:
    return (
        f"{name:40} {result.kb:7} {result.mb:6} {result.mb - normal.mb:6} {result.seconds:6.1f} "
        f"{result.status:6}"
    )


def ordinary(folder: Path) -> None:
    """A delivery of ordinary events."""
    with (folder / "events.csv").open("w") as file:
        file.write("event_id,kind,at,applicant_id,phone,device_id,amount\n")
        for n in range(NORMAL_ROWS):
            file.write(
                f"E{n},login,2025-06-02T08:00:00+08:00,U{n // 3},150{n % 9_999_999:08d},"
                f"dev-{n:09x},{n % 997}\n"
            )


def loaded(make: Callable[[Path], None]) -> Loaded:
    """Load, in a process of its own, the delivery that `make` writes in another, into a store of its own."""
    with tempfile.TemporaryDirectory() as place:
        folder, message = Path(place) / "delivery", Path(place) / "said"
        folder.mkdir()
        (folder / "platforms.csv").write_text("platform_id,type\nP1,bank_online\n")
        _forked(partial(make, folder), message)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        arguments = [str(folder), "--store", f"sqlite:///{place}/graph.db", "--report", f"{place}/report"]
        started = time.perf_counter()
        status, mb = _forked(lambda: load_records.main(arguments), message)
        return Loaded(
            size >> 10,
            mb,
            time.perf_counter() - started,
            status,
            (message.read_text().splitlines() or [""])[-1][:160],
        )


def _forked(run: Callable[[], int | None], message: Path) -> tuple[int, int]:
    """The exit status of `run` in a process that begins with everything imported, and the memory of it and
    those that it started, in MB.
    """
    child = os.fork()
    if not child:
        for stream, where in ((1, os.devnull), (2, str(message))):
            os.dup2(os.open(where, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        try:
            status = run() or 0
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            status = 1
        sys.stderr.flush()
        os._exit(status)
    most: dict[int, int] = {}
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        for number in _family(child):
            most[number] = max(most.get(number, 0), _largest(number))
        time.sleep(_SAMPLED_S)
    return os.waitstatus_to_exitcode(ended[1]), sum(most.values())


def _family(process: int) -> list[int]:
    """A process and those that it started."""
    try:
        children = [
            int(n)
            for thread in Path(f"/proc/{process}/task").iterdir()
            for n in (thread / "children").read_text().split()
        ]
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
