"""Two investigators conclude the same cases at once, each at a machine of their own: both verdicts stand in
one order, and the store has a label of each, whichever database and store it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from graph.facts.fraud_labels import fraud_status
from investigations.cases import CaseFilter, NewCase
from service.app import create_app
from service.assessment.context import AppContext
from service.wiring import wire
from tests.support.small_service import PlainModel, key, service
from tests.support.small_worlds import applies, day, facts_of, uses

VALUES = {"wang": "confirmed_fraud", "li": "false_positive"}
CASES = 12
FOREVER = datetime.max.replace(tzinfo=UTC)


@pytest.fixture
def machines(casebook_url: str, tmp_path: Path) -> Iterator[list[AppContext]]:
    """Two services over one store and one casebook, with a case about each person."""
    keys = ",".join(f"{name}:{key(name)}:cases:read+cases:work+cases:decide@*" for name in VALUES)
    facts = facts_of(*(applies(f"q{n:02}", 1, uses("phone", f"n{n}")) for n in range(CASES)))
    with ExitStack() as opened:
        first = opened.enter_context(closing(service(tmp_path, facts, api_keys=keys, casebook=casebook_url)))
        for n in range(CASES):
            about = NewCase(reason="a test", applicant_id=f"q{n:02}")
            first.casebook.open_case(about, at=day(2), by="review")
        both = [wire(first.settings, scorer=PlainModel(), clock=lambda: datetime.now(UTC)) for _ in range(2)]
        yield [opened.enter_context(closing(one)) for one in both]


def concludes(client: FlaskClient, by: str, case_id: str) -> int:
    """Give a verdict, reading the case again where somebody else was first; how often that was."""
    headers = {"Authorization": f"Bearer {key(by)}"}
    for late in range(20):
        case = client.get(f"/cases/{case_id}", headers=headers).get_json()
        sent = {"value": VALUES[by], "version": case["version"]}
        status = client.post(f"/cases/{case_id}/verdict", json=sent, headers=headers).status_code
        if status == 200:
            return late
        assert status == 409
    raise AssertionError("somebody else was always first")


def test_verdicts_that_race_at_two_machines_all_count_once_and_the_latest_holds(
    machines: list[AppContext],
) -> None:
    apps = dict(zip(VALUES, map(create_app, machines), strict=True))
    book = machines[0].casebook
    ids = [case.case_id for case in book.queue(CaseFilter())[1]]
    with ThreadPoolExecutor(8) as pool:
        work = [(by, case_id) for case_id in ids for by in VALUES]
        list(pool.map(lambda one: concludes(apps[one[0]].test_client(), *one), work))
    assert len(work) == 2 * CASES
    assert book.owed_labels(1) == ()
    labels = machines[1].store.view(FOREVER).labels_of([f"q{n:02}" for n in range(CASES)])
    for case in map(book.case, ids):
        assert sorted(one.by for one in case.verdicts) == sorted(VALUES)
        about: Any = labels[str(case.about.applicant_id)]
        assert sorted(one.label.value for one in about) == ["fraud", "good"], (
            "of each verdict one, none twice"
        )
        assert fraud_status(about).fraud == (case.verdicts[-1].by == "wang"), "the latest holds"
