"""A delivery that names the erased is loaded by another process while they are erased: nobody comes back."""

from __future__ import annotations

import json
import multiprocessing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scripts.cli.command import DONE
from scripts.cli.main import main
from service.settings import Settings
from tests.support.deliveries import APPLICATION, PLATFORM, deliver
from tests.support.erasure.worlds import GONE, traces
from tests.support.stores import open_url, sqlite_only

ROWS = 40_000
FOREVER = datetime.max.replace(tzinfo=UTC)


def loaded(given: list[str], begun: Any) -> None:
    """In a process of its own."""
    begun.set()
    raise SystemExit(main(given))


@sqlite_only
def test_a_load_that_runs_while_they_are_erased_brings_nobody_back(
    settings: Settings, out: Path, tmp_path: Path
) -> None:
    rows = [
        {**APPLICATION, "application_id": f"LOAN-late-{n:05d}", "applicant_id": who}
        for n in range(ROWS)
        for who in [GONE[n % len(GONE)] if n % 10 == 0 else f"new-{n:05d}"]
    ]
    folder = deliver(out / "delivery", platforms=[PLATFORM], applications=rows)
    given = ["load", str(folder), "--store", settings.store, "--report", str(out / "report")]
    process, begun = multiprocessing.get_context("spawn"), multiprocessing.get_context("spawn").Event()
    loading = process.Process(target=loaded, args=(given, begun))
    loading.start()
    assert begun.wait(120)
    people, where = [*GONE, "--purpose", "request of 12 March"], ["--casebook", settings.casebook]
    certificates = ["--out", str(out / "certificates")]
    assert main(["erase", *people, "--store", settings.store, *where, *certificates]) == DONE
    loading.join(300)
    assert loading.exitcode == DONE
    report = json.loads((out / "report" / "report.json").read_bytes())
    with open_url(settings.store) as store:
        tables = store.view(FOREVER).tables()
        ids, loans = {*tables.applicant_ids.tolist()}, tables.applications["application_id"].tolist()
    assert not ids & {*GONE}
    others = {f"LOAN-late-{n:05d}" for n in range(ROWS) if n % 10}
    assert others <= {*loans}
    assert report["rejects"]["applications"]["erased"] > 0
    assert [*traces(tmp_path, *GONE)] == []
