"""Writes a made world down: record tables, their truth beside them, cells as people type them, bad rows."""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa

from ingestion.simulation.writers import TableFiles
from tests.worlds.quarter_dice import Dice

Row = dict[str, object]

IDENTIFIERS = ("national_id", "phone", "device_id", "bank_card", "email", "ip", "wifi", "address", "employer",
               "employer_phone", "contact_phone_1", "contact_phone_2")  # fmt: skip
COLUMNS: dict[str, tuple[str, ...]] = {
    "platforms": ("platform_id", "type", "is_own"),
    "merchants": ("merchant_id", "category", "city", "opened_at"),
    "devices": ("device_id", "os", "model", "is_emulator", "is_rooted"),
    "applications": ("application_id", "applied_at", "applicant_id", "platform_id", "product", "amount",
                     "term_months", "merchant_id", "agent_id", "channel", *IDENTIFIERS, "face_match",
                     "liveness", "phone_three_element", "birth_year", "city", "new_citizen"),
    "contacts": ("applicant_id", "phone", "relation", "at"),
    "events": ("event_id", "kind", "at", "applicant_id", *IDENTIFIERS, "counterparty_id", "merchant_id",
               "amount"),
    "outcomes": ("application_id", "status", "at", "amount"),
    "labels": ("application_id", "applicant_id", "label", "known_at", "source", "detail"),
}  # fmt: skip
TRUTH = ("applicant_id", "kind", "ring", "bad", "group", "first_applied_at")
_FLAGS = {"is_own", "is_emulator", "is_rooted", "phone_three_element", "new_citizen"}
_WHOLE, _REAL = {"term_months", "birth_year"}, {"amount", "face_match", "liveness"}
_SORTED_BY = {
    "applications": "applied_at",
    "contacts": "at",
    "events": "at",
    "outcomes": "at",
    "labels": "known_at",
}
_TYPES = {
    **dict.fromkeys(_FLAGS, pa.bool_()),
    **dict.fromkeys(_WHOLE, pa.int64()),
    **dict.fromkeys(_REAL, pa.float64()),
}


@dataclass(slots=True)
class Delivery:
    """The rows of each table and of the truth; `begin` is the moment that days are counted from."""

    begin: datetime
    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    truth: list[Row] = field(default_factory=list)

    def time(self, day: float) -> str:
        """A day and its fraction as a moment, to the second."""
        return (self.begin + timedelta(seconds=round(day * 86_400))).isoformat()

    def add(self, table: str, **cells: object) -> None:
        """One more row; cells that are empty are not known."""
        self.rows[table].append(cells)

    def add_devices(self, devices: Mapping[str, tuple[str, str, bool, bool]], dice: Dice) -> None:
        """Nine in ten of the devices that applications and events name: system, model, emulator, rooted."""
        seen = {str(row.get("device_id")) for table in ("applications", "events") for row in self.rows[table]}
        for device, (system, model, emulator, rooted) in devices.items():
            if device in seen and dice.chance(0.9):
                about = {"is_emulator": emulator, "is_rooted": rooted}
                self.add("devices", device_id=device, os=system, model=model, **about)

    def spoil(self, dice: Dice) -> int:
        """Adds rows that a reader must reject (times, lenders, amounts, ids); returns how many."""
        good = self.rows["applications"][: max(20, len(self.rows["applications"]) // 100)]
        ways: tuple[Row, ...] = (
            {"applied_at": "2025-13-40 25:61"},
            {"applied_at": (self.begin + timedelta(days=36_500)).isoformat()},
            {"platform_id": "L-nobody"},
            {"amount": -500.0},
            {"applicant_id": ""},
        )
        for place, row in enumerate(good):
            self.rows["applications"].append(
                {**row, "application_id": f"Z{place:07d}{dice.whole(10, 99)}", **ways[place % 5]}
            )
        twice = dict(good[0], amount=float(str(good[0]["amount"])) + 100)
        self.rows["applications"].append(twice)
        return len(good) + 1

    def save(self, folder: Path) -> dict[str, int]:
        """Writes FOLDER/records and FOLDER/truth/applicants.csv; returns the rows of each table.

        A table without a row is not written.
        """
        with TableFiles(folder / "records", "parquet") as files:
            for name, columns in COLUMNS.items():
                if not self.rows[name]:
                    continue
                key = _SORTED_BY.get(name, columns[0])
                rows = sorted(self.rows[name], key=lambda row: (str(row[key]), str(row.get(columns[0]))))
                files.write(name, _table(columns, rows))
            counts = dict(files.rows)
        (folder / "truth").mkdir(parents=True, exist_ok=True)
        with (folder / "truth" / "applicants.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, TRUTH)
            writer.writeheader()
            writer.writerows(sorted(self.truth, key=lambda row: str(row["applicant_id"])))
        return counts

    def world_file(self, folder: Path, **how: object) -> None:
        """Writes FOLDER/world.json: how the world was made."""
        (folder / "world.json").write_text(json.dumps(how, ensure_ascii=False) + "\n", encoding="utf-8")


def _table(columns: Sequence[str], rows: Iterable[Row]) -> pa.Table:
    rows = list(rows)
    made = []
    for column in columns:
        cells = [row.get(column) for row in rows]
        made.append(
            pa.array([None if cell == "" else cell for cell in cells], _TYPES.get(column, pa.string()))
        )
    return pa.table(dict(zip(columns, made)))


def arguments(description: str) -> argparse.ArgumentParser:
    """What both worlds' commands take."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--applicants", type=int, default=6000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dirt", action="store_true", help="adds rows that a reader must reject")
    return parser


def typed(dice: Dice, kind: str, value: str) -> str:
    """The value as somebody types it or an app sends it: other spellings of the same, seldom nothing or a
    placeholder. Whose it is does not matter.
    """
    if not value:
        return ""
    mark = dice.u()
    if kind in ("phone", "contact_phone_1", "contact_phone_2"):
        if mark < 0.04:
            return "+86 " + value
        if mark < 0.07:
            return f"{value[:3]}-{value[3:7]}-{value[7:]}"
        return "13800000000" if mark > 0.997 and kind != "phone" else value
    if kind in ("address", "employer"):
        if mark < 0.1:
            return (
                value.replace("栋", "号楼") if mark < 0.05 else value.replace("栋", "幢").removesuffix("室")
            )
        return "无" if mark > 0.996 else value
    if kind == "national_id":
        return value.lower() if mark < 0.1 else value
    if kind == "device_id":
        return "" if mark > 0.985 else "000000000000000" if mark > 0.984 else value
    return "" if mark > 0.985 else value
