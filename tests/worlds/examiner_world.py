"""A world made by an examiner, who had seen neither our generator nor our detector: crews of thirteen trades
among twelve kinds of honest people.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

if not __package__:  # run as a script: only this folder is on the path then
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.worlds.examiner_crews import Crew, lone_frauds
from tests.worlds.examiner_ground import END, FIRST, OWN_LENDERS, VARIANTS, Difficulty, Person
from tests.worlds.examiner_honest import (
    Place,
    comparers,
    errands,
    household,
    plain_people,
    settle,
    shop_customers,
)
from tests.worlds.examiner_life import Row, World
from tests.worlds.examiner_trades import TRADES

LABEL_COLUMNS = ("application_id", "applicant_id", "label", "known_at", "source", "detail")


def populate(world: World, applicants: int) -> None:
    """The honest who live or work together, then crews and lone frauds among them, then everybody else."""
    rng = world.rng
    for _ in range(int(applicants * 0.20 / 2.9)):
        household(world, rng.choice((2, 2, 3, 3, 4, 5)))
    places = settle(world, "dormitory", int(applicants * 0.13), (70, 380), (2, 7))
    places += settle(world, "village", int(applicants * 0.07), (40, 150), (1, 4))
    places += settle(world, "campus", int(applicants * 0.06), (90, 380), (2, 4))
    shop_customers(world, int(applicants * 0.05))
    errands(world, int(applicants * 0.035))
    comparers(world, int(applicants * 0.010))
    recruit(world, max(6, round(applicants / 330)), places)
    lone_frauds(world, int(applicants * world.difficulty.lone_share), places)
    plain_people(world, applicants - len(world.people))


def recruit(world: World, crews: int, places: list[Place]) -> None:
    """Crews in the order of a shuffled deck of trades, so that no trade is missing for long."""
    rng = world.rng
    cards = [kind for kind, trade in TRADES.items() for _ in range(trade.weight)]
    deck: list[str] = []
    while len(deck) < crews:
        deck += rng.sample(cards, len(cards))
    for number, kind in enumerate(deck[:crews]):
        trade = TRADES[kind]
        hideout = rng.choice(trade.hideouts)
        place = (
            rng.choice([place for place in places if place.kind == hideout] or [None]) if hideout else None
        )
        trade.work(Crew(world, kind, number, trade.draw_size(rng.random()), place))


class Verdicts:
    """What the lender came to know: frauds late and in part, ring by ring; some honest people confirmed; a
    few verdicts wrong.
    """

    def __init__(self, world: World) -> None:
        self.world, self.rng = world, world.rng
        self.rows: list[Row] = []
        self._ring_lag: dict[str, float] = {}  # days until a ring is found out
        applications = defaultdict[str, list[Row]](list)
        for form in world.applications:
            applications[form["applicant_id"]].append(form)
        for one in world.people:
            if forms := applications.get(one.applicant_id):
                self._judge(one, forms)

    def _judge(self, one: Person, forms: list[Row]) -> None:
        rng, first = self.rng, forms[0]["applied_at"]
        if one.bad:
            self._find_out(one, forms)
        elif rng.random() < self.world.difficulty.wrong_verdict:
            self._known(first + timedelta(days=rng.uniform(10, 120)), one, "fraud", "review")
        elif rng.random() < 0.22:
            known_at = first + timedelta(days=rng.uniform(60, 240))
            if known_at < END:
                self._known(known_at, one, "good", rng.choice(("repaid", "review")))

    def _find_out(self, one: Person, forms: list[Row]) -> None:
        rng = self.rng
        choose = max if one.kind == "slow_burn" else min  # a slow burner's early loans were good
        form = choose(forms, key=lambda form: form["applied_at"])
        known_at = form["applied_at"] + timedelta(days=self._lag(one) * rng.lognormvariate(0, 0.5) + 4)
        if rng.random() < one.exposure and known_at < END:
            application = form["application_id"] if rng.random() < 0.6 else None
            self._known(known_at, one, "fraud", rng.choice(("collections", "police", "review")), application)
        elif rng.random() < 0.03:
            self._known(
                form["applied_at"] + timedelta(days=rng.uniform(30, 90)),
                one,
                "good",
                "review",
                detail="wrong",
            )

    def _lag(self, one: Person) -> float:
        """A ring is found out as a whole: its first member's lag is everybody's."""
        lag = self.rng.lognormvariate(math.log(30 if one.ring else 35), 0.5)
        return self._ring_lag.setdefault(one.ring, lag) if one.ring else lag

    def _known(
        self,
        at: datetime,
        one: Person,
        label: str,
        source: str,
        application: str | None = None,
        detail: str | None = None,
    ) -> None:
        if at < END:
            self.rows.append(
                dict(
                    zip(
                        LABEL_COLUMNS, (application, one.applicant_id, label, at, source, detail), strict=True
                    )
                )
            )


def make_world(out: Path, *, applicants: int, seed: int, difficulty: Difficulty = FIRST) -> dict[str, float]:
    """Writes OUT/records (a delivery) and OUT/truth/applicants.csv; the same arguments give the same world.
    Returns its size in figures.
    """
    world = World(applicants=applicants, seed=seed, difficulty=difficulty)
    populate(world, applicants)
    labels = Verdicts(world).rows
    world.applications.sort(key=lambda form: form["applied_at"])
    world.events.sort(key=lambda event: event["at"])
    _write_records(out / "records", world, labels)
    _write_truth(out / "truth", world)
    return _figures(world, labels)


def _write_records(folder: Path, world: World, labels: list[Row]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "applications": world.applications,
        "events": world.events,
        "outcomes": world.outcomes,
        "labels": labels,
        "contacts": world.contacts,
        "devices": [
            dict(zip(("device_id", "os", "model", "is_emulator", "is_rooted"), device, strict=True))
            for device in world.devices
        ],
        "merchants": world.merchants,
        "platforms": [
            {"platform_id": lender, "type": kind, "is_own": lender in OWN_LENDERS}
            for lender, kind in world.lender_kinds.items()
        ],
    }
    for name, rows in tables.items():
        # an event has only the columns of its kind
        columns = list(dict.fromkeys(column for row in rows for column in row))
        pq.write_table(
            pa.table({column: [row.get(column) for row in rows] for column in columns}),
            folder / f"{name}.parquet",
        )


def _write_truth(folder: Path, world: World) -> None:
    """Everybody who applied, by id. Who was too late for the year has no row."""
    folder.mkdir(parents=True, exist_ok=True)
    first: dict[str, datetime] = {}
    for form in world.applications:
        first.setdefault(form["applicant_id"], form["applied_at"])
    with (folder / "applicants.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["applicant_id", "kind", "ring", "bad", "first_applied_at"])
        for one in sorted(world.people, key=lambda one: one.applicant_id):
            if one.applicant_id in first:
                table.writerow(
                    [one.applicant_id, one.kind, one.ring, int(one.bad), first[one.applicant_id].isoformat()]
                )


def _figures(world: World, labels: list[Row]) -> dict[str, float]:
    bad = {one.applicant_id for one in world.people if one.bad}
    return {
        "people": len(world.people),
        "bad": round(len(bad) / len(world.people), 4),
        "rings": len({one.ring for one in world.people if one.ring}),
        "in_rings": sum(bool(one.ring) for one in world.people),
        "apps": len(world.applications),
        "bad_apps": round(
            sum(form["applicant_id"] in bad for form in world.applications) / len(world.applications), 4
        ),
        "events": len(world.events),
        "labels": len(labels),
        "fraud_labels": sum(row["label"] == "fraud" for row in labels),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="python tests/worlds/examiner_world.py OUT --seed 1 --variant apart"
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--applicants", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--variant", choices=VARIANTS, default="first")
    args = parser.parse_args()
    print(
        json.dumps(
            make_world(
                args.out, applicants=args.applicants, seed=args.seed, difficulty=VARIANTS[args.variant]
            )
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
