"""Learn again what the ring search takes from other stores (graph/rings/suspicion/pretrained_prior.txt): from
worlds by three hands, at many ages and sizes.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score

from graph.facts.tables import Column
from graph.progress import bar
from graph.rings.search import suspicion_features
from graph.rings.suspicion.columns import Features
from graph.rings.suspicion.pretrained_prior import FILE, fit_prior, judge_by
from graph.rings.suspicion.rows import HeldRows
from scripts.tools.made_worlds import END, GENERATORS, WorldError, store_of_world

# Of each hand: applicants, days, what else is chosen. The examiner's worlds are a year long.
WORLDS: dict[str, tuple[tuple[int, int, tuple[str, ...]], ...]] = {
    "ours": ((8000, 365, ()), (8000, 90, ()), (8000, 180, ()), (1500, 365, ()), (600, 365, ())),
    "strangers": ((8000, 365, ()), (8000, 120, ()), (8000, 200, ()), (1500, 365, ()), (600, 365, ())),
    "examiner": tuple(
        (size, 365, ("--variant", kind))
        for size, kind in (
            (8000, "first"),
            (8000, "apart"),
            (8000, "fewer_loans"),
            (1500, "first"),
            (600, "apart"),
        )
    ),
}
# shares of a world's days after which it is looked at; a small one in its later half alone
AGES = (0.15, 0.3, 0.5, 0.75, 1.0)
SMALL = 2000
SEED = 101


@dataclass(frozen=True)
class Lesson:
    """One world at one moment."""

    generator: str
    around: Features
    bad: Column

    @property
    def size(self) -> float:
        """How much it counts: twice as much with four times the people."""
        return math.sqrt(len(self.bad))


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 learned, 1 a world could not be made."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="example: .venv/bin/python -m scripts.tools.fit_pretrained_prior --out "
        "graph/rings/suspicion/pretrained_prior.txt",
    )
    parser.add_argument(
        "--out", type=Path, default=FILE, help="the file (default: the one that the ring search reads)"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        help="where worlds are made, and found again if they are there (default: one that is removed)",
    )
    parser.add_argument(
        "--without",
        choices=GENERATORS,
        action="append",
        default=[],
        help="learn nothing from this hand's worlds",
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as aside:
        folder = options.folder or Path(aside)
        try:
            lessons = list(taken(folder))
        except WorldError as failed:
            print(f"fit_pretrained_prior: {failed}", file=sys.stderr)
            return 1
    unseen = {
        generator: ap(
            [x for x in lessons if x.generator == generator],
            taught([x for x in lessons if x.generator != generator]),
        )
        for generator in GENERATORS
    }
    text = taught([x for x in lessons if x.generator not in options.without])
    options.out.write_text(text, encoding="utf-8")
    print(json.dumps({"lessons": len(lessons), "ap_unseen": unseen, "bytes": len(text)}))
    return 0


def taken(folder: Path) -> Iterator[Lesson]:
    """Every world, looked at through views of its moments."""
    worlds = [
        (generator, n, *world) for generator, created in WORLDS.items() for n, world in enumerate(created)
    ]
    with bar("worlds", len(worlds), "world") as progress:
        for generator, n, applicants, days, more in worlds:
            place = folder / f"{generator}-{n}"
            length = () if generator == "examiner" else ("--days", days)
            made = ("--applicants", applicants, *length, "--seed", SEED + n, *more)
            with store_of_world(generator, place, *made) as store:
                with (place / "truth" / "applicants.csv").open(encoding="utf-8") as truth:
                    bad = {row["applicant_id"] for row in csv.DictReader(truth) if row["bad"] == "1"}
                for age in AGES if applicants > SMALL else AGES[2:]:
                    tables = store.view(END - timedelta(days=days * (1 - age))).tables()
                    yield Lesson(
                        generator,
                        suspicion_features(tables),
                        np.array([who in bad for who in tables.applicant_ids]),
                    )
            progress.update(1)


def taught(lessons: list[Lesson]) -> str:
    """What the lessons teach: every hand as much as every other, and of one hand a large world more than a
    small one.
    """
    summary = [lesson for lesson in lessons if lesson.bad.any()]
    by_hand = {
        generator: sum(lesson.size for lesson in summary if lesson.generator == generator)
        for generator in GENERATORS
    }
    return fit_prior(
        [(lesson.around, lesson.bad, lesson.size / by_hand[lesson.generator]) for lesson in summary]
    )


def ap(lessons: list[Lesson], text: str) -> float:
    """The mean average precision of `text` on the lessons."""
    return round(
        statistics.mean(
            float(average_precision_score(x.bad, judge_by(HeldRows(x.around), text).of_rows(x.around.values)))
            for x in lessons
            if x.bad.any()
        ),
        3,
    )


if __name__ == "__main__":
    sys.exit(main())
