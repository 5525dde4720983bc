"""An analyst's own exports come in as they are: in their encoding, by months, with units, split moments and
stand-in ids.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.errors import DeliveryError
from graph.model.types import Application, IdentifierKind
from ingestion.contract import APPLICATIONS, Cell
from ingestion.loading.batches import batches
from ingestion.loading.delivery import open_delivery
from ingestion.loading.prefetch import prefetch
from ingestion.parse import application
from ingestion.written_numbers import number
from tests.support.deliveries import (
    NOW,
    load_into,
    parse_context,
    rejects,
    write_csv,
    write_jsonl,
    write_parquet,
)
from tests.support.stores import open_store

LENDER = {"table": "platforms", "rows": [{"platform_id": "us", "type": "consumer_finance", "is_own": "true"}]}
COLUMNS = {"application_id": "no", "applied_at": "when", "applicant_id": "who"}
ID_CARD, OTHER_ID_CARD = "11010519491231002X", "440524188001010014"
LOAN = {"no": "1", "when": "2025-06-01 10:00", "who": "C-1"}
Row = Mapping[str, Any]


def mapped(folder: Path, columns: Mapping[str, Any], source: Any = "loans.csv", **more: Any) -> Path:
    """A delivery whose mapping reads applications from `source`."""
    folder.mkdir(exist_ok=True)
    table = {
        "table": "applications",
        "source": source,
        "constants": {"platform_id": "us"},
        "columns": {**COLUMNS, **columns},
        **more,
    }
    (folder / "mapping.yaml").write_text(
        json.dumps({"timezone": "Asia/Shanghai", "tables": [LENDER, table]}, ensure_ascii=False)
    )
    return folder


def taken(folder: Path) -> list[Application]:
    """The applications that a delivery brings, in the order of its rows; a row that is rejected is none of
    them.
    """
    delivery = open_delivery(folder)
    (number_of,) = [n for n, feed in enumerate(delivery.feeds) if feed.table.name == "applications"]
    result = [fact for batch in batches(delivery, [number_of], parse_context(), 100) for fact in batch.facts]
    assert all(isinstance(fact, Application) for fact in result)
    return result  # type: ignore[return-value]


def loans(folder: Path, rows: Sequence[Row], columns: Mapping[str, Any], **more: Any) -> list[Application]:
    """What csv rows become by a mapping of these columns."""
    mapped(folder, columns, **more)
    write_csv(folder / "loans.csv", [{**LOAN, "no": str(n), **row} for n, row in enumerate(rows)])
    return taken(folder)


# -- files


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "big5", "utf-16", "utf-16-le", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", ["semicolon", "tab", "|"])
def test_an_export_in_another_encoding_and_with_another_delimiter_says_the_same(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    sign = {"semicolon": ";", "tab": "\t"}.get(delimiter, delimiter)
    text = "\r\n".join(
        sign.join(cells)
        for cells in (
            ("no", "when", "who", "城市"),
            ("1", "2025-06-01", "C-1", f'"臺中{sign}北"'),
            ("2", "2025-06-02", "C-2", "高雄"),
        )
    )
    folder = mapped(
        tmp_path / "d", {"city": "城市"}, encoding=encoding.removesuffix("-sig"), delimiter=delimiter
    )
    (folder / "loans.csv").write_bytes(text.encode("gb18030" if encoding == "gbk" else encoding))
    assert [(loan.applicant_id, loan.city) for loan in taken(folder)] == [
        ("C-1", f"臺中{' ' if sign == chr(9) else sign}北"),
        ("C-2", "高雄"),
    ]


def test_one_damaged_line_of_a_gb18030_export_costs_itself_and_keeps_its_number(tmp_path: Path) -> None:
    folder = mapped(tmp_path / "d", {"city": "城市"}, encoding="gb18030")
    lines = ["no,when,who,城市", *(f"{n},2025-06-01,C-{n},上海" for n in range(1, 5))]
    damaged = [line.encode("gb18030") for line in lines]
    damaged[2] = damaged[2].replace("海".encode("gb18030"), b"\xff")
    (folder / "loans.csv").write_bytes(b"\n".join(damaged))
    with open_store(tmp_path / "graph.db") as store:
        report = load_into(store, folder)
    assert report.tables["applications"].accepted == 3
    assert [(row["line"], row["code"]) for row in rejects(folder)] == [(3, "not_utf8")]


def test_a_header_that_cannot_be_read_is_refused_with_the_setting_that_helps(tmp_path: Path) -> None:
    folder = mapped(tmp_path / "d", {"city": "城市"})
    (folder / "loans.csv").write_bytes("no,when,who,城市\n".encode("gb18030"))
    with pytest.raises(
        DeliveryError, match=r"the header is not UTF-8: a mapping may say its `encoding` \(gb18030, "
    ):
        open_delivery(folder)
    (folder / "loans.csv").write_text("no;when;who;城市\n1;2025-06-01;C-1;上海\n")
    with pytest.raises(
        DeliveryError,
        match="its header is one cell, `no;when;who;城市`: a mapping may say `delimiter: semicolon`",
    ):
        open_delivery(folder)


@pytest.mark.parametrize(
    "source",
    [
        "loans_2025-*.csv*",
        ["loans_2025-01.csv", "loans_2025-02.csv.gz", "loans_2025-03.csv"],
        "20??/loans.csv",
    ],
)
def test_a_year_of_monthly_files_is_one_table(tmp_path: Path, source: Any) -> None:
    folder = mapped(tmp_path / "d", {}, source)
    for month in (1, 2, 3):
        rows = f"no,when,who\nM{month},2025-0{month}-01,C-{month}\n"
        (folder / f"202{month}").mkdir()
        (folder / f"202{month}" / "loans.csv").write_text(rows)
        if month == 2:
            (folder / "loans_2025-02.csv.gz").write_bytes(gzip.compress(rows.encode()))
        else:
            (folder / f"loans_2025-0{month}.csv").write_text(rows)
    (folder / "loans_2024-12.csv").write_text("no,when,who\nold,2024-12-01,C-0\n")
    assert [loan.application_id for loan in taken(folder)] == ["M1", "M2", "M3"]
    left = open_delivery(folder).left_out
    assert "loans_2024-12.csv" in left
    assert ("loans_2025-01.csv" in left) == (source == "20??/loans.csv")


def test_a_month_without_a_required_column_is_named_and_a_bad_row_names_its_month(tmp_path: Path) -> None:
    folder = mapped(tmp_path / "d", {}, "loans_*.csv")
    (folder / "loans_1.csv").write_text("no,when,who\n1,2025-01-01,C-1\n")
    (folder / "loans_2.csv").write_text("no,date,who\n2,2025-02-01,C-2\n")
    with pytest.raises(
        DeliveryError, match=r"the column when is missing in loans_2.csv \(table applications\)"
    ):
        open_delivery(folder)
    (folder / "loans_2.csv").write_text("no,when,who\n2,soon,C-2\n")
    with open_store(tmp_path / "graph.db") as store:
        assert load_into(store, folder).tables["applications"].accepted == 1
    assert [(row["source"], row["line"], row["problems"][0]["field"]) for row in rejects(folder)] == [
        ("loans_2.csv", 2, "applied_at")
    ]


def test_a_pattern_follows_no_link_out_of_the_delivery(tmp_path: Path) -> None:
    folder = mapped(tmp_path / "d", {}, "loans_*.csv")
    (tmp_path / "secret.csv").write_text("no,when,who\n1,2025-01-01,C-1\n")
    (folder / "loans_1.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(
        DeliveryError, match=r"loans_1\.csv is a link, and links in a delivery are not followed"
    ):
        open_delivery(folder)


def test_a_spreadsheet_is_refused_with_what_to_do(tmp_path: Path) -> None:
    folder = mapped(tmp_path / "d", {}, "loans.xlsx")
    (folder / "loans.xlsx").write_bytes(b"PK")
    with pytest.raises(DeliveryError, match="save a spreadsheet as CSV UTF-8"):
        open_delivery(folder)


# -- numbers


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1,234.50元", 1234.5),
        ("￥1,234.50", 1234.5),
        ("¥ 5000", 5000),
        ("１２３４.５", 1234.5),
        ("1.2万", 12_000),
        ("1.2 万元", 12_000),
        ("3千", 3000),
        ("RMB 5,000.00", 5000),
        ("人民币5000元整", 5000),
        ("2w", 20_000),
        ("1，234，567", 1_234_567),
        ("0.5亿", 50_000_000),
    ],
)
def test_an_amount_is_read_as_people_write_it(tmp_path: Path, written: str, amount: float) -> None:
    (loan,) = loans(tmp_path / "d", [{"sum": written}], {"amount": "sum"})
    assert loan.amount == amount


@pytest.mark.parametrize(
    "written",
    ["1,23", "12,34.5", "1.234,50", "$500", "500 USD", "about 500", "1,2345", "万", "5000期", "5千千"],
)
def test_an_amount_that_may_mean_something_else_is_not_known_and_counted(
    tmp_path: Path, written: str
) -> None:
    folder = mapped(tmp_path / "d", {"amount": "sum"})
    write_csv(folder / "loans.csv", [{**LOAN, "sum": written}])
    with open_store(tmp_path / "graph.db") as store:
        report = load_into(store, folder)
        assert store.view(NOW).application("1").amount is None
    assert report.dropped == {("applications", "amount", "unreadable_number"): 1}


@given(st.integers(0, 10**9), st.integers(0, 99))
def test_thousands_are_only_set_apart(whole: int, hundredths: int) -> None:
    plain = whole + hundredths / 100
    assert number(f"￥{whole:,}.{hundredths:02d}元", Cell.AMOUNT) == pytest.approx(plain)
    assert number(f"{whole}.{hundredths:02d}万", Cell.AMOUNT) == pytest.approx(plain * 10_000)


def test_terms_shares_and_amounts_in_other_units_are_months_parts_of_one_and_yuan(tmp_path: Path) -> None:
    columns = {
        "term_months": "term",
        "face_match": "face",
        "liveness": {"column": "live", "times": "0.01"},
        "amount": {"column": "fen", "times": "0.01"},
    }
    rows = [
        {"term": "12期", "face": "98.5%", "live": "97", "fen": "123456"},
        {"term": "2年"},
        {"term": "6个月"},
        {"term": "分24期"},
    ]
    result = loans(tmp_path / "d", rows, columns)
    assert [loan.term_months for loan in result] == [12, 24, 6, 24]
    assert (result[0].face_match, result[0].liveness, result[0].amount) == (0.985, 0.97, 1234.56)


# -- times


@pytest.mark.parametrize(
    ("day", "clock", "form", "moment"),
    [
        ("2025-06-01", "09:14:05", "", datetime(2025, 6, 1, 1, 14, 5, tzinfo=UTC)),
        ("2025-06-01 00:00:00", "9:14", "", datetime(2025, 6, 1, 1, 14, tzinfo=UTC)),
        ("20250601", "93005", "%Y%m%d %H%M%S", datetime(2025, 6, 1, 1, 30, 5, tzinfo=UTC)),
        ("2025/6/1", "18:00", "%Y/%m/%d %H:%M", datetime(2025, 6, 1, 10, tzinfo=UTC)),
        ("2025年06月01日", "", "%Y年%m月%d日 %H时%M分", datetime(2025, 5, 31, 16, tzinfo=UTC)),
        ("2025-06-01", "", "", datetime(2025, 5, 31, 16, tzinfo=UTC)),
    ],
)
def test_a_date_and_a_time_in_two_columns_are_one_moment(
    tmp_path: Path, day: str, clock: str, form: str, moment: datetime
) -> None:
    at = {"columns": ["day", "clock"]} | ({"time": form} if form else {})
    (loan,) = loans(tmp_path / "d", [{"day": day, "clock": clock}], {"applied_at": at})
    assert loan.applied_at == moment


def test_a_row_without_its_day_is_rejected_though_it_has_a_time(tmp_path: Path) -> None:
    folder = mapped(tmp_path / "d", {"applied_at": {"columns": ["day", "clock"]}})
    write_csv(folder / "loans.csv", [{**LOAN, "day": "", "clock": "09:14"}])
    with open_store(tmp_path / "graph.db") as store:
        load_into(store, folder)
    assert [(row["code"], row["problems"][0]["field"]) for row in rejects(folder)] == [
        ("missing", "applied_at")
    ]


@pytest.mark.parametrize(
    ("form", "cell", "moment"),
    [
        # a spreadsheet's number of a day, by its own clock
        ("epoch_d from 1899-12-30", "45809.5", datetime(2025, 6, 1, 4, tzinfo=UTC)),
        ("epoch_d", "20240", datetime(2025, 6, 1, tzinfo=UTC)),
        ("epoch_h from 2025-01-01T00:00:00Z", "25", datetime(2025, 1, 2, 1, tzinfo=UTC)),
        ("epoch_min from 2025-01-01T00:00:00+08:00", "90", datetime(2024, 12, 31, 17, 30, tzinfo=UTC)),
    ],
)
def test_days_hours_and_minutes_since_a_moment_are_times(
    tmp_path: Path, form: str, cell: str, moment: datetime
) -> None:
    (loan,) = loans(tmp_path / "d", [{"t": cell}], {"applied_at": {"column": "t", "time": form}})
    assert loan.applied_at == moment


@pytest.mark.parametrize(
    ("spec", "cell", "year"),
    [
        ("born", "1990", 1990),
        ("born", "1990年", 1990),
        ("born", "1990.0", 1990),
        ("born", "1990-05-17", 1990),
        ("born", "19900517", 1990),
        ({"column": "born", "time": "%d/%m/%Y"}, "17/05/1990", 1990),
        ({"column": "born", "kind": "national_id"}, ID_CARD, 1949),
        ({"column": "born", "kind": "national_id"}, ID_CARD[:17] + "1", None),
        ("born", "17/05/1990", None),
        ("born", "1770-01-01", None),
    ],
)
def test_a_year_of_birth_is_that_of_a_date_or_of_a_national_id(
    tmp_path: Path, spec: Any, cell: str, year: int | None
) -> None:
    (loan,) = loans(tmp_path / "d", [{"born": cell}], {"birth_year": spec})
    assert loan.birth_year == year


def test_a_year_of_birth_is_that_of_the_local_date_and_of_any_type_of_a_column(tmp_path: Path) -> None:
    folder = mapped(tmp_path / "d", {"birth_year": "born"}, "loans.parquet")
    # midnight in Shanghai
    write_parquet(folder / "loans.parquet", [{**LOAN, "born": datetime(1989, 12, 31, 16, tzinfo=UTC)}])
    assert [loan.birth_year for loan in taken(folder)] == [1990]
    mapped(folder, {"birth_year": "born"}, "loans.jsonl")
    write_jsonl(
        folder / "loans.jsonl", [{**LOAN, "born": 19900517}, {**LOAN, "born": 1990}, {**LOAN, "born": 1990.0}]
    )
    assert [loan.birth_year for loan in taken(folder)] == [1990, 1990, 1990]


# -- identifiers and ids


def of_kind(loan: Application, kind: IdentifierKind) -> list[tuple[str, bool]]:
    """The masked forms of an application's identifiers of a kind, and whether they link."""
    return [(m.identifier.masked, m.identifier.linking) for m in loan.mentions if m.identifier.kind is kind]


@pytest.mark.parametrize(
    ("cell", "masked"),
    [("1920103026", "114.114.*.*"), ("-1937664994", "140.129.*.*"), (2357302302.0, "140.129.*.*")],
)
def test_an_address_that_came_as_a_number_is_that_address(tmp_path: Path, cell: Any, masked: str) -> None:
    written, numbered = ({**LOAN, "no": "a", "ip": "114.114.114.114"}, {**LOAN, "no": "b", "ip": cell})
    folder = mapped(tmp_path / "d", {"ip": {"column": "ip", "as": "integer"}}, "loans.jsonl")
    write_jsonl(folder / "loans.jsonl", [written, numbered])
    first, second = taken(folder)
    assert of_kind(second, IdentifierKind.IP)[0][0] == masked
    assert (first.mentions == second.mentions) == (cell == "1920103026")


def test_phones_without_a_country_are_of_the_country_that_the_mapping_names(tmp_path: Path) -> None:
    rows = [
        {"tel": tel}
        for tel in ("091 234 56 78", "0912345678", "+84912345678", "84912345678", "15073157065x", "")
    ]
    result = loans(tmp_path / "d", rows, {"phone": {"column": "tel", "country": "vn"}})
    assert len({loan.mentions for loan in result[:3]}) == 1
    assert of_kind(result[0], IdentifierKind.PHONE) == [("+849****678", True)]
    assert of_kind(result[4], IdentifierKind.PHONE)[0][1] is False
    assert result[5].mentions == ()


def test_an_applicant_is_the_national_id_unless_a_placeholder_and_never_raw(tmp_path: Path) -> None:
    who = {"first_of": [{"column": "card", "kind": "national_id"}, {"column": "who", "prefix": "C-"}]}
    cards = [ID_CARD, ID_CARD.lower(), "无", "", ID_CARD[:17] + "1", "110105********002X"]
    result = loans(
        tmp_path / "d",
        [{"card": card, "who": n} for n, card in enumerate(cards)],
        {"applicant_id": who, "national_id": "card"},
    )
    assert result[0].applicant_id == result[1].applicant_id
    assert result[0].applicant_id in {m.identifier.token for m in result[0].mentions}
    assert ID_CARD not in repr(result)
    assert [loan.applicant_id for loan in result[2:]] == ["C-2", "C-3", "C-4", "C-5"]


def test_a_person_with_no_good_name_at_all_is_rejected_and_the_national_id_is_masked(tmp_path: Path) -> None:
    who = {"first_of": [{"column": "card", "kind": "national_id"}, "who"]}
    folder = mapped(tmp_path / "d", {"applicant_id": who})
    write_csv(
        folder / "loans.csv",
        [{**LOAN, "card": ID_CARD[:17] + "1", "who": ""}, {**LOAN, "no": "2", "card": "", "who": "NULL"}],
    )
    with open_store(tmp_path / "graph.db") as store:
        load_into(store, folder)
    first, second = rejects(folder)
    assert (first["line"], first["code"], first["problems"][0]["field"]) == (
        2,
        "unreadable_text",
        "applicant_id",
    )
    assert "is no national_id that passes its check" in first["problems"][0]["message"]
    assert first["row"]["applicant_id"] == "****"
    assert (second["line"], second["code"]) == (3, "missing")


def test_the_first_good_of_several_columns_is_taken(tmp_path: Path) -> None:
    columns = {
        "phone": {"first_of": ["mobile", "home"]},
        "amount": {"first_of": ["granted", "asked"], "constant": "1"},
        "applied_at": {
            "first_of": [{"column": "when", "time": "%Y/%m/%d"}, {"column": "when", "time": "%Y%m%d"}]
        },
    }
    rows = [
        {
            "mobile": "13800000000",
            "home": "15073157065",
            "granted": "unclear",
            "asked": "500元",
            "when": "2025/06/01",
        },
        {"mobile": "150****7065", "home": "", "granted": "400", "asked": "500", "when": "20250601"},
        {"mobile": "", "home": "", "granted": "", "asked": "", "when": "2025/06/01"},
    ]
    result = loans(tmp_path / "d", rows, columns)
    assert [of_kind(loan, IdentifierKind.PHONE) for loan in result] == [
        [("150****7065", True)],
        [("****", False)],
        [],
    ]
    assert [loan.amount for loan in result] == [500, 400, 1]
    assert len({loan.applied_at for loan in result}) == 1


def test_an_id_of_several_columns_keeps_them_apart_and_needs_them_all(tmp_path: Path) -> None:
    numbers = [{"branch": "1", "serial": "23"}, {"branch": "12", "serial": "3"}]
    result = loans(tmp_path / "d", numbers, {"application_id": {"columns": ["branch", "serial"]}})
    assert [loan.application_id for loan in result] == ["1-23", "12-3"]
    homes = [{"a": "湖南省长沙市", "b": "幸福路1-23号"}, {"a": "湖南省长沙市幸福路1-23号", "b": ""}]
    address = loans(tmp_path / "d", homes, {"address": {"columns": ["a", "b"]}})
    assert address[0].mentions == address[1].mentions != ()


# -- which rows


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"column": "sum", "at_least": "1000", "below": "5000"}, [1, 2]),
        ({"column": "sum", "above": "1,000元"}, [2, 3]),
        ({"column": "when", "at_least": "2025-02-01", "below": "2025-03-01"}, [1]),
        ({"column": "when", "at_most": "2025-02-01 10:00"}, [0, 1]),
        ({"column": "city", "starts_with": ["上", "北"]}, [0, 2]),
        ({"column": "city", "not_in": ["上海", ""]}, [2]),
        ({"column": "day", "time": "%d.%m.%Y", "above": "2025-02-01"}, [2, 3]),
    ],
)
def test_rows_are_chosen_by_ranges_sets_and_beginnings(tmp_path: Path, where: Row, found: list[int]) -> None:
    cities, sums = ("上海", "", "北京", "上海"), ("999.99", "1,000元", "4999.99", "5000")
    rows = [
        {"when": f"2025-0{n + 1}-01T10:00:00+08:00", "day": f"01.0{n + 1}.2025", "city": city, "sum": paid}
        for n, (city, paid) in enumerate(zip(cities, sums, strict=True))
    ]
    rows[3] |= {"city": ""}
    expected = [str(n) for n in found]
    assert [loan.application_id for loan in loans(tmp_path / "d", rows, {}, where=[where])] == expected


def test_a_cell_that_is_no_number_lies_in_no_range(tmp_path: Path) -> None:
    rows = [{"sum": cell} for cell in ("", "NULL", "much", "7")]
    for test in ("at_least", "at_most"):
        assert [
            loan.application_id
            for loan in loans(tmp_path / "d", rows, {}, where=[{"column": "sum", test: "7"}])
        ] == ["3"]


# -- a request means the same


def test_a_value_of_a_request_is_read_as_a_cell_of_a_delivery_is() -> None:
    row = {
        **LOAN,
        "application_id": "1",
        "applied_at": "2025-06-01",
        "applicant_id": "C-1",
        "platform_id": "us",
    }
    read = application(
        {**row, "amount": "1.2万元", "term_months": "12期", "birth_year": "1990-05-17"},
        parse_context(),
        APPLICATIONS,
    )
    assert (read.amount, read.term_months, read.birth_year) == (12_000, 12, 1990)


def test_months_in_gb18030_say_the_same_when_another_process_parses_them(tmp_path: Path) -> None:
    """A pattern, an encoding and joined columns travel to the process that parses ahead."""
    folder = mapped(
        tmp_path / "d",
        {"applied_at": {"columns": ["when", "clock"]}, "city": "城市"},
        "loans_*.csv",
        encoding="gb18030",
    )
    for month in (1, 2):
        (folder / f"loans_{month}.csv").write_bytes(
            f"no,when,clock,who,城市\nM{month},2025-0{month}-01,09:14,C,上海\n".encode("gb18030")
        )
    delivery = open_delivery(folder)
    here, there = (
        [fact for batch in read(delivery, [1], parse_context(), 10) for fact in batch.facts]
        for read in (batches, prefetch)
    )
    assert here == there
    assert [loan.city for loan in here] == ["上海", "上海"]
