"""Ids, numbers and flags mean one thing however a file or a JSON body writes them: every digit counts, and
nobody is called NULL.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.errors import RecordError
from graph.model.moments import read_moment
from ingestion.cells import id_of
from ingestion.digits import EXACT, Rounded, is_scientific, whole
from ingestion.exact_json import decoded, doubles
from ingestion.nulls import NULLS
from tests.support.deliveries import APPLICATION, NOW, SHANGHAI, deliver, load_into, rejects, write_parquet
from tests.support.stores import open_store

EDGES = [EXACT - 1, EXACT, EXACT + 1, 2**63, 2**64, 20261126000000000001, 10**40 + 1]

DEEP = 32  # groups and lists within one another that are read


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "graph.db") as store:
        yield store


# -- numbers that are ids


@pytest.mark.parametrize("number", EDGES)
def test_an_id_keeps_every_digit_of_a_json_number_also_beside_a_nan(number):
    for body in (f'{{"id": {number}}}', f'{{"id": {number}, "other": NaN}}'):
        assert id_of(decoded(body, nan=True, deepest=DEEP)["id"], "id") == str(number)


@pytest.mark.parametrize("number", EDGES)
def test_a_number_with_a_point_is_an_id_in_json_where_it_is_one_in_csv(number):
    text = f"{number}.0"
    value = decoded(f'{{"id": {text}}}', nan=False, deepest=DEEP)["id"]
    if is_scientific(whole(text)):
        with pytest.raises(RecordError, match="give ids as texts"):
            id_of(value, "id")
    else:
        assert id_of(value, "id") == id_of(text, "id") == str(number)


@given(st.integers(-(10**40), 10**40))
def test_an_id_from_a_decimal_is_all_its_digits_and_from_a_float_all_or_none(number):
    assert id_of(Decimal(f"{number}.00"), "id") == id_of(number, "id") == str(number)
    if abs(number) < EXACT:
        assert id_of(float(number), "id") == id_of(f"{number}.0", "id") == str(number)
    else:
        with pytest.raises(RecordError, match="give ids as texts"):
            id_of(float(number), "id")


@pytest.mark.parametrize(
    "raw",
    [
        "3.56938E+14",
        "2.0261126e+19",
        "1e20",
        "3,56938E+14",
        "3.56938×10^14",
        Rounded(3e14),
        1.5,
        float(EXACT),
    ],
)
def test_a_number_that_lost_digits_on_its_way_is_no_id(raw):
    with pytest.raises(RecordError) as error:
        id_of(raw, "applicant_id")
    assert (error.value.field, error.value.code) == ("applicant_id", "unreadable_text")


@pytest.mark.parametrize(
    "raw",
    ["12e45", "1e5", "9f3e14", "E14", "2024.10", "XXX00017", "12xx34", "1.0.0", "A1.0", "007", "L-1e20"],
)
def test_an_id_that_only_looks_like_such_a_number_stays_as_it_is(raw):
    assert id_of(raw, "id") == raw


@pytest.mark.parametrize(
    "raw", ["150****7065", "151xxxx7065", "XXXX7065", "C-88●●41", "C-88...", "C-88…", "C\ufffd8841"]
)
def test_a_masked_id_is_many_peoples_and_no_id(raw):
    with pytest.raises(RecordError):
        id_of(raw, "id")


def test_parquet_decimals_keep_ids_and_floats_keep_them_or_refuse_them(tmp_path, store):
    people = [Decimal("99990000000000000001"), Decimal("99990000000000000002")]
    folder = deliver(tmp_path / "exact")
    base = {"application_id": ["a", "b"], "applied_at": ["2025-06-01"] * 2, "platform_id": ["P1"] * 2}
    pq.write_table(
        pa.table(base | {"applicant_id": pa.array(people, pa.decimal128(38, 10))}),
        folder / "applications.parquet",
    )
    load_into(store, folder)
    assert [store.view(NOW).application(name).applicant_id for name in "ab"] == [
        "99990000000000000001",
        "99990000000000000002",
    ]
    for name, column in (
        ("double", pa.array([2.0**53, 2.0**60])),
        ("single", pa.array([2.0**24, 2.0**30], pa.float32())),
    ):
        folder = deliver(tmp_path / name / "delivery")
        pq.write_table(pa.table(base | {"applicant_id": column}), folder / "applications.parquet")
        load_into(store, folder)
        assert [(line["problems"][0]["field"], line["code"]) for line in rejects(folder)] == [
            ("applicant_id", "unreadable_text")
        ] * 2


def test_whole_numbers_that_a_data_frame_wrote_with_a_point_are_whole_numbers(tmp_path, store):
    row = {
        **APPLICATION,
        "application_id": "1001.0",
        "applicant_id": "501.0",
        "term_months": "12.0",
        "phone_three_element": "1.0",
        "birth_year": "1990.0",
    }
    label = {"application_id": "1001.0", "applicant_id": "", "label": "fraud", "known_at": "2025-07-01"}
    load_into(store, deliver(tmp_path / "delivery", applications=[row], labels=[label]))
    application = store.view(NOW).application("1001")
    assert (application.term_months, application.phone_three_element, application.birth_year) == (
        12,
        True,
        1990,
    )
    assert len(store.view(NOW).labels_of(["501"])["501"]) == 1


@pytest.mark.parametrize(("cell", "test"), [("1.0", "1"), ("1", "1.0"), ("1.0", "1.0")])
def test_a_filter_and_a_translation_take_one_and_one_point_nought_for_the_same(tmp_path, store, cell, test):
    folder = deliver(tmp_path / "delivery", labels=[{"no": "7.0", "bad": cell}, {"no": "8.0", "bad": "0.0"}])
    (folder / "labels.csv").rename(folder / "seen.csv")
    (folder / "mapping.yaml").write_text(
        f'tables:\n  - table: labels\n    source: seen.csv\n    where: [{{column: bad, is: "{test}"}}]\n    '
        f'constants: {{known_at: "2025-07-01"}}\n'
        f'    columns: {{application_id: no, label: {{column: bad, values: {{"{test}": fraud}}}}}}\n'
    )
    assert vars(load_into(store, folder).tables["labels"]) == {
        "read": 1,
        "accepted": 1,
        "known": 0,
        "rejected": 0,
    }


# -- moments

MIDNIGHT = datetime(2024, 3, 1, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-29T24:00:00",
        "2024-02-29 24:00",
        "20240229T240000",
        "2024-02-29T24:00:00.000+08:00",
        "2024-02-29t16:00:00z",
        "2024-03-01",
    ],
)
def test_24_o_clock_is_the_midnight_at_the_end_of_the_day_in_a_delivery(tmp_path, store, text):
    load_into(store, deliver(tmp_path / "delivery", applications=[APPLICATION | {"applied_at": text}]))
    [kept] = store.view(NOW).applications(NOW - timedelta(days=3650))
    assert kept.applied_at == MIDNIGHT
    assert read_moment(text, SHANGHAI) == MIDNIGHT, "what a command and the desk take it for"


@pytest.mark.parametrize("text", ["2024-02-29T24:00:01", "2024-02-29T24:01", "2024-02-29T25:00", "24:00"])
def test_a_minute_after_24_o_clock_is_no_moment(tmp_path, store, text):
    folder = deliver(tmp_path / "delivery", applications=[APPLICATION | {"applied_at": text}])
    load_into(store, folder)
    assert [line["code"] for line in rejects(folder)] == ["unreadable_time"]
    with pytest.raises(ValueError, match=r"hour|Invalid isoformat"):
        read_moment(text, SHANGHAI)


# -- ids that look the same


@pytest.mark.parametrize(
    "raw",
    [
        "C-8841\u200b",
        "\ufeffC-8841",
        "C-8841\xa0",
        "Ｃ－８８４１",
        "C\u00ad-8841",
        '="C-8841"',
        '"C-8841"',
        " C-8841\t",
    ],
)
def test_ids_that_look_the_same_are_the_same(raw):
    assert id_of(raw, "id") == "C-8841"


@pytest.mark.parametrize(
    ("one", "other"),
    [("C-8841", "c-8841"), ("A²", "A2"), ("①", "1"), ("0071", "71"), ("a b", "ab"), ("1-23", "12-3")],
)
def test_ids_that_look_different_are_different(one, other):
    assert id_of(one, "id") != id_of(other, "id")


@given(
    st.sampled_from(sorted(NULLS)),
    st.sampled_from(
        [
            str,
            str.upper,
            str.title,
            lambda w: f"({w})",
            lambda w: f"<{w}>",
            lambda w: f'"{w}"',
            lambda w: f" {w}\u200b",
        ]
    ),
)
def test_nobody_is_called_null(word, spelt):
    assert id_of(spelt(word), "id") is None


@pytest.mark.parametrize("raw", ["0", "TEST", "default", "Nanjing", "N", "no", "♥", "其他"])
def test_what_may_be_a_name_is_one(raw):
    assert id_of(raw, "id") == raw


# -- JSON


def test_a_key_given_twice_is_found_at_any_depth():
    value = decoded(
        '{"a": 1, "b": {"c": 1, "c": 1}, "list": [{"x": 1}, {"y": {"z": 1, "z": 2, "z": 3}}], "a": 2}',
        deepest=DEEP,
    )
    assert {(problem.field, problem.code) for problem in doubles(value)} == {
        ("a", "given_twice"), ("b.c", "given_twice"), ("list[1].y.z", "given_twice"),
    }  # fmt: skip
    assert doubles(decoded('{"a": {"c": 1}, "b": {"c": 1}}', deepest=DEEP)) == []


def test_a_row_of_a_delivery_that_names_a_column_twice_is_rejected_with_the_column(tmp_path, store):
    folder = deliver(tmp_path / "delivery")
    lines = [
        '{"merchant_id": "M1", "city": "a", "city": "b"}',
        '{"merchant_id": "M2", "more": {"x": 1, "x": 1}}',
        '{"merchant_id": "M3"}',
    ]
    (folder / "merchants.jsonl").write_text("\n".join(lines))
    assert load_into(store, folder).tables["merchants"].accepted == 1
    assert [(line["code"], line["problems"][0]["field"]) for line in rejects(folder)] == [
        ("given_twice", "city"),
        ("given_twice", "more.x"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 5000,
        '{"a": "\\ud800"}',
        '{"\\udc00": 1}',
        "{",
        "",
        "NaN",
        '{"a": Infinity}',
        "1" * 5000,
        "\ufeff{}",
    ],
)
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        decoded(text, deepest=DEEP)


# -- rejects


def test_a_dropped_cell_of_parquet_and_of_csv_is_counted_alike(tmp_path, store):
    rows = [{**APPLICATION, "application_id": f"A{n}", "amount": "many"} for n in range(3)]
    by_csv = load_into(store, deliver(tmp_path / "csv", applications=rows))
    folder = deliver(tmp_path / "parquet")
    write_parquet(folder / "applications.parquet", rows)
    by_parquet = load_into(store, folder)
    assert (
        by_csv.as_json()["dropped_cells"]
        == by_parquet.as_json()["dropped_cells"]
        == {"applications": {"amount": {"unreadable_number": 3}}}
    )
    assert by_parquet.tables["applications"].known == 3
