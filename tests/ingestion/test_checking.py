"""`load --check` says what a load would do, as the load then does it, and writes nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ingestion.loading.check_page import grid, page
from ingestion.loading.checking import SHOWN, Check, check
from ingestion.loading.delivery import open_delivery
from scripts.load_records import main
from tests.support.deliveries import APPLICATION, NOW, deliver, load_into, parse_context
from tests.support.stores import open_store

PHONE = APPLICATION["phone"]


def delivery(folder: Path) -> Path:
    applications: list[dict[str, Any]] = [
        {**APPLICATION, "application_id": f"A{n}", "applicant_id": f"U{n}"} for n in range(12)
    ]
    applications += [
        applications[0],
        {**applications[1], "amount": "1"},
        {**applications[2], "application_id": "B1", "applied_at": "soon"},
    ]
    applications[3] |= {"phone": "13800000000", "amount": "much"}
    contacts = [
        {"applicant_id": "U1", "phone": PHONE, "relation": word, "at": "2025-06-01"}
        for word in ("boss", "friend", "boss")
    ]
    events = [
        {"kind": "transfer", "at": "2025-06-01", "applicant_id": "U1"},
        {"kind": "login", "at": "2025-06-02", "applicant_id": "U99"},
    ]
    outcomes = [
        {"application_id": "A1", "status": word, "at": "2025-07-01"} for word in ("approved", "settled")
    ]
    return deliver(folder, applications=applications, contacts=contacts, events=events, outcomes=outcomes)


def checked(tmp_path: Path, folder: Path, beside: Any = None) -> Check:
    with open_store(tmp_path / "check.db") as store:
        return check(
            open_delivery(folder), store, parse_context(), beside=beside, report_to=tmp_path / "aside"
        )


def said(result: Check) -> str:
    return "\n".join(page(result.as_json()))


def test_it_says_what_the_load_then_does(tmp_path: Path) -> None:
    folder = delivery(tmp_path / "delivery")
    before = checked(tmp_path, folder).as_json()
    with open_store(tmp_path / "graph.db") as store:
        after = load_into(store, folder).as_json()
    assert {name: before[name] for name in after if name != "seconds"} == {
        name: after[name] for name in after if name != "seconds"
    }


def test_duplicates_times_unknown_words_and_placeholders_are_told(tmp_path: Path) -> None:
    result = checked(tmp_path, delivery(tmp_path / "delivery")).as_json()
    assert result["duplicates"]["applications"] == {"same": 1, "other_content": 1}
    assert result["times"]["events"] == ["2025-05-31T16:00:00+00:00", "2025-06-01T16:00:00+00:00"]
    assert result["unknown_words"] == {
        "contacts": {"relation": {"boss": 2}},
        "outcomes": {"status": {"settled": 1}},
    }
    assert result["kinds_without_meaning"] == {"login": 1}
    assert result["placeholders"] == {"applications.phone": 1}
    assert result["dropped_cells"]["applications"]["amount"] == {"unreadable_number": 1}


def test_ten_rows_of_each_table_are_shown_as_they_would_be_stored_and_nothing_raw(tmp_path: Path) -> None:
    result = checked(tmp_path, delivery(tmp_path / "delivery"))
    rows = result.as_json()["rows"]
    assert len(rows["applications"]) == SHOWN
    assert rows["applications"][0]["phone"] == "150****7065"
    assert rows["applications"][0]["applied_at"] == "2025-06-01T02:00:00Z"
    assert "phone" not in rows["applications"][3]
    assert [row["why"] for row in map(dict, _rejected(result))] == [
        "applied_at must be a time of the form ISO-8601"
    ]
    for text in (json.dumps(result.as_json()), said(result)):
        assert PHONE not in text
        assert APPLICATION["national_id"] not in text


def _rejected(result: Check) -> Sequence[dict[str, str]]:
    return [
        {"why": f"{p['field']} {p['message']}"}
        for row in result.rejected
        if row["code"] == "unreadable_time"
        for p in row["problems"]
    ]


def test_the_page_for_people_names_each_thing_once(tmp_path: Path) -> None:
    text = said(checked(tmp_path, delivery(tmp_path / "delivery")))
    for line in (
        (
            "applications: 15 rows, 12 would be taken, 2 rejected, 1 known or said twice; 2025-06-01T02:00 "
            "to 2025-06-01T02:00 UTC"
        ),
        "  rejected, duplicate_id: 1",
        "cells that count as not known, applications.amount: unreadable_number 1",
        "no words of ours, contacts.relation: boss 2",
        "kinds of events that mean nothing to a signal: login 1; they are counted, their identifiers link",
        "placeholders, which link nobody: applications.phone 1",
        "about nobody whom an application names, events: 1",
    ):
        assert line in text.splitlines()


def test_the_lenders_and_people_of_the_store_are_known_and_it_stays_as_it_was(tmp_path: Path) -> None:
    with open_store(tmp_path / "graph.db") as store:
        load_into(store, deliver(tmp_path / "first", applications=[APPLICATION]))
        mark = store.revision()
        folder = tmp_path / "second"
        deliver(
            folder,
            applications=[{**APPLICATION, "application_id": "A2"}],
            labels=[{"applicant_id": "U1", "label": "fraud", "known_at": "2025-07-01"}],
        )
        (folder / "platforms.csv").unlink()
        result = checked(tmp_path, folder, store)
        assert (result.report.tables["applications"].accepted, result.report.unmatched["labels"].facts) == (
            1,
            0,
        )
        assert (store.revision(), store.view(NOW).application("A2")) == (mark, None)


@pytest.mark.parametrize("there", [False, True])
def test_the_command_prints_the_page_and_the_line_and_leaves_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], there: bool
) -> None:
    folder = delivery(tmp_path / "delivery")
    url = f"sqlite:///{tmp_path}/graph.db"
    if there:
        open_store(tmp_path / "graph.db").close()
    before = {path.name for path in tmp_path.iterdir()}
    assert main([str(folder), "--store", url, "--check", "--now", NOW.isoformat()]) == 0
    *shown, line = capsys.readouterr().out.splitlines()
    assert json.loads(line)["checked"] is True
    assert "rejected:" in shown
    assert {path.name for path in tmp_path.iterdir() if path.suffix not in (".db-wal", ".db-shm")} == before


def test_a_grid_keeps_chinese_columns_in_line_and_stays_on_the_page() -> None:
    lines = list(grid([{"城市": "上海", "n": "1"}, {"城市": "a", "n": "2"}]))
    assert lines == ["  城市  n", "  上海  1", "  a     2"]
    wide = list(grid([{f"column_{n}": "x" * 30 for n in range(10)}]))
    assert len(wide) == 6
    assert max(map(len, wide)) <= 154


def test_on_a_terminal_the_page_says_it_all_and_only_totals_follow(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert (
        main(
            [
                str(delivery(tmp_path / "delivery")),
                "--store",
                f"sqlite:///{tmp_path}/graph.db",
                "--check",
                "--now",
                NOW.isoformat(),
            ]
        )
        == 0
    )
    shown = capsys.readouterr().out
    assert shown.count("as they would be stored:") == 5
    assert "rejected rows" not in shown
    assert "accepted" in shown.rpartition("rejected:")[2]
