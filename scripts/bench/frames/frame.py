"""Fill a frame from a store's journal, open it again, walk in it, and bring single applications in: seconds,
bytes and microseconds of each.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import thread_time
from typing import Any

import numpy as np

from graph.facts.local_time import offsets
from graph.facts.tables import KINDS, Column
from graph.features.compute import FeatureExtractor, Walker
from graph.frame.columns.layout import FILES, NAMES, SLOTS, USED, Arrays
from graph.frame.columns.lists import BY_HOLDER, EVERYTHING, latest
from graph.frame.frame import Frame
from graph.frame.neighbourhood import empty_neighbourhood
from graph.frame.views.read import FactReader
from graph.frame.walk.build import walk_application
from graph.frame.walk.query import query_for
from graph.frame.walk.scratch import scratch
from graph.kernels.compiled import shared
from graph.model.moments import micros, moment
from graph.model.types import Application, Facts, IdentifierKind
from graph.store.evidence import subject_of
from graph.stores.sqlite import SqliteStore


def main() -> int:
    """Exit status 0: measured. The store is copied, and only the copy is told the single applications."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path, help="a SQLite store, which nobody writes to meanwhile")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("var/bench_frame"),
        help="where the frame and the copy go (default var/bench_frame)",
    )
    parser.add_argument(
        "--single",
        type=int,
        default=2_000,
        help="applications that come one by one (default 2000); 0: the store is not copied",
    )
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    path = shutil.copy(options.store, options.folder / "graph.db") if options.single else options.store
    _compile(options.folder)
    with SqliteStore(path) as store:
        figures = _filled(options.folder / "frame", store)
        figures |= _opened(options.folder / "frame", store)
        figures |= _walked(options.folder / "frame", store)
        if options.single:
            figures |= _single(options.folder / "frame", store, options.single)
    print(json.dumps(figures, indent=1))
    return 0


def _compile(folder: Path) -> None:
    began = time.perf_counter()
    with SqliteStore(folder / "nothing.db") as store:
        store.add(
            Facts(
                applications=(
                    Application(application_id="a", applied_at=moment(0), applicant_id="b", platform_id="c"),
                )
            )
        )
        Frame.open(folder / "nothing", store).catch_up()
    print(f"machine code at hand after {time.perf_counter() - began:.1f} s", file=sys.stderr)


def _filled(folder: Path, store: SqliteStore) -> dict[str, object]:
    frame = Frame.open(folder, store)
    seconds, processor = _timed(frame.catch_up)
    rows = {name: int(frame._files.header[USED + n]) for n, name in enumerate(NAMES)}
    files = {name: round(path.stat().st_size / 1e6, 1) for name in FILES for path in folder.glob(f"{name}.*")}
    created = rows["applications"]
    each = {name: round(rows[name] * FILES[name][0].itemsize / created) for name in NAMES if name != "slots"}
    figures: dict[str, object] = {
        "applications": created,
        "ties": rows["ties"],
        "fill_s": seconds,
        "fill_cpu_s": processor,
        "fill_us_each": round(seconds / created * 1e6, 1),
    }
    figures |= {
        "bytes_each": round(frame.size / created),
        "mb": round(frame.size / 1e6),
        "mb_with_room": round(sum(files.values())),
        "files_mb": files,
        "bytes_each_of": each,
    }
    figures |= {"memory_mb": _memory()}
    figures |= {
        "snapshot_s": _timed(frame.snapshot)[0],
        "load_of_slots": round(rows["slots"] / len(frame._files.arrays[SLOTS + 1]), 2),
    }
    frame.close()
    return figures


def _opened(folder: Path, store: SqliteStore) -> dict[str, object]:
    opened: list[float] = []
    for _ in range(5):
        began = time.perf_counter()
        frame = Frame.open(folder, store)
        frame.catch_up()
        opened.append(time.perf_counter() - began)
        frame.close()
    return {"open_ms": round(sorted(opened)[2] * 1e3, 2)}


def _walked(folder: Path, store: SqliteStore) -> dict[str, object]:
    """Neighbourhoods of applications of the later half, each before its own moment: one after the other in
    machine code, and as a request asks.
    """
    frame, work, out = Frame.open(folder, store), scratch(4), empty_neighbourhood(offsets(store.zone), 4)
    frame.catch_up()
    with frame.reading() as arrays:
        mark, created = (
            np.int64(frame.revision),
            arrays.applications[: arrays.header[USED + NAMES.index("applications")]],
        )
        rows = np.random.default_rng(1).permutation(np.argsort(created["at"])[len(created) // 2 :])[:10_000]
        _walk(arrays, rows[:1], mark, work, out)
        processor = min(_timed(lambda: _walk(arrays, rows, mark, work, out))[1] for _ in range(3))
        hub, held = _largest_hub(arrays)
    figures: dict[str, object] = {
        "walk_us": round(processor / len(rows) * 1e6, 1),
        "walks_per_s_of_processor": round(len(rows) / processor),
        "answered_cpu_us": _answered(frame, store, rows[:2_000]),
        "most_held_device": {"holders": held, "answered_cpu_us": _answered(frame, store, hub)},
    }
    frame.close()
    return figures


def _largest_hub(arrays: Arrays) -> tuple[Column, int]:
    """Applications by holders of the device that most people hold, at most 500, and how many hold it."""
    count = np.where(
        arrays.identifiers["kind"] == KINDS.index(IdentifierKind.DEVICE),
        arrays.identifiers["ties"]["count"],
        0,
    )
    held = arrays.identifiers["ties"][np.argmax(count)]
    ties = latest(arrays, BY_HOLDER, held, np.int64(2**62), np.int64(2**31 - 1), EVERYTHING)
    created = np.flatnonzero(np.isin(arrays.applications["applicant"], arrays.ties["person"][ties]))
    return np.random.default_rng(1).permutation(created)[:500], len(ties)


def _answered(frame: Frame, store: SqliteStore, rows: Column) -> dict[str, dict[str, float]]:
    """Microseconds of this thread for each of those applications, before its own moment: to put the question,
    to walk, and for all features.
    """
    walker, observer, mark = Walker(store.zone), FeatureExtractor(), np.int64(frame.revision)
    took = np.zeros((len(rows), 2))
    with frame.reading() as arrays:
        summary = [
            (
                row,
                moment(int(arrays.applications[row]["at"]) + 1),
                str(FactReader(arrays).text(arrays.applications[row]["id"])),
            )
            for row in rows
        ]
    for n, (_, after, name) in enumerate(summary):
        application = store.view(after).application(name)
        assert application
        subject, as_of = subject_of(application), np.int64(micros(after) - 1)
        began = thread_time()
        with frame.reading(frame.revision) as arrays:
            result = walker.of(arrays, query_for(arrays, subject, as_of, mark))
            walked = thread_time()
            observer.row(result)
        took[n] = walked - began, thread_time() - walked
    took = took[len(rows) // 20 :] * 1e6  # the first ones find nothing in the cache
    columns = {"neighbourhood": took[:, 0], "features": took[:, 1], "both": took.sum(axis=1)}
    return {
        name: {f"p{q}": round(float(np.percentile(column, q))) for q in (50, 99)}
        for name, column in columns.items()
    }


def _memory() -> dict[str, int]:
    """MB of this process: at most (VmHWM), now of its own (RssAnon), and of mapped files (RssFile), which all
    processes share.
    """
    summary = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {name: int(summary[name].split()[0]) // 1024 for name in ("VmHWM", "RssAnon", "RssFile")}


@shared
def _walk(arrays: Any, rows: Any, mark: Any, work: Any, out: Any) -> int:
    """How many of those applications were walked about before their own moment."""
    walked = 0
    for n in range(len(rows)):
        walked += walk_application(
            arrays, rows[n], (np.int64(arrays.applications[rows[n]].at), mark), work, out
        )
    return walked


def _single(folder: Path, store: SqliteStore, count: int) -> dict[str, object]:
    """Applications of known people, each a day after their last one, told and brought in one by one."""
    frame = Frame.open(folder, store)
    frame.catch_up()
    last = int(
        frame._files.arrays.applications["at"][
            : frame._files.header[USED + NAMES.index("applications")]
        ].max()
    )
    known = [*store.view(moment(last + 1)).applications(moment(last) - timedelta(days=30))][-count:]
    summary = [_again(application, n, last) for n, application in enumerate(known)]
    added, caught, worked = list[float](), list[float](), list[float]()
    for application in summary:
        began = time.perf_counter()
        mark = store.add(Facts(applications=(application,))).revision
        middle, processor = time.perf_counter(), time.thread_time()
        frame.catch_up(mark)
        worked.append(time.thread_time() - processor)
        added.append(middle - began)
        caught.append(time.perf_counter() - middle)
    frame.close()
    return {
        name: {f"p{q}": round(float(np.percentile(times, q)) * 1e6) for q in (50, 99)}
        for name, times in (("add_us", added), ("catch_up_us", caught), ("catch_up_cpu_us", worked))
    }


def _again(application: Application, number: int, last: int) -> Application:
    return replace(application, application_id=f"again-{number}", applied_at=moment(last + 1 + number))


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    began, processor = time.perf_counter(), time.process_time()
    work()
    return round(time.perf_counter() - began, 3), round(time.process_time() - processor, 3)


if __name__ == "__main__":
    sys.exit(main())
