"""Small deliveries for the tests of ingestion."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from graph.store.port import GraphStore
from ingestion.identifiers.pseudonymise import Keyring
from ingestion.loading.delivery import open_delivery
from ingestion.loading.load import Report, load
from ingestion.parse_context import ParseContext, Pseudonymiser

NOW = datetime(2026, 1, 5, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
Rows = Sequence[Mapping[str, Any]]

PLATFORM = {"platform_id": "P1", "type": "bank_online", "is_own": "true"}
APPLICATION = {
    "application_id": "A1",
    "applied_at": "2025-06-01T10:00:00+08:00",
    "applicant_id": "U1",
    "platform_id": "P1",
    "product": "cash",
    "amount": "5000",
    "term_months": "12",
    "national_id": "11010519491231002X",
    "phone": "15073157065",
    "device_id": "c2ff614802a7f339",
    "bank_card": "6214832065674315435",
}


def parse_context(now: datetime = NOW, key: str = "a key for tests", **more: Any) -> ParseContext:
    """A parse context that knows every lender."""
    return ParseContext(Pseudonymiser(Keyring.parse(key)), now, SHANGHAI, **more)


def write_csv(path: Path, rows: Rows) -> None:
    """A table of the union of the rows' columns."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def write_jsonl(path: Path, rows: Rows) -> None:
    """One object a line."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write_parquet(path: Path, rows: Rows) -> None:
    """A table of the union of the rows' columns."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in columns}), path)


def deliver(folder: Path, **tables: Rows) -> Path:
    """A delivery of csv tables, with one lender where no table of lenders is given."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in {"platforms": [PLATFORM], **tables}.items():
        write_csv(folder / f"{name}.csv", rows)
    return folder


def load_into(store: GraphStore, folder: Path, report_to: Path | None = None) -> Report:
    """Load a delivery; report and rejects lie in `report` beside its folder."""
    return load(
        open_delivery(folder), store, parse_context(), report_to=report_to or folder.parent / "report"
    )


def rejects(folder: Path) -> list[dict[str, Any]]:
    """The lines of rejects.jsonl of `load_into`."""
    return [
        json.loads(line)
        for line in (folder.parent / "report" / "rejects.jsonl").read_text(encoding="utf-8").splitlines()
    ]
