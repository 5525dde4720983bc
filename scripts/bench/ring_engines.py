"""Measures who shares what, the links and the first cut, then the rest of a search, and then rings with
measures and names, by one process and by Spark, of a store or of so many copies of its people.

Every copy has values of its own, save those with over HUB holders, shops and agents, which all copies share.
Equal digests: equal to the last bit.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

import numpy as np

from graph.facts.tables import Column, Tables
from graph.model.moments import moment, read_moment
from graph.model.rings_in_turn import AnySnapshot
from graph.model.types import Ring, RingChange
from graph.rings.projected import Engine, Projected
from graph.rings.search import RingSearch, search
from graph.rings.weekly.snapshot import rings_found
from graph.store.port import GraphView
from ingestion.parse_context import time_zone
from service.engines.cluster import LOCAL, MEMORY_MB, PARTITIONS, SPARK, ClusterPlan
from service.engines.ring_engine import ring_engine
from service.engines.stages_address import stages_address
from service.opening import open_existing

Found = TypeVar("Found")
HUB = 20  # more holders than this: all copies share the value
SHIFT = 37_000_000  # microseconds: each copy lives a little later than the one before
_PAGE, _TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 measured, 2 unusable arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", help="URL of the small store")
    parser.add_argument("--as-of", required=True)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--engine", choices=(LOCAL, SPARK), default=LOCAL)
    parser.add_argument("--cluster", default="local[2]")
    parser.add_argument("--stages", default="")
    parser.add_argument("--memory", type=int, default=MEMORY_MB)
    parser.add_argument("--partitions", type=int, default=PARTITIONS)
    parser.add_argument(
        "--server", type=int, default=0, help="process of a Spark Connect server to count too"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    zone = time_zone("Asia/Shanghai")
    stages = stages_address(options.stages)
    plan = ClusterPlan(
        cluster=options.cluster,
        stages=stages,
        memory_mb=options.memory,
        partitions=options.partitions,
        keep_stages=True,
    )
    with (
        open_existing(options.store, "Asia/Shanghai") as store,
        ring_engine(options.engine, plan, store.edition) as engine,
    ):
        view = store.view(read_moment(options.as_of, zone))
        print(
            json.dumps(
                {"copies": options.copies}
                | measured(_projecting(engine, view, options.copies), options.server)
            )
        )
    return 0


def _projecting(engine: Engine, view: GraphView, copies: int) -> Callable[[], Projected]:
    """The first step: of the store itself, or of so many copies, which this process holds all the time."""
    if copies == 1:
        return partial(engine.of_view, view)
    return partial(engine.of_tables, multiplied(view.tables(), copies))


def measured(project: Callable[[], Projected], server: int) -> dict[str, object]:
    """Of all steps, seconds by the clock and of the processor, peak memory above what was held before, of
    all processes and of this one, and a digest of the result.
    """
    found, of_links = _timed(server, project)
    rings, of_rest = _timed(server, lambda: search(found))
    (named, count), of_names = _timed(server, lambda: _named(rings))
    # the digest reads all links here, so it comes last
    return {
        "applicants": len(found.applicants),
        "links": len(found.links),
        "flagged": len(rings.flagged),
        "searched": of_rest | {"digest": digest_of_rings(rings)},
        "rings": count,
        "named": of_names | {"digest": digest_of_snapshot(named)},
        "projected": of_links | {"digest": digest(found)},
    }


def digest_of_rings(rings: RingSearch) -> str:
    """The same for the same groups, suspicion and flags."""
    of_everybody = rings.everybody.of(np.arange(len(rings.applicants)), "group", "suspicion")
    columns = (of_everybody["group"], of_everybody["suspicion"], rings.flagged)
    return hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()[:16]


def _named(rings: RingSearch) -> tuple[AnySnapshot, int]:
    """All rings with names and measures, each and what became of it read once, as a review does that writes
    them to a file; and how many rings.
    """
    snapshot = rings_found(rings, "now", moment(rings.applicants.as_of))
    count = sum(1 for _ in snapshot.rings)
    deque(snapshot.changes, maxlen=0)
    return snapshot, count


def digest_of_snapshot(snapshot: AnySnapshot) -> str:
    """The same for the same rings, members and changes."""
    seal = hashlib.sha256()
    for one in chain[Ring | RingChange](snapshot.rings, snapshot.changes):
        seal.update(repr(one).encode())
    return seal.hexdigest()[:16]


def _timed(server: int, work: Callable[[], Found]) -> tuple[Found, dict[str, object]]:
    peak = _Peak(server)
    (before, worked), here, started = peak.now(), held_here(), time.perf_counter()
    Path("/proc/self/clear_refs").write_text("5")  # the most held here is counted from now on
    with peak:
        found = work()
    seconds, worked = time.perf_counter() - started, peak.now()[1] - worked
    return found, {
        "seconds": round(seconds, 1),
        "processor_s": round(worked, 1),
        "peak_mb": round((max(peak.most, peak.now()[0]) - before) / 2**20),
        "peak_here_mb": round((most_held_here() - here) / 2**20),
    }


def digest(found: Projected) -> str:
    """The same for the same bits."""
    everybody = np.arange(len(found.applicants))
    seal = hashlib.sha256(found.everybody.of(everybody, "coarse")["coarse"].tobytes())
    for part in (found.sharing.of(everybody), found.links.among(everybody)):
        for field in dataclasses.fields(part):
            column = getattr(part, field.name)
            seal.update(f"{field.name}{column.dtype}{column.shape}".encode() + column.tobytes())
    return seal.hexdigest()[:16]


def multiplied(tables: Tables, copies: int) -> Tables:
    """So many copies of all people, their ties, applications and events."""
    people, values = len(tables.applicant_ids), len(tables.identifiers["kind"])
    asked = len(tables.applications["at"])
    shared = np.bincount(tables.ties["identifier"], minlength=values) > HUB
    shared |= ~tables.identifiers["linking"]
    own = np.flatnonzero(~shared)
    # the shared ones keep their numbers; each copy's own follow
    number = np.arange(values)
    number[own] = np.arange(len(own))

    def of_copy(copy: int) -> Column:
        out = np.arange(values)
        return out if copy == 0 else np.where(shared, out, values + (copy - 1) * len(own) + number)

    def tiled(table: dict[str, Column]) -> dict[str, Column]:
        out = {name: np.tile(column, copies) for name, column in table.items()}
        rows = len(next(iter(table.values())))
        copy = np.repeat(np.arange(copies), rows)
        for name in ("applicant", "counterparty"):
            if name in out:
                out[name] = np.where(out[name] >= 0, out[name] + copy * people, -1).astype(np.int32)
        for name in ("at", "since", "last", "known_at"):
            if name in out:
                out[name] = out[name] + copy * SHIFT
        if "application" in out:
            moved = np.where(out["application"] >= 0, out["application"] + copy * asked, -1)
            out["application"] = moved.astype(np.int32)
        return out

    ties = tiled({name: tables.ties[name] for name in ("applicant", "identifier", "role", "since", "last")})
    ties["identifier"] = np.concatenate(
        [of_copy(copy)[tables.ties["identifier"]] for copy in range(copies)]
    ).astype(np.int32)
    identifiers = {
        name: np.r_[tables.identifiers[name], np.tile(tables.identifiers[name][own], copies - 1)]
        for name in ("kind", "linking")
    }
    device = tables.devices["identifier"]
    owned = np.concatenate([device, *(of_copy(copy)[device[~shared[device]]] for copy in range(1, copies))])
    traits = {
        name: np.r_[tables.devices[name], np.tile(tables.devices[name][~shared[device]], copies - 1)]
        for name in ("is_emulator", "is_rooted")
    }
    wanted = tuple(name for name, column in tables.applications.items() if column.dtype != object)
    events = ("applicant", "at", "kind", "counterparty", "merchant", "amount")
    return dataclasses.replace(
        tables,
        applicant_ids=np.char.mod("%09d", np.arange(copies * people)).astype(object),
        identifiers=identifiers,
        ties=ties,
        applications=tiled({name: tables.applications[name] for name in wanted})
        | dict.fromkeys(("application_id", "city"), np.full(copies * asked, None, object)),
        events=tiled({name: tables.events[name] for name in events}),
        outcomes=tiled(tables.outcomes),
        labels=tiled(tables.labels),
        devices={"identifier": owned.astype(np.int32)} | traits,
    )


def held_here() -> int:
    """Bytes that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def most_held_here() -> int:
    """The most bytes that this process has held since that was last forgotten."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) * 1024


class _Peak:
    """The most memory that this process, those it started, and a server hold at once, looked at each
    second.
    """

    def __init__(self, server: int) -> None:
        self.most = 0
        self._roots = {os.getpid(), server} - {0}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def now(self) -> tuple[int, float]:
        """Bytes held, and seconds of the processor so far."""
        parent, held, worked = {}, {}, {}
        for place in Path("/proc").glob("[0-9]*"):
            try:
                after_name = (place / "stat").read_text().rsplit(")", 1)[1].split()
                parent[int(place.name)] = int(after_name[1])
                held[int(place.name)] = int(after_name[21]) * _PAGE
                # its own and that of the processes that it started and that ended
                worked[int(place.name)] = sum(map(int, after_name[11:15])) / _TICKS
            except (OSError, IndexError):
                continue  # it has ended
        ours = [process for process in worked if self._is_ours(process, parent)]
        return sum(held[process] for process in ours), sum(worked[process] for process in ours)

    def _is_ours(self, process: int, parent: dict[int, int]) -> bool:
        while process > 1:
            if process in self._roots:
                return True
            process = parent.get(process, 0)
        return False

    def _look(self) -> None:
        while not self._ended.wait(1.0):
            self.most = max(self.most, self.now()[0])


if __name__ == "__main__":
    sys.exit(main())
