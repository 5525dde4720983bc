"""What multi-lending variables cost that a request names: the pass over a neighbourhood that is there, and
the reading of its ring.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import product
from pathlib import Path
from time import thread_time

import numpy as np

from graph.features.lending.grammar import SEGMENTS, STANDARD, WINDOWS, every
from graph.features.lending_request import compute_requested
from graph.features.read_neighbourhood import read_neighbourhood
from graph.features.subject_features import SubjectFeatures, compute_features
from graph.frame.frame import Frame
from graph.frame.views.view import FrameView
from graph.model.moments import moment
from graph.model.types import Ring, RingKind, RingMember, RingSnapshot
from graph.store.evidence import Subject, subject_of
from graph.stores.sqlite import SqliteStore
from scripts import load_records, make_world

EXAMPLE = """example:
  .venv/bin/python -m scripts.bench.steps.variables --applicants 3000 --subjects 400"""
_LATER = 2**52  # microseconds: after everything
_TIMES = 5
ALL = tuple(one.name for one in every())
SETS: Mapping[str, tuple[str, ...]] = {
    "20": tuple(random.Random(0).sample([name for name in ALL if "_ring_" not in name], 20)),
    "820": tuple(
        f"ml_{window}_{key}_{segment}_{stat}"
        for window, key, segment, stat in product(WINDOWS, ("id", "phone"), SEGMENTS, ("apps", "lenders"))
    )[:820],
    "400 of every answer": STANDARD,
    "all but the ring's": tuple(name for name in ALL if "_ring_" not in name),
    "all": ALL,
}
"""What is measured; 820 by national id and number, as the closed products have them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: always 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--applicants", type=int, default=1500, help="of the made world")
    parser.add_argument("--subjects", type=int, default=200, help="applications of it that are looked at")
    parser.add_argument("--ring", type=int, default=28, help="members of each ring")
    options = parser.parse_args(arguments)
    with world(options.applicants, options.ring) as (store, frame):
        requested = random.Random(1).sample(
            [subject_of(one) for one in store.view(moment(_LATER)).applications(moment(0))], options.subjects
        )
        took: dict[str, list[float]] = {name: [] for name in SETS}
        for subject in requested:
            assert subject.application is not None
            view = frame.view(subject.application.applied_at)
            features = looked_at(view, subject)
            for name, names in SETS.items():
                took[name].append(_least(view, subject, features, names))
    print(
        json.dumps(
            {"subjects": len(requested), "ring": options.ring, "us": {n: _spread(t) for n, t in took.items()}}
        )
    )
    return 0


@contextmanager
def world(applicants: int, members: int) -> Iterator[tuple[SqliteStore, Frame]]:
    """A made world in which everybody is in a ring of so many, and a frame that has all of it."""
    os.environ.setdefault("RINGFENCE_HASH_KEY", "the key of a benchmark of variables")
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/graph.db"
        make_world.main([f"{folder}/world", "--applicants", str(applicants), "--days", "180", "--seed", "3"])
        load_records.main([f"{folder}/world/records", "--store", url, "--report", folder])
        with SqliteStore(Path(folder) / "graph.db") as store:
            people = sorted({one.applicant_id for one in store.view(moment(_LATER)).applications(moment(0))})
            random.Random(2).shuffle(people)
            rings = [_ring(people[n : n + members], moment(0)) for n in range(0, len(people), members)]
            store.save_rings(RingSnapshot(name="bench", as_of=moment(0), rings=tuple(rings)))
            frame = Frame.open(Path(folder) / "graph.frame", store)
            assert frame.catch_up()
            yield store, frame
            frame.close()


def _ring(people: Sequence[str], at: datetime) -> Ring:
    members = tuple(
        RingMember(applicant_id=who, role="core", joined_at=at, distance_to_core=0, strength=1.0)
        for who in people
    )
    return Ring(
        ring_id=f"R-{people[0]}",
        kind=RingKind.RING,
        score=1.0,
        state="growing",
        first_seen=at,
        last_seen=at,
        confirmed_bad=0,
        suspected=0,
        bad_rate=0.0,
        exposure=0.0,
        shared_by_kind={},
        hubs_ignored=0,
        density=1.0,
        burst_days=1.0,
        platforms=1,
        reason_codes=(),
        members=members,
    )


def looked_at(view: FrameView, subject: Subject) -> SubjectFeatures:
    """What every answer is made of, through the frame."""
    return compute_features(*read_neighbourhood(view, subject), subject)


def _least(view: FrameView, subject: Subject, features: SubjectFeatures, names: tuple[str, ...]) -> float:
    """The least microseconds of this thread: whatever else runs on the machine only adds to it."""
    took = []
    for _ in range(_TIMES):
        start = thread_time()
        compute_requested(view, subject, features, names)
        took.append((thread_time() - start) * 1e6)
    return min(took)


def _spread(took: Sequence[float]) -> dict[str, float]:
    """The median and the 99th of a hundred."""
    return {"p50": round(float(np.percentile(took, 50)), 1), "p99": round(float(np.percentile(took, 99)), 1)}


if __name__ == "__main__":
    sys.exit(main())
