"""Store and casebook are damaged while the service runs: it says so, and approves nobody for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from service.app import create_app
from service.assessment.context import AppContext
from service.settings import NO_FRAME
from tests.support.damaged_files import damage
from tests.support.small_service import body, service
from tests.support.small_worlds import random_facts
from tests.support.stores import sqlite_only

PEOPLE = [f"p{n:03d}" for n in range(8)]
ASKED: tuple[tuple[str, str, Any], ...] = (
    *(("POST", "/risk", body(f"x-{who}", applicant_id=who)) for who in PEOPLE),
    *(("POST", "/risk", {"applicant_id": who, "stage": "monitoring"}) for who in PEOPLE),
    ("POST", "/risk/batch", [body("y-1"), body("y-2")]),
    *(("GET", path, None) for path in ("/rings", "/cases", "/alerts", "/verdicts", "/audit", "/readyz")),
    *(
        ("GET", f"/desk/{look}?node=applicant:p001", None)
        for look in ("subgraph", "expand", "node", "history", "alerts", "assessment")
    ),
    ("GET", "/desk/overview", None),
    ("POST", "/desk/search", {"q": "p00"}),
    ("POST", "/desk/paths", {"node": "applicant:p001", "to": "applicant:p002"}),
    (
        "POST",
        "/events",
        {"event_id": "e", "kind": "login", "at": "2025-02-01T10:00:00+08:00", "applicant_id": "p001"},
    ),
    ("POST", "/feedback", {"application_id": "x-p001", "label": "fraud", "known_at": "2025-02-02"}),
    ("POST", "/cases", {"applicant_id": "p001", "reason": "looks odd"}),
)


def of_store(context: AppContext) -> Path:
    return Path(context.settings.store.removeprefix("sqlite:///"))


def of_casebook(context: AppContext) -> Path:
    return Path(context.settings.casebook.removeprefix("sqlite:///"))


@sqlite_only
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("which", [of_store, of_casebook])
def test_a_service_on_a_damaged_database_says_so_and_approves_nobody_for_it(
    tmp_path: Path, which: Callable[[AppContext], Path], seed: int
) -> None:
    context = service(tmp_path, random_facts(seed), frame=NO_FRAME)
    client = create_app(context).test_client()
    client.post("/risk", json=body("before"))
    damage(which(context), seed, 0.3)
    for connections in (context.store._connections, context.store._at_once):  # what they hold is as it was
        connections.close()
    context.casebook.close()
    refused = []
    for method, path, sent in ASKED:
        answer = client.open(path, method=method, **({"json": sent} if sent is not None else {}))
        assert answer.status_code < 500 or answer.status_code == 503, answer.text
        if answer.status_code == 503:
            refused.append(answer.text)
        elif path == "/risk":
            risk = orjson.loads(answer.data)
            assert risk["degraded"]["level"] in ("full", "no_model") or risk["decision"] != "approve"
    assert refused
    assert any("bring its backup back (docs/how_to/back_up_and_upgrade.md)" in one for one in refused)
