"""A delivery is loaded: every table, every format, bad rows aside, and never twice."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from graph.facts.hubs import COUNT_CAP
from graph.model.errors import DeliveryError
from graph.model.types import IdentifierKind, LabelValue, OutcomeStatus, PlatformType, Role
from ingestion.loading.batches import batches
from ingestion.loading.delivery import open_delivery
from ingestion.loading.load import load
from ingestion.loading.prefetch import prefetch
from tests.support.contracts.erasure_contract import erased
from tests.support.deliveries import (
    APPLICATION,
    NOW,
    PLATFORM,
    deliver,
    load_into,
    parse_context,
    rejects,
    write_csv,
    write_jsonl,
    write_parquet,
)
from tests.support.stores import open_store

EVERY_TABLE = {
    "applications": [
        {
            **APPLICATION,
            "merchant_id": "M1",
            "employer": "昆明隆鑫联服饰有限公司",
            "employer_phone": "0731-66352373",
            "contact_phone_1": "18770190549",
            "face_match": "0.91",
            "phone_three_element": "true",
            "birth_year": "1949",
            "new_citizen": "",
        },
        {
            **APPLICATION,
            "application_id": "A2",
            "applicant_id": "U2",
            "national_id": "",
            "applied_at": "2025-06-02T10:00:00",
        },
    ],
    "events": [
        {
            "event_id": "E1",
            "kind": "transfer",
            "at": "2025-06-03T08:00:00+08:00",
            "applicant_id": "U1",
            "counterparty_id": "U2",
            "amount": "12.5",
        },
        {
            "event_id": "",
            "kind": "login",
            "at": "2025-06-03T09:00:00+08:00",
            "applicant_id": "U2",
            "ip": "58.4.15.178",
        },
    ],
    "outcomes": [
        {"application_id": "A1", "status": "disbursed", "at": "2025-06-02T00:00:00+08:00", "amount": "5000"}
    ],
    "labels": [
        {
            "application_id": "A1",
            "applicant_id": "",
            "label": "fraud",
            "known_at": "2025-09-01",
            "source": "collections",
            "detail": "",
        },
        {
            "application_id": "",
            "applicant_id": "U2",
            "label": "good",
            "known_at": "2025-10-01",
            "source": "",
            "detail": "",
        },
    ],
    "merchants": [{"merchant_id": "M1", "category": "beauty", "city": "长沙", "opened_at": "2020-01-01"}],
    "contacts": [
        {
            "applicant_id": "U1",
            "phone": "18770190549",
            "relation": "spouse",
            "at": "2025-06-01T10:00:00+08:00",
        }
    ],
    "devices": [
        {
            "device_id": "C2FF614802A7F339",
            "os": "Android",
            "model": "X",
            "is_emulator": "false",
            "is_rooted": "1",
        }
    ],
}


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "graph.db") as store:
        yield store


def balanced(report):
    return all(t.accepted + t.known + t.rejected == t.read for t in report.tables.values())


def test_every_table_of_the_contract_comes_in(tmp_path, store):
    report = load_into(store, deliver(tmp_path / "delivery", **EVERY_TABLE))
    assert {name: tally.accepted for name, tally in report.tables.items()} == {
        "platforms": 1, "merchants": 1, "devices": 1, "applications": 2, "contacts": 1, "events": 2,
        "outcomes": 1, "labels": 2,
    }  # fmt: skip
    view = store.view(NOW)
    first, second = view.application("A1"), view.application("A2")
    assert first.applied_at == datetime(2025, 6, 1, 2, tzinfo=UTC)
    assert second.applied_at == datetime(2025, 6, 2, 2, tzinfo=UTC), "without an offset it is Shanghai's time"
    assert (
        first.amount,
        first.term_months,
        first.face_match,
        first.phone_three_element,
        first.new_citizen,
    ) == (5000.0, 12, 0.91, True, None)
    roles = {(m.identifier.kind, m.role) for m in first.mentions}
    assert {(IdentifierKind.PHONE, r) for r in Role} <= roles
    assert (IdentifierKind.EMPLOYER, Role.EMPLOYER) in roles
    assert view.platforms()["P1"].type is PlatformType.BANK_ONLINE
    assert view.outcomes_of(["A1"])["A1"][0].status is OutcomeStatus.DISBURSED
    labels = view.labels_of(["U1", "U2"])
    assert [(x.label, x.application_id) for x in labels["U1"]] == [(LabelValue.FRAUD, "A1")]
    assert labels["U1"][0].known_at == datetime(2025, 8, 31, 16, tzinfo=UTC), "a date is its midnight"
    device = next(m.identifier for m in first.mentions if m.identifier.kind is IdentifierKind.DEVICE)
    assert view.devices_of([device])[device].is_rooted is True
    assert view.events_of(["U2"])["U2"][0].kind == "login"


def test_people_who_share_a_phone_in_two_spellings_meet_in_the_store(tmp_path, store):
    rows = [
        APPLICATION,
        {**APPLICATION, "application_id": "A2", "applicant_id": "U2", "phone": "+86 150-7315-7065"},
    ]
    load_into(store, deliver(tmp_path / "delivery", applications=rows))
    view = store.view(NOW)
    phone = next(
        m.identifier for m in view.application("A1").mentions if m.identifier.kind is IdentifierKind.PHONE
    )
    assert {tie.applicant_id for tie in view.holders_of([phone])[phone].ties} == {"U1", "U2"}


def test_no_raw_identifier_reaches_the_store_or_the_report(tmp_path, store):
    raw = ("11010519491231002X", "15073157065", "c2ff614802a7f339", "6214832065674315435")
    bad = {**APPLICATION, "application_id": "A9", "amount": "-1", "product": "call 15073157065"}
    load_into(store, deliver(tmp_path / "delivery", applications=[APPLICATION, bad]))
    store.close()
    written = [p.read_bytes() for p in (*tmp_path.glob("graph.db*"), *(tmp_path / "report").iterdir())]
    assert all(value.encode() not in content for value in raw for content in written)
    assert rejects(tmp_path / "delivery")[0]["row"]["phone"] == "150****7065"


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "jsonl", "parquet"])
def test_every_format_brings_the_same_facts(tmp_path, suffix):
    folder = deliver(tmp_path / "delivery")
    typed = [
        {
            **APPLICATION,
            "amount": 5000,
            "term_months": 12.0,
            "face_match": None,
            "phone_three_element": True,
            "phone": 15073157065,
        }
    ]
    if suffix == "jsonl":
        write_jsonl(folder / "applications.jsonl", typed)
    elif suffix == "parquet":
        write_parquet(folder / "applications.parquet", typed)
    else:
        write_csv(folder / "applications.csv", typed)
        if suffix == "csv.gz":
            plain = folder / "applications.csv"
            (folder / "applications.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
            plain.unlink()
    with open_store(tmp_path / "graph.db") as store:
        assert load_into(store, folder).tables["applications"].accepted == 1
        application = store.view(NOW).application("A1")
    assert (application.amount, application.term_months, application.phone_three_element) == (
        5000.0,
        12,
        True,
    )
    assert (
        next(m.identifier.masked for m in application.mentions if m.identifier.kind is IdentifierKind.PHONE)
        == "150****7065"
    )


BAD = [
    ({"application_id": ""}, "missing"),
    ({"applicant_id": "  "}, "missing"),
    ({"applied_at": "yesterday"}, "unreadable_time"),
    ({"applied_at": "2025-02-30T00:00:00"}, "unreadable_time"),
    ({"applied_at": "1717200000"}, "unreadable_time"),
    ({"applied_at": "2026-01-05T00:00:01Z"}, "in_the_future"),
    ({"applied_at": "1900-01-01"}, "out_of_range"),
    ({"amount": "-0.01"}, "negative"),
    ({"platform_id": "P404"}, "unknown_platform"),
    ({"application_id": "x" * 600}, "too_long"),
    ({"application_id": "2.0261126E+19"}, "unreadable_text"),
    ({"applicant_id": "150****7065"}, "unreadable_text"),
    ({"applicant_id": "NULL"}, "missing"),
    ({"application_id": "A1", "amount": "1"}, "duplicate_id"),
]
UNREAD = [
    ({"amount": "a lot"}, "unreadable_number"),
    ({"amount": "inf"}, "unreadable_number"),
    ({"term_months": "6.5"}, "unreadable_number"),
    ({"face_match": "1.2"}, "out_of_range"),
    ({"birth_year": "82"}, "out_of_range"),
    ({"phone_three_element": "maybe"}, "unreadable_flag"),
    ({"product": "a\x00b"}, "unreadable_text"),
    ({"email": "x" * 600}, "too_long"),
    ({"merchant_id": "1.2E+17"}, "unreadable_text"),
]


@pytest.mark.parametrize(
    ("change", "code"), UNREAD, ids=[f"{code}-{next(iter(change))}" for change, code in UNREAD]
)
def test_a_cell_that_cannot_be_read_and_need_not_be_there_is_dropped_and_counted(
    tmp_path, store, change, code
):
    report = load_into(store, deliver(tmp_path / "delivery", applications=[{**APPLICATION, **change}]))
    (column,) = change
    assert report.as_json()["dropped_cells"] == {"applications": {column: {code: 1}}}
    assert report.tables["applications"].accepted == 1
    assert getattr(store.view(NOW).application("A1"), column, None) is None


@pytest.mark.parametrize("word", ["NULL", "nan", "None", "-", "#N/A", "\\N", "未知", "ＮＵＬＬ"])
def test_a_spelling_of_null_is_not_known_in_any_column(tmp_path, store, word):
    unknown = dict.fromkeys(
        ("amount", "term_months", "face_match", "new_citizen", "merchant_id", "agent_id"), word
    )
    report = load_into(store, deliver(tmp_path / "delivery", applications=[{**APPLICATION, **unknown}]))
    assert report.as_json()["dropped_cells"] == {}
    application = store.view(NOW).application("A1")
    assert [getattr(application, name) for name in unknown] == [None] * len(unknown)


def test_a_row_that_would_say_something_else_without_its_unreadable_id_is_set_aside(tmp_path, store):
    label = {"application_id": "1.2E+17", "applicant_id": "U1", "label": "fraud", "known_at": "2025-09-01"}
    transfer = {"event_id": "1.2E+17", "kind": "transfer", "at": "2025-06-03", "applicant_id": "U1"}
    load_into(store, deliver(tmp_path / "delivery", labels=[label], events=[transfer]))
    assert [(line["problems"][0]["field"], line["code"]) for line in rejects(tmp_path / "delivery")] == [
        ("event_id", "unreadable_text"), ("application_id", "unreadable_text"),
    ]  # fmt: skip


def test_a_reject_shows_the_cell_that_could_not_be_read_unless_it_is_an_identifier(tmp_path, store):
    rows = [{**APPLICATION, "applied_at": at} for at in ("20251301101010", "15073157065", "tel 15073157065")]
    load_into(store, deliver(tmp_path / "delivery", applications=rows))
    assert [line["row"]["applied_at"] for line in rejects(tmp_path / "delivery")] == [
        "20251301101010",
        "150****7065",
        "tel 150****7065",
    ]


@pytest.mark.parametrize(
    ("change", "code"), BAD, ids=[f"{code}-{next(iter(change))}" for change, code in BAD]
)
def test_a_bad_row_is_set_aside_with_its_reason_and_the_rest_goes_on(tmp_path, store, change, code):
    rows = [
        APPLICATION,
        {**APPLICATION, "application_id": "A2", **change},
        {**APPLICATION, "application_id": "A3"},
    ]
    report = load_into(store, deliver(tmp_path / "delivery", applications=rows))
    tally = report.tables["applications"]
    assert (tally.read, tally.accepted, tally.rejected) == (3, 2, 1)
    (line,) = rejects(tmp_path / "delivery")
    assert (line["table"], line["line"], line["code"]) == ("applications", 3, code)
    assert store.view(NOW).application("A3") is not None


@pytest.mark.parametrize(
    ("table", "row", "code"),
    [
        ("outcomes", {"application_id": "A1", "status": "gone", "at": "2025-07-01"}, "unknown_status"),
        ("labels", {"application_id": "A1", "label": "odd", "known_at": "2025-07-01"}, "unknown_label"),
        ("labels", {"application_id": "", "label": "good", "known_at": "2025-07-01"}, "missing"),
        ("platforms", {"platform_id": "P2", "type": "casino"}, "unknown_type"),
        (
            "contacts",
            {"applicant_id": "U1", "phone": "1" * 600, "relation": "boss", "at": "2025-07-01"},
            "too_long",
        ),
        ("events", {"kind": "two words", "at": "2025-07-01", "applicant_id": "U1"}, "unknown_kind"),
        ("merchants", {"merchant_id": "", "category": "x"}, "missing"),
        ("devices", {"device_id": "", "os": "x"}, "missing"),
    ],
)
def test_a_bad_row_of_any_table_is_set_aside(tmp_path, store, table, row, code):
    report = load_into(store, deliver(tmp_path / "delivery", **{table: [row]}))
    assert report.tables[table].rejected == 1
    assert report.rejects[table, code] == 1


def test_a_row_with_several_faults_names_them_all(tmp_path, store):
    faults = {"amount": "-1", "applied_at": "soon", "applicant_id": "", "platform_id": "P9"}
    load_into(store, deliver(tmp_path / "delivery", applications=[{**APPLICATION, **faults}]))
    (line,) = rejects(tmp_path / "delivery")
    assert {(p["field"], p["code"]) for p in line["problems"]} == {
        ("amount", "negative"), ("applied_at", "unreadable_time"), ("applicant_id", "missing"),
        ("platform_id", "unknown_platform"),
    }  # fmt: skip


def test_lines_that_are_not_utf8_or_not_rows_cost_only_themselves(tmp_path, store):
    folder = deliver(
        tmp_path / "delivery", merchants=[{"merchant_id": f"M{n}", "category": "beauty"} for n in range(4)]
    )
    path = folder / "merchants.csv"
    good = path.read_bytes()
    path.write_bytes(
        good
        + b'M5,"training, and dental"\r\n"M6","two\r\nlines"\r\n'
        + b'M7,\xff\xfe\r\nM8\r\nM9,"never closed\r\nM10,travel\r\n'
    )
    report = load_into(store, folder)
    tally = report.tables["merchants"]
    assert (tally.read, tally.accepted, tally.rejected) == (10, 7, 3)
    assert [(line["line"], line["code"]) for line in rejects(folder)] == [
        (9, "not_utf8"),
        (10, "wrong_number_of_cells"),
        (11, "unreadable_row"),
    ]
    assert store.view(NOW).merchants_of(["M5"])["M5"].category == "training, and dental"
    assert "M10" in store.view(NOW).merchants_of(["M10"])


def test_two_stray_quotes_on_two_lines_lose_neither_line(tmp_path, store):
    folder = deliver(tmp_path / "delivery", merchants=[{"merchant_id": "M1", "category": "beauty"}])
    with (folder / "merchants.csv").open("a") as file:
        file.write('M2,b"ad\nM3,"open\nM4,travel\n')
    report = load_into(store, folder)
    assert report.tables["merchants"].read == 4
    assert [(line["line"], line["code"]) for line in rejects(folder)] == [
        (3, "unreadable_row"),
        (4, "unreadable_row"),
    ]


def test_parquet_columns_of_decimals_and_of_bare_bytes_are_read_as_what_they_say(tmp_path, store):
    folder = deliver(tmp_path / "delivery")
    row = {
        **APPLICATION,
        "bank_card": Decimal(APPLICATION["bank_card"]),
        "national_id": APPLICATION["national_id"].encode(),
    }
    write_parquet(
        folder / "applications.parquet", [row, {**row, "application_id": "A2", "national_id": b"\xff"}]
    )
    report = load_into(store, folder)
    plain = deliver(tmp_path / "plain", applications=[APPLICATION])
    assert load_into(store, plain).tables["applications"].known == 1
    assert report.rejects == {("applications", "not_utf8"): 1}


def test_a_card_that_a_column_of_floats_has_rounded_never_links(tmp_path, store):
    folder = deliver(tmp_path / "delivery")
    rows = [
        {**APPLICATION, "application_id": f"A{n}", "bank_card": float(6214832065674310000 + 2048 * n)}
        for n in range(40)
    ]
    write_parquet(folder / "applications.parquet", rows)
    assert load_into(store, folder).as_json()["unverified"] == {"bank_card": 40}


def test_a_table_without_a_row_is_in_the_report(tmp_path, store):
    folder = deliver(tmp_path / "delivery")
    (folder / "devices.csv").write_text("device_id\n")
    assert load_into(store, folder).as_json()["tables"]["devices"] == {
        "read": 0,
        "accepted": 0,
        "known": 0,
        "rejected": 0,
    }


def test_a_table_is_known_by_its_name_however_its_ending_is_written(tmp_path, store):
    folder = deliver(tmp_path / "delivery", applications=[APPLICATION])
    (folder / "applications.csv").rename(folder / "applications.CSV")
    assert load_into(store, folder).tables["applications"].accepted == 1


def test_jsonl_lines_that_are_not_objects_cost_only_themselves(tmp_path, store):
    folder = deliver(tmp_path / "delivery")
    lines = [
        b'{"merchant_id": "M1", "category": NaN}',
        b"[1]",
        b"{",
        b'{"merchant_id": "\xff"}',
        b'{"merchant_id": ["M2"]}',
        b"",
    ]
    lines.append(b'{"merchant_id": 7}')
    (folder / "merchants.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    report = load_into(store, folder)
    assert (report.tables["merchants"].read, report.tables["merchants"].accepted) == (6, 2)
    assert [(line["line"], line["code"]) for line in rejects(folder)] == [
        (2, "unreadable_row"), (3, "unreadable_row"), (4, "not_utf8"), (5, "unreadable_text"),
    ]  # fmt: skip


def test_loading_twice_adds_nothing(tmp_path, store):
    folder = deliver(tmp_path / "delivery", **EVERY_TABLE)
    first = load_into(store, folder)
    counts, mark = store.counts(), store.revision()
    second = load_into(store, folder)
    assert (
        sum(t.accepted for t in first.tables.values()) == sum(t.known for t in second.tables.values()) == 11
    )
    assert sum(t.accepted for t in second.tables.values()) == 0
    assert (store.counts(), store.revision()) == (counts, mark)
    assert balanced(second)


def test_an_id_with_other_content_is_refused_in_a_delivery_and_against_the_store(tmp_path, store):
    folder = deliver(
        tmp_path / "delivery", applications=[APPLICATION, {**APPLICATION, "amount": "1"}, APPLICATION]
    )
    tally = load_into(store, folder).tables["applications"]
    assert (tally.accepted, tally.rejected, tally.known) == (1, 1, 1)
    later = deliver(tmp_path / "later", applications=[{**APPLICATION, "amount": "2"}])
    assert load_into(store, later).rejects["applications", "duplicate_id"] == 1
    assert store.view(NOW).application("A1").amount == 5000.0


def test_placeholders_and_wrong_checksums_are_counted_and_never_link(tmp_path, store):
    odd = {
        "device_id": "000000000000000",
        "phone": "13800000000",
        "national_id": "110105194912310021",
        "bank_card": "",
    }
    rows = [{**APPLICATION, **odd, "application_id": f"A{n}", "applicant_id": f"U{n}"} for n in range(3)]
    report = load_into(store, deliver(tmp_path / "delivery", applications=rows))
    figures = report.as_json()
    assert figures["placeholder"] == {"device": 3, "phone": 3}
    assert figures["unverified"] == {"national_id": 3}
    around = store.view(NOW).neighbourhood("U0")
    assert [node for node in around if node.startswith("applicant:")] == ["applicant:U0"]


def test_unknown_columns_are_counted_and_left_out(tmp_path, store):
    rows = [{**APPLICATION, "shoe_size": "43"}, {**APPLICATION, "application_id": "A2", "shoe_size": ""}]
    report = load_into(store, deliver(tmp_path / "delivery", applications=rows))
    assert report.unknown_columns["applications"] == {"shoe_size": 1}


def test_a_report_written_into_the_delivery_does_not_spoil_it(tmp_path, store):
    folder = deliver(tmp_path / "delivery", **EVERY_TABLE)
    first, again = (
        load(open_delivery(folder), store, parse_context(), report_to=folder).as_json() for _ in range(2)
    )
    assert (again["read"], again["known"], again["rejected"]) == (first["read"], first["accepted"], 0)


def test_the_report_says_what_the_load_says(tmp_path, store):
    report = load_into(store, deliver(tmp_path / "delivery", **EVERY_TABLE))
    written = json.loads((tmp_path / "report" / "report.json").read_text())
    assert written == json.loads(json.dumps(report.as_json()))
    assert written["read"] == written["accepted"] + written["known"] + written["rejected"] == 11


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (
            lambda d: (d / "applications.csv").write_text("application_id,applied_at,applicant_id\n"),
            "platform_id",
        ),
        (
            lambda d: (d / "labels.csv").write_text("label,known_at\nfraud,2025-01-01\n"),
            "application_id or applicant_id",
        ),
        (lambda d: (d / "customers.csv").write_text("a,b\n"), "customers.csv"),
        (lambda d: (d / "events.parquet").write_bytes(b"PAR1 and no more"), "events.parquet"),
        (
            lambda d: (d / "events.csv.gz").write_bytes(gzip.compress(b"kind,at,applicant_id\n" * 999)[:-9]),
            "events.csv.gz",
        ),
        (lambda d: (d / "merchants.csv").write_text("merchant_id,city,city\n"), "twice"),
        (lambda d: (d / "merchants.csv").write_bytes(b""), "merchant_id"),
        (lambda d: (d / "platforms.jsonl").write_text("{}\n"), "twice"),
        (
            lambda d: (d / "events.xlsx").write_text("a book"),
            "events.xlsx is a table in a format that is not read",
        ),
        (
            lambda d: (d / "events.jsonl.gz").write_bytes(gzip.compress(b"{}")),
            "events.jsonl.gz is a table in a format that is not read",
        ),
        (lambda d: (d / "outcomes.jsonl").write_text('{"application_id": "A1"}\n'), "status"),
    ],
)
def test_a_broken_delivery_is_refused_before_anything_is_written(tmp_path, spoil, says):
    folder = deliver(tmp_path / "delivery", merchants=[{"merchant_id": "M1"}])
    spoil(folder)
    with pytest.raises(DeliveryError, match=says):
        open_delivery(folder)


def test_a_missing_or_empty_delivery_is_refused(tmp_path):
    with pytest.raises(DeliveryError, match="not a folder"):
        open_delivery(tmp_path / "nowhere")
    with pytest.raises(DeliveryError, match="no table"):
        open_delivery(tmp_path)


def test_deleting_or_shuffling_later_rows_changes_nothing_that_was_known_before(tmp_path):
    times = [f"2025-06-{day:02d}T10:00:00+08:00" for day in range(1, 10)]
    rows = [
        {**APPLICATION, "application_id": f"A{n}", "applicant_id": f"U{n % 3}", "applied_at": at}
        for n, at in enumerate(times)
    ]
    noon = datetime(2025, 6, 5, tzinfo=UTC)
    past = [row for row in rows if datetime.fromisoformat(row["applied_at"]) < noon]
    seen = []
    for name, delivered in (("all", rows), ("past", past), ("shuffled", rows[::-1])):
        folder = deliver(tmp_path / name, applications=delivered)
        with open_store(tmp_path / f"{name}.db") as store:
            load_into(store, folder)
            seen.append(list(store.view(noon).applications(noon - timedelta(days=30))))
    assert len(seen[0]) == len(past)
    assert seen[0] == seen[1] == seen[2]


def test_a_lender_known_from_an_earlier_delivery_is_known(tmp_path, store):
    load_into(store, deliver(tmp_path / "first"))
    second = tmp_path / "second"
    second.mkdir()
    write_csv(second / "applications.csv", [APPLICATION])
    assert load_into(store, second).tables["applications"].accepted == 1
    assert PLATFORM["platform_id"] in store.view(NOW).platforms()


def test_a_process_of_its_own_parses_the_same_facts_and_the_same_faults(tmp_path):
    rows = [
        {
            **APPLICATION,
            "application_id": f"A{n}",
            "amount": "-1" if n == 5 else "1",
            "phone": "13800000000",
            "odd": "x",
        }
        for n in range(30)
    ]
    delivery = open_delivery(
        deliver(tmp_path / "delivery", applications=rows, devices=EVERY_TABLE["devices"])
    )
    feeds = [n for n, feed in enumerate(delivery.feeds) if feed.table.name != "platforms"]
    here, there = (
        list(batches(delivery, feeds, parse_context(), 10)),
        list(prefetch(delivery, feeds, parse_context(), 10)),
    )
    assert [(b.feed, b.read, b.facts, b.unknown, b.identifier_counts) for b in here] == [
        (b.feed, b.read, b.facts, b.unknown, b.identifier_counts) for b in there
    ]
    assert [b.good() for b in here] == [b.good() for b in there]
    assert [(r, [str(p) for p in ps]) for b in here for r, ps in b.bad] == [
        (r, [str(p) for p in ps]) for b in there for r, ps in b.bad
    ]
    masked = [m.identifier.masked for b in there for fact in b.facts for m in getattr(fact, "mentions", ())]
    assert "6214****5435" in masked


def test_a_value_that_a_thousand_people_give_is_named_in_the_report(tmp_path, store):
    rows = [
        {
            "event_id": f"E{n}",
            "kind": "login",
            "at": "2025-06-01",
            "applicant_id": f"U{n}",
            "wifi": "94:98:12:a8:f7:71",
        }
        for n in range(1_001)
    ]
    report = load_into(store, deliver(tmp_path / "delivery", events=rows))
    assert report.as_json()["crowds"] == [
        {"kind": "wifi", "masked": "94:98:12:**:**:71", "holders": COUNT_CAP}
    ]


def test_a_load_brings_as_many_facts_at_once_as_the_store_takes_best(tmp_path, store):
    store.batch = 2
    load_into(
        store,
        deliver(
            tmp_path / "delivery", applications=[{**APPLICATION, "application_id": f"A{n}"} for n in range(5)]
        ),
    )
    assert [len(entries.facts.applications) for entries in store.journal() if entries.facts.applications] == [
        2,
        2,
        1,
    ]


def test_an_old_delivery_does_not_bring_back_who_was_erased_and_loads_all_else(tmp_path: Path) -> None:
    delivery = deliver(
        tmp_path / "old",
        applications=[APPLICATION, {**APPLICATION, "application_id": "A2", "applicant_id": "U2"}],
        events=[
            {"event_id": f"E{n}", "kind": "transfer", "at": "2025-06-02T10:00:00", **who}
            for n, who in enumerate(
                ({"applicant_id": "U2", "counterparty_id": "U1"}, {"applicant_id": "U2"}), start=1
            )
        ],
        outcomes=[
            {"application_id": loan, "status": "approved", "at": "2025-06-03T10:00:00"}
            for loan in ("A1", "A2")
        ],
    )
    with open_store(tmp_path / "store.db") as store:
        load_into(store, delivery)
        erased(store, "U1", until=NOW)
        report = load_into(store, delivery)
        assert store.counts()["applications"] == 2
        assert "U1" not in store.view(NOW).tables().applicant_ids.tolist()
    assert {table: n for (table, code), n in report.rejects.items() if code == "erased"} == {
        "applications": 1,
        "events": 1,
        "outcomes": 1,
    }
    assert report.tables["applications"].known == 1
    told = [(one["table"], one["line"], one["problems"][0]["field"], one["row"]) for one in rejects(delivery)]
    assert told == [
        ("applications", 2, "application_id", {}),
        ("events", 2, "counterparty_id", {}),
        ("outcomes", 2, "application_id", {}),
    ]
    written = b"".join(path.read_bytes() for path in (tmp_path / "report").iterdir())
    assert b"U1" not in written


def test_a_row_that_cannot_be_taken_writes_no_erased_name_into_the_rejects(tmp_path: Path) -> None:
    wrong = {"applied_at": "some day"}
    delivery = deliver(
        tmp_path / "bad",
        applications=[
            APPLICATION | wrong,
            {**APPLICATION, **wrong, "application_id": "A2", "applicant_id": "U2"},
            {**APPLICATION, **wrong, "application_id": "A3", "applicant_id": "  U1"},
        ],
    )
    with open_store(tmp_path / "store.db") as store:
        load_into(store, deliver(tmp_path / "good", applications=[APPLICATION]))
        erased(store, "U1", until=NOW)
        load_into(store, delivery)
    told = [(one["line"], one["code"], one["row"].get("applicant_id")) for one in rejects(delivery)]
    assert [(line, who) for line, _, who in told] == [(2, None), (3, "U2"), (4, None)]
    assert "erased" not in {code for _, code, _ in told}
    assert b"U1" not in b"".join(path.read_bytes() for path in (tmp_path / "report").iterdir())
