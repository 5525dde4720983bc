"""A delivery that is not what its sender meant gets an answer that says what it may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from graph.model.errors import DeliveryError
from ingestion.loading.delivery import open_delivery
from scripts.cli.command import DONE, INCOMPLETE, UNUSABLE
from scripts.cli.main import main
from tests.support.deliveries import APPLICATION, PLATFORM, Rows, deliver, load_into, write_csv
from tests.support.stores import open_store

EVENT = {"kind": "login", "at": "2025-06-02T10:00:00+08:00", "applicant_id": "U1", "phone": "15073157065"}
LABEL = {"application_id": "A1", "label": "fraud", "known_at": "2025-07-01"}
UNREADABLE = {**APPLICATION, "applied_at": "some day"}


def renamed(row: Mapping[str, str], **names: str) -> dict[str, str]:
    """The row with columns called otherwise: `device_id="devise_id"`."""
    return {names.get(name, name): value for name, value in row.items()}


@pytest.fixture
def said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str]]:
    """Exit status of `load`, and what it said to people."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(
        "RINGFENCE_HASH_KEY", "5b8d2f604a6c8e0b1d3f5a7c9e1b3d5f7a9c1e3b5d7f9a1c3e5b7d9f7f3a9c1e"
    )

    def load(folder: Path, *more: str) -> tuple[int, str]:
        status = main(["load", str(folder), "--store", "sqlite:///graph.db", *more])
        return status, caplog.text + capsys.readouterr().err

    return load


@pytest.mark.parametrize(
    ("tables", "why"),
    [
        ({"events": [EVENT]}, "there is no table of applications"),
        ({"events": [EVENT], "applications": []}, "the table of applications has no row"),
        ({"events": [EVENT], "applications": [UNREADABLE]}, "of 1 application none could be taken"),
        ({"applications": [UNREADABLE] * 2}, "of 2 applications none could be taken"),
        ({"events": [EVENT], "applications": [APPLICATION, UNREADABLE]}, ""),
    ],
)
def test_a_first_delivery_without_an_application_says_so(
    tmp_path: Path, tables: dict[str, Rows], why: str
) -> None:
    folder = deliver(tmp_path / "delivery", **tables)
    if "applications" in tables and not tables["applications"]:
        (folder / "applications.csv").write_text(",".join(APPLICATION), encoding="utf-8")
    with open_store(tmp_path / "s.db") as store:
        found = load_into(store, folder).nobody_applied
    sentence = f"nobody applied for anything: {why}; people are known by their events alone, loans not at all"
    assert found == (sentence if why else "")


def test_labels_alone_are_a_usual_second_delivery(tmp_path: Path) -> None:
    with open_store(tmp_path / "s.db") as store:
        load_into(store, deliver(tmp_path / "first", applications=[APPLICATION]))
        assert load_into(store, deliver(tmp_path / "second", labels=[LABEL])).nobody_applied == ""


def test_that_nobody_applied_is_said_by_a_load_and_by_its_check(
    tmp_path: Path, said: Callable[..., tuple[int, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = deliver(tmp_path / "delivery", events=[EVENT])
    assert main(["load", str(folder), "--check", "--store", "sqlite:///graph.db"]) == DONE
    assert "\nnobody applied for anything: there is no table of applications" in capsys.readouterr().out
    status, text = said(folder)
    assert (status, text.count("nobody applied for anything")) == (DONE, 1)


def test_a_table_of_bad_rows_says_why_they_are_bad(
    tmp_path: Path, said: Callable[..., tuple[int, str]]
) -> None:
    bad = [UNREADABLE, {**UNREADABLE, "application_id": "A2"}, {**APPLICATION, "platform_id": "P9"}]
    status, text = said(deliver(tmp_path / "delivery", applications=bad, events=[EVENT]))
    assert status == INCOMPLETE
    assert (
        "nothing of applications (applications.csv) could be taken: every row is rejected "
        "(unreadable_time 2, unknown_platform 1), see rejects.jsonl"
    ) in text


@pytest.mark.parametrize(
    ("tables", "line"),
    [
        (
            {"applications": [renamed(APPLICATION, device_id="devise_id")]},
            "applications: nothing reads the column devise_id; the nearest that is not there is device_id",
        ),
        (
            {"events": [renamed(EVENT, phone="Phone")]},
            "events: nothing reads the column Phone; the nearest that is not there is phone",
        ),
    ],
)
def test_a_misspelt_column_is_said_before_anything_is_loaded(
    tmp_path: Path, said: Callable[..., tuple[int, str]], tables: dict[str, Rows], line: str
) -> None:
    status, text = said(deliver(tmp_path / "delivery", **tables))
    assert status == DONE
    assert line in text.replace(".csv", "")


def test_a_column_of_somebody_elses_is_no_misspelt_one(tmp_path: Path) -> None:
    rows = [APPLICATION | {"shoe_size": "43", "phone_": "15073157065"}]
    delivery = open_delivery(deliver(tmp_path / "delivery", applications=rows))
    assert list(delivery.misspelt()) == [], "phone is there, nobody misspelt it"


@pytest.mark.parametrize(
    ("name", "near"), [("lables", "labels"), ("outcome.xlsx", "outcomes"), ("notes", None)]
)
def test_a_folder_that_nearly_has_the_name_of_a_table_is_said(
    tmp_path: Path, said: Callable[..., tuple[int, str]], name: str, near: str | None
) -> None:
    folder = deliver(tmp_path / "delivery", applications=[APPLICATION])
    (folder / name).mkdir()
    write_csv(folder / name / "part-0.csv", [LABEL])
    status, text = said(folder)
    assert status == DONE
    assert f"no table reads {name}/" + (f" (the nearest table is {near})" if near else "\n") in text


def test_a_table_that_is_there_is_not_the_nearest_one(tmp_path: Path) -> None:
    folder = deliver(tmp_path / "delivery", applications=[APPLICATION], labels=[LABEL])
    (folder / "labels_old.txt").touch()
    assert open_delivery(folder).near_table("labels_old.txt") is None


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (
            {"lables": [LABEL]},
            r"lables\.csv is no table of the contract \(.+\); the nearest is labels; foreign tables need",
        ),
        (
            {"applications": [renamed(APPLICATION, applied_at="aplied_at")]},
            r"applications\.csv: the column applied_at is missing \(table applications\); nothing reads "
            r"aplied_at: write it as the table does, or give a mapping",
        ),
        (
            {"labels": [renamed(LABEL, application_id="aplication_id")]},
            r"the column application_id or applicant_id is missing",
        ),
    ],
)
def test_a_name_that_must_be_right_is_refused_with_the_nearest(
    tmp_path: Path, tables: dict[str, Rows], message: str
) -> None:
    with pytest.raises(DeliveryError, match=message):
        open_delivery(deliver(tmp_path / "delivery", **tables))


def test_a_file_that_a_mapping_misspells_is_refused_with_the_nearest(tmp_path: Path) -> None:
    folder = deliver(tmp_path / "delivery", applications=[APPLICATION])
    columns = "application_id: application_id, applied_at: applied_at, applicant_id: U, platform_id: P"
    (folder / "mapping.yaml").write_text(
        "tables:\n  - {table: applications, source: aplications.csv, columns: {" + columns + "}}\n",
        encoding="utf-8",
    )
    with pytest.raises(
        DeliveryError, match=r"aplications\.csv is missing, .+; the nearest is applications\.csv"
    ):
        open_delivery(folder)


def test_the_folder_above_a_delivery_is_refused_with_the_one_to_give(tmp_path: Path) -> None:
    inner = deliver(tmp_path / "deliveries" / "bank" / "2026-01-05", platforms=[PLATFORM])
    for above in (tmp_path / "deliveries", tmp_path / "deliveries" / "bank"):
        with pytest.raises(DeliveryError, match=f"if the delivery is {inner}, give that, else move"):
            open_delivery(above)


def test_a_file_given_for_a_delivery_is_refused_with_what_to_give(
    tmp_path: Path, said: Callable[..., tuple[int, str]]
) -> None:
    folder = deliver(tmp_path / "delivery", applications=[APPLICATION])
    status, text = said(folder / "applications.csv")
    assert status == UNUSABLE
    assert "is not a folder: a delivery is a folder of tables, and this is a file: name the folder" in text
