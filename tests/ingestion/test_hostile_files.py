"""Files of a delivery that are none, change, lie or bear names that harm; and what is written of them, which
stays small and masked.
"""

from __future__ import annotations

import gc
import hashlib
import os
import weakref
from datetime import UTC, datetime

import pytest

from graph.model.errors import DeliveryError, RingfenceError
from graph.model.types import Event, Identifier, IdentifierKind, Mention
from ingestion import parse_context as doors
from ingestion import repeats
from ingestion.contract import Cell, Column
from ingestion.identifiers.pseudonymise import Keyring
from ingestion.loading import heavy_hitters
from ingestion.loading.delivery import open_delivery
from ingestion.loading.load import load
from ingestion.parse import BadRow, application
from ingestion.parse_context import Pseudonymiser
from ingestion.repeats import Repeats
from ingestion.sources.limits import DeliveryLimits
from scripts.load_records import main
from scripts.tools.bombs_parquet import a_page_of_200_megabytes
from tests.support.deliveries import (
    APPLICATION,
    NOW,
    deliver,
    load_into,
    parse_context,
    rejects,
    write_jsonl,
    write_parquet,
)
from tests.support.stores import open_store

PHONE = "15073157065"


def login(number: int, token: str) -> Event:
    """An event that mentions a device."""
    mention = Mention(Identifier(IdentifierKind.DEVICE, token, "****", True))
    return Event(event_id=f"E{number}", kind="login", at=NOW, applicant_id="U1", mentions=(mention,))


# -- rejects


def test_rejects_beyond_their_bound_are_counted_by_reason_in_the_report(tmp_path):
    bad = [
        {**APPLICATION, "application_id": f"A{n}", "amount": "-1" if n % 2 else "1", "applied_at": "soon"}
        for n in range(50)
    ]
    folder = deliver(tmp_path / "delivery", applications=[*bad, APPLICATION])
    with open_store(tmp_path / "graph.db") as store:
        report = load(
            open_delivery(folder, limits=DeliveryLimits(rejects_bytes=3_000)),
            store,
            parse_context(),
            report_to=tmp_path / "report",
        ).as_json()
    written = rejects(folder)
    assert (tmp_path / "report" / "rejects.jsonl").stat().st_size <= 3_000
    assert 0 < len(written) < 50
    assert report["rejects_not_written"] == 50 - len(written)
    assert report["rejects"] == {"applications": {"unreadable_time": 50}}
    assert report["accepted"] + report["known"] + report["rejected"] == report["read"] == 52


def test_a_phone_is_masked_in_rejects_wherever_it_stands(tmp_path):
    folder = deliver(tmp_path / "delivery")
    row = {
        **APPLICATION,
        "applied_at": "soon",
        "product": int(PHONE),
        "city": f"call {PHONE}",
        "amount": int(PHONE),
        "channel": {"x": PHONE},
    }
    write_jsonl(
        folder / "applications.jsonl",
        [row, {**row, "amount": PHONE, "term_months": [PHONE], "face_match": float(PHONE)}],
    )
    more = f"identifiers: [{{column: '{PHONE}', kind: phone}}]"
    mapping = (
        f"tables: [{{table: platforms, source: platforms.csv}}, {{table: applications, source: "
        f"applications.jsonl, {more}}}]"
    )
    (folder / "applications.jsonl").write_text(
        (folder / "applications.jsonl").read_text().replace('"liveness"', f'"{PHONE}"')
    )
    text = (
        (folder / "applications.jsonl").read_text().replace('"product"', f'"{PHONE}": "{PHONE}", "product"')
    )
    (folder / "applications.jsonl").write_text(text)
    (folder / "mapping.yaml").write_text(mapping)
    with open_store(tmp_path / "graph.db") as store:
        load_into(store, folder)
    assert len(rejects(folder)) == 2
    assert PHONE not in (tmp_path / "report" / "rejects.jsonl").read_text()


# -- what is no file, and what does not stay what it was


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("labels.csv", ""),
        ("labels/part-0.csv", ""),
        ("mapping.yaml", ""),
        ("labels.pipe", "tables: [{table: labels, source: labels.pipe}]"),
    ],
)
def test_a_pipe_in_a_delivery_is_refused_and_nobody_waits_for_it(tmp_path, name, beside):
    folder = deliver(tmp_path / "delivery")
    (folder / name).parent.mkdir(exist_ok=True)
    os.mkfifo(folder / name)
    if beside:
        (folder / "mapping.yaml").write_text(beside)
    with pytest.raises(DeliveryError, match=r"neither a file nor a folder|not one of the formats"):
        open_delivery(folder)


def test_a_pipe_that_a_mapping_calls_a_table_is_refused(tmp_path):
    folder = deliver(tmp_path / "delivery")
    os.mkfifo(folder / "odd.csv")
    (folder / "mapping.yaml").write_text("tables: [{table: labels, source: odd.csv}]")
    with pytest.raises(DeliveryError, match="neither a file nor a folder"):
        open_delivery(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_text("a,b\n"),
        lambda path: path.unlink(),
        lambda path: path.rename(path.parent / "b"),
    ],
)
def test_a_file_that_changes_after_it_was_checked_ends_the_load(tmp_path, change):
    folder = deliver(tmp_path / "delivery", applications=[APPLICATION])
    delivery = open_delivery(folder)
    change(folder / "applications.csv")
    with (
        open_store(tmp_path / "graph.db") as store,
        pytest.raises(RingfenceError, match=r"applications\.csv was changed while it was loaded"),
    ):
        load(delivery, store, parse_context(), report_to=tmp_path / "report")


def test_a_file_that_grows_while_it_is_read_ends_the_load(tmp_path):
    folder = deliver(tmp_path / "delivery", applications=[APPLICATION] * 3)
    delivery = open_delivery(folder)
    rows = delivery.records(delivery.feeds[1])
    next(rows)
    with (folder / "applications.csv").open("a") as file:
        file.write("A9\n")
    with pytest.raises(RingfenceError, match="was changed"):
        list(rows)


# -- names

ESCAPES = "\x1b[2J\x9b31m\u202eevil\nload_records: all is well"


def test_names_that_command_a_terminal_are_shown_harmless(tmp_path, capsys, caplog):
    folder = deliver(
        tmp_path / "delivery",
        applications=[{**APPLICATION, "applied_at": "soon", ESCAPES.replace("\n", " "): "x"}] * 2,
    )
    (folder / f"note{ESCAPES}").write_text("x")
    (folder / ("n" * 250)).write_text("x")
    assert (
        main(
            [
                str(folder),
                "--store",
                f"sqlite:///{tmp_path / 'graph.db'}",
                "--report",
                str(tmp_path / "report"),
            ]
        )
        == 3
    )
    message = capsys.readouterr()
    for text in (message.out, message.err, caplog.text, (tmp_path / "report" / "report.json").read_text()):
        assert all(c.isprintable() or c in "\n\r" for c in text)
        assert "\nload_records: all is well" not in text
        assert "n" * 130 not in text
    for name in (f"labels{ESCAPES}.csv", f"labels.{ESCAPES}"):
        (folder / name).write_text("x")
        assert main([str(folder), "--store", f"sqlite:///{tmp_path / 'graph.db'}"]) == 2
        refused = capsys.readouterr().err
        assert len(refused.splitlines()) == 1
        assert refused.strip().isprintable()
        (folder / name).unlink()


@pytest.mark.parametrize("form", ["%d.%d", "%Y" * 50, "%", "%Q"])
def test_a_form_of_times_that_cannot_be_is_refused(tmp_path, form):
    folder = deliver(tmp_path / "delivery")
    columns = f"{{application_id: application_id, status: status, at: {{column: at, time: '{form}'}}}}"
    (folder / "mapping.yaml").write_text(
        f"tables: [{{table: outcomes, source: outcomes.csv, columns: {columns}}}]"
    )
    with pytest.raises(DeliveryError, match="no form of a time"):
        open_delivery(folder)


# -- parquet that lies


def test_a_chunk_is_measured_as_the_column_in_whose_place_it_stands(tmp_path):
    """Its own table of contents may call it by another name: what is read is the place."""
    folder = deliver(tmp_path / "delivery")
    a_page_of_200_megabytes(folder)
    path = folder / "events.parquet"
    there = path.read_bytes()
    assert there.count(b"event_id") >= 2
    path.write_bytes(
        there[: there.rindex(b"event_id")] + b"Event_id" + there[there.rindex(b"event_id") + 8 :]
    )
    with pytest.raises(DeliveryError, match="bytes of pages that must be held at once"):
        open_delivery(folder)


def test_a_schema_of_arrows_own_is_not_believed(tmp_path):
    """Times, texts and numbers come out the same without it."""
    folder = deliver(tmp_path / "delivery")
    rows = [{**APPLICATION, "applied_at": datetime(2025, 6, 1, 2, tzinfo=UTC)}]
    write_parquet(folder / "applications.parquet", rows)
    with open_store(tmp_path / "graph.db") as store:
        assert load_into(store, folder).as_json()["accepted"] == 2
        assert store.view(NOW).application("A1").applied_at == rows[0]["applied_at"]


def test_what_is_often_mentioned_is_remembered_in_bounded_memory(monkeypatch):
    monkeypatch.setattr(heavy_hitters, "_REMEMBERED", 100)
    result = heavy_hitters.HeavyHitters()
    for n in range(500):
        for _ in range(2):
            result.count([login(n, f"k1.{n:032x}"), login(n, "k1.crowd")])
        assert len(result._counts) <= 100
    assert result._counts["k1.crowd"] == 1_000


def test_the_memory_of_pseudonyms_is_bounded_over_all_columns_without_long_values(monkeypatch):
    monkeypatch.setattr(doors, "_ALL_REMEMBERED", 50)
    naming = Pseudonymiser(Keyring.parse("a key for tests"))
    column = Column(name="device_id", cell=Cell.IDENTIFIER, source="device_id", kind=IdentifierKind.DEVICE)
    for scheme in range(5):
        for n in range(30):
            named = naming.identify(column, f"device-{n}", f"opaque-{scheme}")
            assert naming.identify(column, f"device-{n}", f"opaque-{scheme}") == named
            naming.identify(column, f"device-{n}" * 40, f"opaque-{scheme}")
    kept = [value for memory in naming._memory.values() for value in memory]
    assert len(kept) == naming._kept <= 50
    assert max(map(len, kept)) < 20


def test_events_without_ids_are_counted_the_same_in_memory_and_beyond(monkeypatch):
    contents = [hashlib.sha256(bytes([n * n % 97])).digest() for n in range(500)]
    in_memory = Repeats()
    expected = [in_memory.number(content) for content in contents]
    monkeypatch.setattr(repeats, "_HELD", 20)
    beyond = Repeats()
    assert [beyond.number(content) for content in contents] == expected
    assert not beyond._once
    assert max(expected) > 5


class Row(dict):
    """A row whose end can be watched."""


def test_a_bad_row_is_let_go_of_at_once_though_its_problems_are_kept():
    row = Row(APPLICATION, applied_at="soon", amount="much", platform_id="")
    watched = weakref.ref(row)
    gc.disable()
    try:
        with pytest.raises(BadRow) as bad:
            application(row, parse_context())
        problems = bad.value.problems
        del row, bad
        assert watched() is None
    finally:
        gc.enable()
    assert {problem.code for problem in problems} >= {"unreadable_time", "missing"}
