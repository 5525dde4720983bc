"""Load a delivery of records into a graph store."""

from __future__ import annotations

import argparse
import hashlib
import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson

from graph.errors import InputError, RingfenceError, SettingError
from graph.sqlite_store import SqliteStore
from graph.store import GraphStore
from ingestion.delivery import open_delivery
from ingestion.door import Door, Naming, keyring, time_zone
from ingestion.load import load
from ingestion.progress import Progress
from service.settings import Settings

EXAMPLE = """example:
  .venv/bin/python scripts/load_records.py deliveries/2026-01-05 --store sqlite:///ringfence.db
  .venv/bin/python scripts/load_records.py p2p_payment_fraud --mapping p2p_payment_fraud --store sqlite:///p2p.db

The report and rejects.jsonl go to --report, by default a folder of the delivery's name under var/loads; the last line names it."""


def say(message: str) -> None:
    """Tell people, on stderr."""
    print(message, file=sys.stderr, flush=True)


def open_store(url: str) -> tuple[GraphStore, Path | None]:
    if not url.startswith("sqlite:///"):
        raise SettingError(f"unknown store {url!r}: sqlite:///relative.db and sqlite:////absolute.db are known")
    path = Path(url.removeprefix("sqlite:///"))
    return SqliteStore(path), path


def run(options: argparse.Namespace) -> dict[str, object]:
    """The load that the options ask for; the figures."""
    settings = Settings.from_environment()
    zone = time_zone(settings.timezone)
    now = datetime.fromisoformat(options.now) if options.now else datetime.now(UTC)
    delivery = open_delivery(options.delivery, options.mapping)
    store, beside = open_store(options.store or settings.store)
    with store, Progress("load", delivery.rows) as progress:
        keys = keyring(vars(settings), beside, say)
        door = Door(Naming(keys), now if now.tzinfo else now.replace(tzinfo=zone), time_zone(delivery.mapping.timezone) if delivery.mapping.timezone else zone)
        mark = hashlib.sha256(f"{options.delivery.resolve()} {options.store}".encode()).hexdigest()[:8]
        folder = options.report or Path("var/loads") / f"{options.delivery.resolve().name}-{mark}"
        report = load(delivery, store, door, report_to=folder, step=progress.step)
    return {**report.as_json(), "report": str(folder / "report.json"), "rejects_file": str(folder / "rejects.jsonl")}


def main() -> int:
    """Exit status: 0 done, 1 failed on the way, 2 unusable input."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("delivery", type=Path, help="folder with the tables")
    parser.add_argument("--store", help="URL of the graph store (default: RINGFENCE_STORE)")
    parser.add_argument("--mapping", help="mapping file, or the name of a shipped one (default: mapping.yaml in the delivery)")
    parser.add_argument("--report", type=Path, help="folder for report.json and rejects.jsonl")
    parser.add_argument("--now", help="the load's clock, ISO-8601 (default: now); later times are rejected")
    try:
        figures = run(parser.parse_args())
    except InputError as error:
        say(f"load_records: {error}")
        return 2
    except RingfenceError as error:
        say(f"load_records: {error}")
        return 1
    print(orjson.dumps(figures).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
