"""A made world as it comes from careless lenders: in several files, twice, corrected, late, about strangers,
and with ids that several people have.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.simulation.build import make_world
from ingestion.simulation.world_spec import WorldSpec
from tests.support.deliveries import write_jsonl

UNTIL = datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai"))
Rows = list[dict[str, Any]]


def troubled_delivery(folder: Path, applicants: int = 400, days: int = 200, files: int = 3) -> Path:
    """Tables of so many files each, with all of that; the folder of the records."""
    make_world(WorldSpec(applicants=applicants, days=days, seed=3, until=UNTIL, dirty=True), folder / "world")
    made = {path.stem: pq.read_table(path) for path in (folder / "world" / "records").glob("*.parquet")}
    rows = {name: table.to_pylist() for name, table in made.items()}
    first, last = _troubles(rows)
    records = folder / "records"
    for name, table in made.items():
        _write(records / f"{name}.parquet", table, rows[name], files)
        for place, some in (("part-0", first.get(name, [])), ("part-z", last.get(name, []))):
            if some:
                write_jsonl(records / f"{name}.parquet" / f"{place}.jsonl", some)
    return records


def _write(folder: Path, table: pa.Table, rows: Rows, files: int) -> None:
    folder.mkdir(parents=True)
    size = -(-len(rows) // files)
    for number in range(files):
        some = rows[number * size : (number + 1) * size]
        part = pa.Table.from_pylist(some, table.schema)
        pq.write_table(part, folder / f"part-{number + 1}.parquet", row_group_size=64)


def _troubles(rows: dict[str, Rows]) -> tuple[dict[str, Rows], dict[str, Rows]]:
    """What comes before the world's own rows, and what comes after; some of its events lose their ids."""
    asked, events, devices = rows["applications"], rows["events"], rows["devices"]
    for event in events[::2]:
        event["event_id"] = None
    people = [one["applicant_id"] for one in asked]
    first = {
        "applications": [{**one, "applicant_id": people[n]} for n, one in enumerate(asked[40:48])],
        "events": [{**one, "applicant_id": people[n]} for n, one in enumerate(events[101:131:2])],
        "devices": [{**one, "is_emulator": True} for one in devices[:40]],
        "platforms": [{**rows["platforms"][3], "type": "p2p"}],
        "merchants": [{**rows["merchants"][2], "city": "elsewhere"}],
    }
    last = {
        "applications": [
            *asked[:30],
            *({**one, "amount": (one["amount"] or 0) + 1} for one in asked[30:60]),
            *({**one, "applicant_id": people[n]} for n, one in enumerate(asked[60:90])),
            {**asked[0], "application_id": "nowhere", "platform_id": "no such lender"},
            {**asked[1], "application_id": "future", "applied_at": "2199-01-01"},
        ],
        "events": [*events[:40], *events[:20], *({**one, "amount": 9.5} for one in events[41:81:2])],
        "contacts": [*rows["contacts"][:30], _contact("stranger", "15073157065")],
        "outcomes": _outcomes(rows["outcomes"], asked),
        "labels": _labels(asked, people),
        "devices": [*devices[:20], *({**one, "is_rooted": True} for one in devices[50:90])],
        "platforms": [*rows["platforms"][:2]],
        "merchants": [{**rows["merchants"][4], "category": "other"}],
    }
    return first, last


def _contact(who: str, phone: str) -> dict[str, Any]:
    return {"applicant_id": who, "phone": phone, "relation": "friend", "at": "2025-10-01T10:00:00+08:00"}


def _outcomes(outcomes: Rows, asked: Rows) -> Rows:
    at = "2025-12-20T10:00:00+08:00"
    return [
        *outcomes[:30],
        *({**one, "amount": 1.25} for one in outcomes[30:60]),
        *({"application_id": one["application_id"], "status": "dpd90", "at": at} for one in asked[:120:3]),
        *({"application_id": f"unknown-{n}", "status": "dpd30", "at": at} for n in range(30)),
    ]


def _labels(asked: Rows, people: Sequence[str]) -> Rows:
    """Enough of them to be learned from."""
    known = "2025-12-01T10:00:00+08:00"
    return [
        *(
            {"application_id": one["application_id"], "label": "fraud", "known_at": known}
            for one in asked[::4]
        ),
        *({"applicant_id": who, "label": "good", "known_at": known} for who in people[1:60:4]),
        {"applicant_id": "nobody", "label": "fraud", "known_at": known},
        {"application_id": asked[2]["application_id"], "label": "perhaps", "known_at": known},
    ]
