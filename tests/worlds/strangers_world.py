"""A world made by strangers: honest towns and crews that share nothing with our own generator's habits, to
judge detectors by.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd

if not __package__:  # run as a script: only this folder is on the path then
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.worlds.strangers_crews import Underworld
from tests.worlds.strangers_ground import CITIES, IDENTIFIERS, IDLE_DEVICES, MODELS, Person, Place, World

BAD_SHARE = 0.042
COLUMNS = {
    "applications": [
        "application_id",
        "applied_at",
        "applicant_id",
        "platform_id",
        "product",
        "amount",
        "term_months",
        "merchant_id",
        "agent_id",
        "channel",
        *IDENTIFIERS,
        "face_match",
        "liveness",
        "phone_three_element",
        "birth_year",
        "city",
        "new_citizen",
    ],
    "events": [
        "event_id",
        "kind",
        "at",
        "applicant_id",
        "device_id",
        "bank_card",
        "ip",
        "wifi",
        "counterparty_id",
        "amount",
    ],
    "outcomes": ["application_id", "status", "at", "amount"],
    "labels": ["application_id", "applicant_id", "label", "known_at", "source"],
    "platforms": ["platform_id", "type", "is_own"],
    "merchants": ["merchant_id", "category", "city", "opened_at"],
    "contacts": ["applicant_id", "phone", "relation", "at"],
    "devices": ["device_id", "os", "model", "is_emulator", "is_rooted"],
}


@dataclass(frozen=True)
class Lodging:
    """How one kind of place is lived in: how many people, how many of them to a Wi-Fi, and what they have in
    common.
    """

    size: tuple[int, int]
    per_wifi: int
    address: float
    employer: float
    inside: float  # a contact on the form is somebody from here
    lend: float  # a form is filled in on a neighbour's phone
    work: bool = False


LODGINGS = {
    "household": Lodging((2, 6), 6, 0.92, 0.05, 0.7, 0.16),
    "dormitory": Lodging((25, 220), 24, 0.6, 0.8, 0.36, 0.07),
    "campus": Lodging((30, 260), 70, 0.5, 0.3, 0.3, 0.03),
    "workplace": Lodging((6, 90), 40, 0, 0.9, 0.2, 0.015, work=True),
    "village": Lodging((8, 60), 12, 0.5, 0.03, 0.33, 0.04),
}
HONEST = {
    "plain": 0.22,
    "household": 0.15,
    "dormitory": 0.15,
    "campus": 0.06,
    "workplace": 0.09,
    "village": 0.06,
    "kiosk": 0.08,
    "group_buyer": 0.03,
    "broker_client": 0.04,
    "second_hand": 0.05,
    "comparer": 0.05,
    "distressed": 0.02,
}


class Town(World):
    """The honest part: people are lodged, live their year, visit shops, and some of them look guilty."""

    def build(self) -> None:
        self.rooms = dict.fromkeys(LODGINGS, 0)
        self.places = {kind: [] for kind in LODGINGS}
        self.shops = [self.shop("kiosk") for _ in range(max(4, self.applicants // 320))]
        self.malls = [self.shop("mall") for _ in range(max(2, self.applicants // 1500))]
        self.brokers = [self.shop("broker") for _ in range(max(3, self.applicants // 500))]
        self.weekends = [
            (self.rng.choice(self.malls), self._saturday()) for _ in range(max(2, self.applicants // 900))
        ]
        for city in self.rng.choices(range(len(CITIES)), k=max(20, self.applicants // 70)):
            self.stores.setdefault(city, []).append(
                self.merchant(self.rng.choice(("数码", "家电", "教育", "摩托车")), city, old=True)
            )
        bad = round(self.applicants * BAD_SHARE)
        for kind in self.rng.choices(list(HONEST), list(HONEST.values()), k=self.applicants - bad):
            self.live_honestly(self.lodge(kind))
        Underworld(self, self.lodge, self.daily_life).recruit(bad)
        self.live()
        self._labels()
        self._register()

    def _saturday(self) -> int:
        day = self.rng.randrange(min(20, self.days // 2), max(21, self.days - 9))
        return day + (5 - (self.start + timedelta(days=day)).weekday()) % 7

    def lodge(self, kind: str, place: Place | None = None) -> Person:
        """Finds the person a bed: in the given place, an open one of that kind until it is full, or a home of
        his own.
        """
        rule = LODGINGS.get(kind)
        if rule is None:
            return self.person(kind, self.place("home"))
        if place is None:
            place = self._room(kind, rule)
        one = self.person(kind, self.place("home", city=place.city) if rule.work else place)
        self.settle(one, place, rule)
        return one

    def _room(self, kind: str, rule: Lodging) -> Place:
        if self.rooms[kind] <= 0:
            high = min(rule.size[1], max(rule.size[0] + 2, self.applicants // 25))
            self.rooms[kind] = max(2, int(self.rng.triangular(rule.size[0], high, rule.size[0])))
            self.places[kind].append(self.place(kind, spots=1 + self.rooms[kind] // rule.per_wifi))
        self.rooms[kind] -= 1
        return self.places[kind][-1]

    def settle(self, one: Person, place: Place, rule: Lodging) -> None:
        rng = self.rng
        one.city = place.city
        if rule.work:
            one.work = place
        else:
            one.home, one.lend = place, rule.lend
            one.cells["address"] = (
                place.address
                if rng.random() < rule.address
                else f"{place.address}{rng.randrange(1, 9)}单元{rng.randrange(101, 700)}"
            )
        if rng.random() < rule.employer:
            one.cells |= {
                "employer": place.employer,
                "employer_phone": place.employer_phone if rng.random() < 0.7 else self.landline(),
            }
        for slot in ("contact_phone_1", "contact_phone_2"):
            if place.residents and rng.random() < rule.inside:
                one.cells[slot] = rng.choice(place.residents[-12:]).cells["phone"]
            elif rng.random() < 0.06:
                one.cells[slot] = place.elder_phone
        if place.kind == "household" and len(place.residents) == 1 and rng.random() < 0.6:
            place.residents[0].cells["contact_phone_1"] = one.cells["phone"]
        place.residents.append(one)

    def live_honestly(self, one: Person) -> None:
        """A year of an honest person: when he borrows and where, his phones and numbers, his payments among
        friends.
        """
        rng, kind = self.rng, one.kind
        t = rng.triangular(0, self.days, self.days * 0.35)
        if kind == "dormitory" and rng.random() < 0.45:  # the factory hires after the New Year and in summer
            t = self.days * rng.choice((0.14, 0.17, 0.55)) + rng.expovariate(1 / 8)
        visit = {"kiosk": self.shops, "broker_client": self.brokers}.get(kind)
        if kind == "group_buyer":
            mall, day = rng.choice(self.weekends)
            t = day + min(2.6, rng.expovariate(0.8))
            self.plan(self.hour(t, night=0), one, product="off_inst", **self.shop_visit(mall, tablet=0.25))
        elif visit:
            shop = rng.choice(visit)
            template = (
                {"contact_phone_2": shop.elder_phone}
                if kind == "broker_client" and rng.random() < 0.35
                else {}
            )
            for _ in range(1 if kind == "kiosk" else rng.choice((1, 2, 3))):
                self.plan(
                    self.hour(t + rng.uniform(0, 4), night=0),
                    one,
                    **self.shop_visit(shop, tablet=0.75 if kind == "kiosk" else 0.3),
                    **template,
                )
        elif kind == "second_hand":
            self.plan(t - rng.uniform(0, 25), one, "new_device", used=0.97)
            if rng.random() < 0.4:
                self.plan(t - rng.uniform(0, 25), one, "new_number")
        spread = {"comparer": (rng.randrange(3, 8), 1.5), "distressed": (rng.randrange(6, 15), 60)}
        if kind in spread or rng.random() < 0.07:
            burst, width = spread.get(kind, (rng.randrange(3, 7), 3))
            for platform in rng.sample(self.lenders, burst):
                self.plan(self.hour(t + rng.uniform(0, width)), one, platform_id=platform)
        self._ordinary_loans(one, t)
        self.daily_life(one)

    def _ordinary_loans(self, one: Person, t: float) -> None:
        rng = self.rng
        for _ in range(1 + min(6, int(rng.expovariate(0.8)))):
            chance, over = rng.random(), dict[str, Any]()
            if chance < 0.03:
                over = self.shop_visit(rng.choice(self.shops), tablet=0.6)
            elif chance < 0.15 and one.city in self.stores:
                over = {"merchant_id": rng.choice(self.stores[one.city]), "product": "cons_inst"}
            self.plan(self.hour(t), one, **over)
            t += rng.expovariate(1 / 45)

    def daily_life(self, one: Person) -> None:
        rng = self.rng
        for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
            self.plan(rng.uniform(0, self.days), one, "new_device")
        if rng.random() < 0.12:
            self.plan(rng.uniform(0, self.days), one, "new_number")
        for _ in range(rng.randrange(4)):
            self.plan(
                self.hour(rng.uniform(0, self.days)),
                one,
                "event",
                kind=rng.choice(("login", "login", "device_use", "card_bind", "payment", "repayment")),
            )
        if rng.random() < 0.3:
            friend = rng.choice(one.home.residents if len(one.home.residents) > 1 else self.people)
            if friend is not one:
                self.plan(
                    self.hour(rng.uniform(0, self.days)),
                    one,
                    "event",
                    kind=rng.choice(("transfer", "transfer", "referral")),
                    counterparty_id=friend.aid,
                )

    # what became known

    def _label(self, t: float, key: dict[str, str], label: str, source: str) -> None:
        if t < self.days:
            self.tables["labels"].append({**key, "label": label, "known_at": self.stamp(t), "source": source})

    def _labels(self) -> None:
        """Bad people are found out late or never, by ring; the good are confirmed in part; a few verdicts are
        wrong.
        """
        rng = self.rng
        luck = {one.ring: rng.betavariate(3, 1.5) for one in self.people if one.ring}
        raid = {ring: rng.uniform(0.3, 1.1) * self.days for ring in luck if rng.random() < 0.25}
        for one in self.people:
            if not one.loans:
                continue
            if one.bad and rng.random() < luck.get(one.ring, 0.55):
                first, application, _ = one.loans[0]
                known = min(first + rng.lognormvariate(4.0, 0.6), max(raid.get(one.ring, 1e9), first + 1))
                key = {"application_id": application} if rng.random() < 0.65 else {"applicant_id": one.aid}
                self._label(
                    known, key, "fraud", rng.choice(("collections", "investigation", "police", "consortium"))
                )
                continue
            for at, application, end in one.disbursed:
                late = end == "written_off"
                if not one.bad and late and rng.random() < 0.06:
                    self._label(
                        at + 125 + rng.uniform(0, 60), {"application_id": application}, "fraud", "collections"
                    )
                elif not late and rng.random() < 0.4:
                    self._label(
                        at + 130 + rng.uniform(0, 60), {"application_id": application}, "good", "collections"
                    )

    def _register(self) -> None:
        for device, (emulator, rooted) in self.device_facts.items():
            if device not in IDLE_DEVICES and self.rng.random() > 0.08:
                apple = "-" in device
                self.tables["devices"].append(
                    {
                        "device_id": device,
                        "os": "iOS" if apple else "Android",
                        "model": self.rng.choice(MODELS),
                        "is_emulator": emulator and self.rng.random() < 0.6,
                        "is_rooted": rooted,
                    }
                )


def make_world(out: Path, *, applicants: int, days: int, seed: int) -> dict[str, int]:
    """Writes OUT/records (a delivery) and OUT/truth/applicants.csv; the same arguments give the same world.
    Returns the rows of each table.
    """
    town = Town(applicants=applicants, days=days, seed=seed)
    town.build()
    # the order of making would tell who shares
    for name, key in (("devices", "device_id"), ("merchants", "merchant_id")):
        town.tables[name].sort(key=lambda row: str(row[key]))
    (out / "records").mkdir(parents=True, exist_ok=True)
    (out / "truth").mkdir(exist_ok=True)
    counts = {}
    for name, columns in COLUMNS.items():
        frame = pd.DataFrame.from_records(town.tables[name], columns=columns)
        frame = frame.replace({"": None})
        if "birth_year" in columns:
            frame["birth_year"] = frame["birth_year"].astype("Int64")
        frame.to_parquet(out / "records" / f"{name}.parquet", index=False)
        counts[name] = len(frame)
    truth = pd.DataFrame(
        [(p.aid, p.kind, p.ring, int(p.bad)) for p in town.people],
        columns=["applicant_id", "kind", "ring", "bad"],
    )
    truth.sort_values("applicant_id").to_csv(out / "truth" / "applicants.csv", index=False)
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="python tests/worlds/strangers_world.py OUT --applicants 3000 --days 365 --seed 7",
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--applicants", type=int, default=3000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    print(json.dumps(make_world(args.out, applicants=args.applicants, days=args.days, seed=args.seed)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
