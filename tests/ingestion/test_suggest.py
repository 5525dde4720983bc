"""A mapping is proposed from names and values, with its reasons; where names are usual it loads without an
edit, and what is unclear is named.
"""

from __future__ import annotations

import csv
import io
import json
import os
import random
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.model.errors import DeliveryError
from graph.model.types import IdentifierKind, LabelValue
from ingestion.contract import TABLES
from ingestion.loading.delivery import open_delivery
from ingestion.loading.load import load
from ingestion.loading.report import Report
from ingestion.suggest.names import meant
from ingestion.suggest.propose import suggest, suggest_of_database
from ingestion.suggest.suggestion import Suggestion
from scripts.map import main
from tests.support.deliveries import NOW, parse_context, write_csv, write_parquet
from tests.support.stores import open_store

DATA = Path(__file__).parents[3] / "shared" / "data"
ID_CARDS = ("11010519491231002X", "440524188001010014")
CARDS = ("6214832065674315435", "6222021234567894")


def proposed(folder: Path) -> Suggestion:
    """What is proposed for all the files of a folder, written beside them."""
    result = suggest(sorted(folder.iterdir()), NOW)
    (folder / "mapping.yaml").write_text(result.as_yaml(), encoding="utf-8")
    return result


def loaded(folder: Path, tmp_path: Path) -> Report:
    with open_store(tmp_path / "graph.db") as store:
        return load(open_delivery(folder), store, parse_context(), report_to=tmp_path / "report")


def accepted(report: Report) -> dict[str, int]:
    return {name: tally.accepted for name, tally in report.tables.items()}


def phones(n: int) -> list[str]:
    draw = random.Random(3)
    return [f"1{draw.choice((38, 50, 77, 89))}{draw.randrange(10**8):08d}" for _ in range(n)]


def write_text(path: Path, rows: Sequence[Mapping[str, object]], encoding: str, delimiter: str) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def day(n: int) -> datetime:
    return datetime(2025, 3, 1, 9, 30, tzinfo=UTC) + timedelta(days=n, minutes=7 * n)


def test_an_export_of_a_bank_in_chinese_loads_without_an_edit(tmp_path: Path) -> None:
    folder = tmp_path / "bank"
    folder.mkdir()
    for month in (3, 4):
        rows = [
            {
                "进件编号": f"J{month}{n:03d}",
                "申请日期": f"2025{month:02d}{n + 1:02d}",
                "申请时刻": f"{day(n):%H%M%S}".lstrip("0"),
                "客户号": f"K{n % 20}",
                "身份证号": ID_CARDS[n % 2],
                "手机号": phone,
                "银行卡号": CARDS[n % 2],
                "借款金额(万元)": f"{1 + n / 10:.1f}",
                "期限": f"{6 + n % 6}期",
                "资金方": ("甲银行", "乙消金")[n % 2],
                "单位名称": "长沙岳麓科技有限公司",
                "出生日期": f"19{60 + n}/05/17",
                "备注": "x",
            }
            for n, phone in enumerate(phones(25))
        ]
        write_text(folder / f"进件_2025{month:02d}.csv", rows, "gb18030", ";")
    result = proposed(folder)
    yaml = (folder / "mapping.yaml").read_text(encoding="utf-8")
    assert [draft.table for draft in result.drafts] == ["platforms", "applications"]
    assert 'source: "进件_*.csv"' in yaml
    assert "encoding: gb18030" in yaml
    assert ("进件_202503.csv", "备注", "no usual name, and its values could be anything") in result.unplaced
    report = loaded(folder, tmp_path)
    assert accepted(report) == {"platforms": 2, "applications": 50}
    assert report.rejects == {}
    with open_store(tmp_path / "graph.db") as store:
        loan = store.view(NOW).application("J3001")
        assert (loan.amount, loan.term_months, loan.birth_year, loan.platform_id) == (
            11_000,
            7,
            1961,
            "乙消金",
        )
        assert loan.applied_at.isoformat() == "2025-03-02T01:37:00+00:00"
        kinds = {m.identifier.kind for m in loan.mentions}
        assert kinds == {
            IdentifierKind.NATIONAL_ID,
            IdentifierKind.PHONE,
            IdentifierKind.BANK_CARD,
            IdentifierKind.EMPLOYER,
        }


def test_a_platforms_export_by_pinyin_abbreviations_loads_without_an_edit(tmp_path: Path) -> None:
    folder = tmp_path / "pinyin"
    folder.mkdir()
    loans = [
        {
            "ddh": f"D{n}",
            "sqsj": f"{day(n):%Y/%m/%d %H:%M}",
            "yhid": f"U{n}",
            "sjh": phone,
            "sbh": f"86493804{n:07d}",
            "sqje": f"{1000 + n:,}元",
            "qx": 12,
            "ip": 1_920_103_026 + n,
            "sfqz": "是" if n % 5 == 0 else "否",
        }
        for n, phone in enumerate(phones(20))
    ]
    known = zip(("配偶", "同事", "表哥"), phones(3), strict=True)
    contacts = [
        {"yhid": f"U{n}", "lxrgx": word, "lxdh": phone, "rq": "2025-03-01"}
        for n, (word, phone) in enumerate(known)
    ]
    status = [
        {"ddh": f"D{n}", "zt": word, "gxsj": "2025-06-01 10:00:00"}
        for n, word in enumerate(("放款", "拒绝", "已结清"))
    ]
    write_csv(folder / "dd.csv", loans)
    write_csv(folder / "lxr.csv", contacts)
    write_csv(folder / "zt.csv", status)
    result = proposed(folder)
    report = loaded(folder, tmp_path)
    assert accepted(report) == {
        "platforms": 1,
        "applications": 20,
        "contacts": 3,
        "outcomes": 3,
        "labels": 20,
    }
    assert report.rejects == {}
    assert "NO WORDS OF OURS: 表哥: translate them" in result.as_yaml()
    with open_store(tmp_path / "graph.db") as store:
        view = store.view(NOW)
        loan = view.application("D3")
        assert (loan.amount, loan.term_months) == (1003, 12)
        assert {m.identifier.kind for m in loan.mentions} == {
            IdentifierKind.PHONE,
            IdentifierKind.DEVICE,
            IdentifierKind.IP,
        }
        assert [label.label for label in view.labels_of(["U5"])["U5"]] == [LabelValue.FRAUD]


def test_an_english_log_with_hashed_phones_and_epochs_loads_without_an_edit(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    rows = [
        {
            "id": n,
            "event_type": ("login", "withdrawal")[n % 2],
            "timestamp": 1_740_000_000_000 + n,
            "user_id": n % 7,
            "mobile_md5": f"{n % 7 + 1:032x}".replace("0", "a"),
            "ip_address": f"114.114.{n}.8",
            "amount_fen": 12_345,
        }
        for n in range(30)
    ]
    write_parquet(folder / "events.parquet", rows)
    write_parquet(
        folder / "more_events.parquet",
        [{key: row[key] for key in ("id", "event_type", "timestamp", "user_id")} for row in rows],
    )
    proposed(folder)
    report = loaded(folder, tmp_path)
    assert (accepted(report), report.rejects) == ({"events": 60}, {})
    with open_store(tmp_path / "graph.db") as store:
        event = store.view(NOW).events_of(["1"])["1"][0]
        assert (event.at.year, event.amount in (None, 123.45)) == (2025, True)


def test_people_without_a_number_are_called_by_a_pseudonym_and_nobody_by_a_raw_value(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    rows = [
        {"order_no": n, "created": f"{day(n):%Y-%m-%d %H:%M:%S}", "id_card": ID_CARDS[n % 2], "mobile": phone}
        for n, phone in enumerate(phones(6))
    ]
    write_csv(folder / "orders.csv", rows)
    proposed(folder)
    assert accepted(loaded(folder, tmp_path))["applications"] == 6
    with open_store(tmp_path / "graph.db") as store:
        people = {store.view(NOW).application(str(n)).applicant_id for n in range(6)}
    assert len(people) == 2
    assert all(person.startswith("k1.") for person in people)
    write_csv(folder / "orders.csv", [{**row, "user_id": row["mobile"]} for row in rows])
    (folder / "mapping.yaml").unlink()
    assert "applicant_id: {column: user_id, kind: phone}" in proposed(folder).as_yaml()


def test_values_alone_may_name_an_identifier_and_a_name_alone_does_not(tmp_path: Path) -> None:
    rows = [
        {
            "order_no": n,
            "created": f"{day(n):%d.%m.%Y}",
            "cust": f"C{n}",
            "col7": phone,
            "amount": "see note",
            "note": "x",
        }
        for n, phone in enumerate(phones(9))
    ]
    write_csv(tmp_path / "orders.csv", rows)
    result = suggest([tmp_path / "orders.csv"], NOW)
    assert "phone: col7  # its values alone; 100% of 9 values fit" in result.as_yaml()
    assert 'applied_at: {column: created, time: "%d.%m.%Y"}' in result.as_yaml()
    assert ("orders.csv", "amount", "its name says amount, and 0% of its 9 values are") in result.unplaced


def test_a_default_is_not_proposed_as_fraud_and_a_file_without_a_moment_not_at_all(tmp_path: Path) -> None:
    write_csv(
        tmp_path / "orders.csv",
        [{"order_no": n, "created": "2025-03-01", "cust": f"C{n}", "overdue": n % 2} for n in range(4)],
    )
    write_csv(
        tmp_path / "people.csv", [{"cust": f"C{n}", "mobile": phone} for n, phone in enumerate(phones(4))]
    )
    result = suggest([tmp_path / "orders.csv", tmp_path / "people.csv"], NOW)
    assert [draft.table for draft in result.drafts] == ["applications", "platforms"]
    assert any(
        file == "orders.csv" and column == "overdue" and "a default is no fraud" in why
        for file, column, why in result.unplaced
    )
    assert any(
        file == "people.csv" and not column and why.startswith("no moment")
        for file, column, why in result.unplaced
    )


def test_a_monthly_export_with_split_times_and_missing_numbers_loads_as_proposed(
    tmp_path: Path,
) -> None:
    for month in ("202510", "202511"):
        rows = [
            {
                "进件编号": f"{month}{n}", "申请日期": f"{month}0{n + 1}", "申请时间": f"09{n:02d}30",
                "客户号": "" if n == 2 else f"KH{n}", "身份证号": ID_CARDS[n % 2], "手机号": phones(4)[n],
                "出生日期": "1990/3/5", "IP地址": 3232235777 + n, "借款金额": "1,234.50元",
                "借款期数": "12期", "人脸比对分": 60 + 10 * n,
            }
            for n in range(4)
        ]  # fmt: skip
        write_text(tmp_path / f"进件_{month}.csv", rows, "gbk", ",")
    paid = [{"进件编号": "2025100", "放款日期": "2025-11-09", "放款金额": "1,000元", "结清日期": ""}]
    write_text(tmp_path / "放款.csv", paid, "gbk", ",")
    proposal = proposed(tmp_path)
    assert [line for line in proposal.unplaced if line[1]] == [("放款.csv", "结清日期", "it is empty")]
    report = loaded(tmp_path, tmp_path)
    assert accepted(report) == {"platforms": 1, "applications": 8, "outcomes": 1}
    with open_store(tmp_path / "graph.db") as store:
        loans = {one.application_id: one for one in store.view(NOW).applications(NOW - timedelta(days=999))}
    first, unnumbered = loans["2025100"], loans["2025102"]
    assert (first.amount, first.term_months, first.face_match, first.birth_year) == (1234.5, 12, 0.6, 1990)
    assert first.applied_at == datetime(2025, 10, 1, 1, 0, 30, tzinfo=UTC)
    assert unnumbered.applicant_id.startswith("k1.")


def test_what_has_an_amount_was_applied_for_at_its_one_column_of_moments(tmp_path: Path) -> None:
    rows = [
        {"No": n, "Eingang": f"0{n + 1}.11.2025 09:30", "Customer": f"c{n}", "Loan amount": "1000"}
        for n in range(5)
    ]
    write_text(tmp_path / "Antraege.csv", rows, "utf-8-sig", ";")
    assert 'at: {column: Eingang, time: "%d.%m.%Y %H:%M"}' in proposed(tmp_path).as_yaml()


def test_the_tables_of_a_database_are_proposed_and_people_alone_are_no_applications(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'core.db'}"
    with sqlite3.connect(tmp_path / "core.db") as db:
        db.executescript(
            """CREATE TABLE customer(id INTEGER PRIMARY KEY, mobile TEXT, created_at TEXT);
            CREATE TABLE loan_order(order_id TEXT PRIMARY KEY, customer_id INTEGER, apply_ts INTEGER,
                principal_cents INTEGER);
            CREATE TABLE fraud_case(case_no TEXT PRIMARY KEY, order_id TEXT, confirmed_on TEXT);
            INSERT INTO customer VALUES (1, '13912345678', '2025-01-01'), (2, '13812345678', '2025-01-02');
            INSERT INTO loan_order VALUES ('L1', 1, 1760000000, 100000), ('L2', 2, 1760000900, 250000);
            INSERT INTO fraud_case VALUES ('F1', 'L2', '2025-12-01')"""
        )
    proposal = suggest_of_database(url, NOW)
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(proposal.as_yaml(), encoding="utf-8")
    why = {file: reason for file, column, reason in proposal.unplaced if not column}
    assert why["customer"].startswith("people, and nothing that they asked for")
    assert why["fraud_case"].startswith("no column says what was concluded")
    with open_store(tmp_path / "graph.db") as store:
        delivery = open_delivery(url, str(mapping))
        report = load(delivery, store, parse_context(), report_to=tmp_path / "report")
        assert accepted(report) == {"platforms": 1, "applications": 2}
        amounts = {one.amount for one in store.view(NOW).applications(NOW - timedelta(days=999))}
    assert amounts == {1000.0, 2500.0}


def test_labels_without_a_moment_count_from_the_end_of_the_data(tmp_path: Path) -> None:
    rows = [
        {"order_no": n, "created": f"{day(n):%Y-%m-%d}", "cust": f"C{n}", "label": n % 3} for n in range(9)
    ]
    write_csv(tmp_path / "orders.csv", rows)
    proposed(tmp_path)
    report = loaded(tmp_path, tmp_path)
    assert report.tables["labels"].accepted == 6  # 2 is neither fraud nor good
    with open_store(tmp_path / "graph.db") as store:
        assert store.view(datetime.fromisoformat("2025-03-08T23:59+08:00")).labels_of(["C1"])["C1"] == ()
        assert len(store.view(NOW).labels_of(["C1"])["C1"]) == 1


def test_the_names_of_the_contract_are_understood_as_themselves() -> None:
    columns = {column.name for table in TABLES.values() for column in table.columns} - {"source", "detail"}
    assert [name for name in sorted(columns) if name not in meant(name)] == []


def test_files_of_two_folders_and_what_is_no_table_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for path in (tmp_path / "x.csv", tmp_path / "a" / "y.csv"):
        write_csv(path, [{"a": 1}])
    with pytest.raises(DeliveryError, match="the files must lie in one folder"):
        suggest([tmp_path / "x.csv", tmp_path / "a" / "y.csv"], NOW)
    (tmp_path / "x.doc").write_text("x")
    with pytest.raises(DeliveryError, match=r"x\.doc: not one of the formats"):
        suggest([tmp_path / "x.doc"], NOW)


def test_the_command_writes_the_mapping_once_and_says_what_it_could_not_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(
        tmp_path / "orders.csv",
        [{"order_no": n, "created": "2025-03-01", "cust": f"C{n}", "what": "x"} for n in range(4)],
    )
    assert main(["suggest", str(tmp_path), "--out", str(tmp_path / "mapping.yaml")]) == 0
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [table["table"] for table in line["tables"]] == ["applications", "platforms"]
    assert line["not_placed"] == [
        {"file": "orders.csv", "column": "what", "why": "no usual name, and its values could be anything"}
    ]
    assert open_delivery(tmp_path).mapping.name == "suggested"
    assert main(["suggest", str(tmp_path), "--out", str(tmp_path / "mapping.yaml")]) == 2
    assert "is there already" in capsys.readouterr().err


def test_no_mapping_is_suggested_from_a_storage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["suggest", "s3://bucket/week"]) == 2
    assert "copy a file of each table here" in capsys.readouterr().err


def test_a_mapping_is_proposed_for_values_that_would_break_its_form(tmp_path: Path) -> None:
    odd = 'a "b": {c} # d'
    pq.write_table(
        pa.table(
            {
                "order no": ["1", "2"],
                "created": ["2025-03-01"] * 2,
                "cust": ["C1", "C2"],
                "机构 #1": [odd, "- x"],
                "platform": [odd, "- x: y"],
            }
        ),
        tmp_path / "o.parquet",
    )
    proposed(tmp_path)
    assert accepted(loaded(tmp_path, tmp_path)) == {"platforms": 2, "applications": 2}


def _data(name: str) -> Path:
    folder = Path(os.environ.get("RINGFENCE_TEST_DATA", DATA)) / name
    if not folder.exists():
        pytest.skip(f"the data set {name} is not beside the checkout (../shared/data)")
    return folder


@pytest.mark.data
def test_the_payment_platforms_tables_load_as_proposed(tmp_path: Path) -> None:
    folder = tmp_path / "p2p"
    folder.mkdir()
    for name in ("Device", "HAS_CC", "P2P", "USED", "User"):
        pq.write_table(
            pq.read_table(_data("p2p_payment_fraud") / f"{name}.parquet").slice(0, 3_000),
            folder / f"{name}.parquet",
        )
    proposed(folder)
    report = loaded(folder, tmp_path)
    fraud = pq.read_table(folder / "User.parquet").column("firstChargebackMtDate").to_pylist()
    assert accepted(report) == {
        "devices": 3_000,
        "events": 9_000,
        "labels": sum(str(day) != "1900-01-01" for day in fraud),
    }
    assert report.rejects == {}
    assert report.column_warnings == ()


@pytest.mark.data
def test_the_card_transactions_of_the_handbook_load_as_proposed(tmp_path: Path) -> None:
    pq.write_table(
        pq.read_table(_data("handbook_simulated") / "transactions.parquet").slice(0, 5_000),
        tmp_path / "transactions.parquet",
    )
    proposed(tmp_path)
    report = loaded(tmp_path, tmp_path)
    assert (accepted(report), report.rejects) == (
        {"platforms": 1, "applications": 5_000, "labels": 5_000},
        {},
    )


@pytest.mark.data
def test_of_the_set_whose_times_are_no_times_nothing_is_proposed_and_it_says_why() -> None:
    result = suggest([_data("s_ffsd") / "S-FFSD.zip"], NOW)
    assert result.drafts == []
    assert any(
        column == "Time" and why.startswith("its name says at, and 0%") for _, column, why in result.unplaced
    )
