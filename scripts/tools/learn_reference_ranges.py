"""Measure again what is usual (investigations/reference_ranges.csv): of each signal and variable, the ends
between which nine in ten honest people lie.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np

from graph.facts.fraud_labels import fraud_status
from graph.features.lending.multi_lending import NAMES
from graph.features.read_neighbourhood import read_neighbourhood
from graph.features.signals.catalogue import SIGNALS
from graph.features.subject_features import compute_features
from graph.progress import bar
from graph.store.evidence import subject_of
from graph.store.port import GraphStore
from investigations.reference_ranges import FILE
from scripts.tools.made_worlds import END, GENERATORS, WorldError, store_of_world

RECENT = timedelta(days=120)
APPLICANTS, SEED, SAMPLES = 3000, 401, 1200  # of each hand


def main() -> int:
    """Exit status: 0 measured, 1 a world could not be made."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="example: .venv/bin/python -m scripts.tools.learn_reference_ranges"
    )
    parser.add_argument(
        "--out", type=Path, default=FILE, help="the file (default: the one that the policy reads)"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as aside:
        try:
            rows = [row for generator in GENERATORS for row in _measured(generator, Path(aside) / generator)]
        except WorldError as failed:
            print(f"learn_reference_ranges: {failed}", file=sys.stderr)
            return 1
    lines = ["name,low,high"]
    for name in (*SIGNALS, *NAMES):
        known = [value for row in rows if (value := row.get(name)) is not None]
        if known:
            low, high = np.quantile(known, [0.05, 0.95])
            lines.append(f"{name},{low:.6g},{high:.6g}")
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(json.dumps({"samples": len(rows), "names": len(lines) - 1}))
    return 0


def _measured(generator: str, place: Path) -> Iterator[dict[str, float | None]]:
    """Signals and variables of a made world's latest applications by people of whom no fraud is known at its
    end, evenly spread.
    """
    with store_of_world(generator, place, "--applicants", APPLICANTS, "--seed", SEED) as store:
        yield from _rows(store)


def _rows(store: GraphStore) -> Iterator[dict[str, float | None]]:
    view = store.view(END)
    created = list(view.applications(END - RECENT))
    labels = view.labels_of(sorted({one.applicant_id for one in created}))
    honest = [one for one in created if not fraud_status(labels[one.applicant_id]).fraud]
    chosen = [
        honest[n] for n in np.unique(np.linspace(0, len(honest) - 1, min(SAMPLES, len(honest))).astype(int))
    ]
    with bar("measure", len(chosen), " applications") as progress:
        for application in chosen:
            subject = subject_of(application)
            sight = compute_features(
                *read_neighbourhood(store.view(application.applied_at), subject), subject
            )
            yield {**sight.signals, **sight.lending.variables}
            progress.update()


if __name__ == "__main__":
    sys.exit(main())
