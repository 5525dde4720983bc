"""Tables of a database come in as files do: only read, in an order that stays, every bad row with its number,
no cell larger than it may be.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from graph.model.errors import DeliveryError, RingfenceError
from graph.model.types import IdentifierKind
from ingestion.loading.batches import batches
from ingestion.loading.delivery import open_delivery
from ingestion.loading.load import load
from ingestion.loading.prefetch import prefetch
from ingestion.loading.report import Report
from ingestion.sources import databases
from ingestion.sources.limits import DeliveryLimits
from tests.support.deliveries import NOW, parse_context
from tests.support.stores import open_store

PHONE = "15073157065"
MONEY = "principal NUMERIC(12,2)"
LOANS = (
    "CREATE TABLE loans (no INTEGER PRIMARY KEY, created TIMESTAMP, cust VARCHAR(20), mobile VARCHAR(20), "
    f"{MONEY}, note TEXT, secret TEXT)"
)
MAPPING = {
    "timezone": "Asia/Shanghai",
    "tables": [
        {"table": "platforms", "rows": [{"platform_id": "us", "type": "other"}]},
        {
            "table": "applications",
            "source": "loans",
            "constants": {"platform_id": "us"},
            "columns": {
                "application_id": "no",
                "applied_at": "created",
                "applicant_id": "cust",
                "phone": "mobile",
                "amount": "principal",
                "product": "note",
            },
        },
    ],
}


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, of each kind that is tried."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres"))
    sqlite3.connect(tmp_path / "source.db").close()
    return f"sqlite:///{tmp_path}/source.db"


def tell(url: str, *statements: str, rows: tuple[dict[str, object], ...] = ()) -> None:
    """What the database's owner did."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        for row in rows:
            connection.execute(
                sa.text(
                    f"INSERT INTO loans ({', '.join(row)}) VALUES ({', '.join(':' + name for name in row)})"
                ),
                row,
            )
    engine.dispose()


def loan(number: int, **more: object) -> dict[str, object]:
    return {
        "no": number,
        "created": "2025-06-01 10:00:00",
        "cust": f"C-{number}",
        "mobile": PHONE,
        "principal": 1234.5,
        "note": "现金",
        "secret": "x",
        **more,
    }


def mapping(tmp_path: Path, **more: object) -> str:
    report = json.loads(json.dumps(MAPPING))
    report["tables"][1] |= more
    (tmp_path / "mapping.yaml").write_text(json.dumps(report))
    return str(tmp_path / "mapping.yaml")


def loaded(tmp_path: Path, url: str, mapped: str | None, store: object = None) -> Report:
    with open_store(tmp_path / "graph.db") as opened:
        return load(open_delivery(url, mapped), opened, parse_context(), report_to=tmp_path / "report")


def test_the_rows_of_a_table_become_facts_and_again_add_nothing(tmp_path: Path, url: str) -> None:
    tell(url, LOANS, rows=(loan(2), loan(1), loan(3, mobile="", principal=None)))
    report = loaded(tmp_path, url, mapping(tmp_path))
    assert vars(report.tables["applications"]) == {"read": 3, "accepted": 3, "known": 0, "rejected": 0}
    assert report.unknown_columns["applications"] == {"secret": 3}
    with open_store(tmp_path / "graph.db") as store:
        result = store.view(NOW).application("1")
        assert (result.applied_at, result.amount, result.product) == (
            datetime(2025, 6, 1, 2, tzinfo=UTC),
            1234.5,
            "现金",
        )
        assert [m.identifier.kind for m in result.mentions] == [IdentifierKind.PHONE]
    assert vars(loaded(tmp_path, url, mapping(tmp_path)).tables["applications"]) == {
        "read": 3,
        "accepted": 0,
        "known": 3,
        "rejected": 0,
    }


def test_a_view_and_several_tables_by_a_pattern_are_sources(tmp_path: Path, url: str) -> None:
    statements = [
        LOANS,
        "CREATE VIEW big_loans AS SELECT * FROM loans WHERE no > 1",
        "CREATE TABLE small_loans AS SELECT * FROM loans WHERE no = 1",
    ]
    tell(url, LOANS, rows=(loan(1), loan(2)))
    tell(url, *statements[1:])
    assert loaded(tmp_path, url, mapping(tmp_path, source="big_loans")).tables["applications"].accepted == 1
    assert vars(loaded(tmp_path, url, mapping(tmp_path, source="*_loans")).tables["applications"]) == {
        "read": 2,
        "accepted": 1,
        "known": 1,
        "rejected": 0,
    }


def test_a_bad_row_is_rejected_by_its_number_in_the_order_of_the_key(tmp_path: Path, url: str) -> None:
    tell(url, LOANS, rows=(loan(3), loan(2, cust=None), loan(1)))
    loaded(tmp_path, url, mapping(tmp_path))
    (bad,) = [
        json.loads(line)
        for line in (tmp_path / "report" / "rejects.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert (bad["source"], bad["line"], bad["code"], bad["problems"][0]["field"]) == (
        "loans",
        2,
        "missing",
        "applicant_id",
    )
    assert PHONE not in json.dumps(bad)


def test_a_cell_that_is_too_long_costs_its_row_and_an_unread_one_stays_where_it_is(
    tmp_path: Path, url: str
) -> None:
    tell(url, LOANS, rows=(loan(1, note="n" * 5_000), loan(2, secret="s" * 5_000), loan(3)))
    delivery = open_delivery(url, mapping(tmp_path), DeliveryLimits(row_bytes=1_000))
    rows = list(delivery.records(delivery.feeds[1]))
    assert [(row.line, row.code) for row in rows] == [(1, "row_too_long"), (2, ""), (3, "")]
    assert rows[1].cells["secret"] is True
    assert max(row.weight for row in rows) < 1_000


def test_moments_beyond_any_calendar_cost_their_own_rows(tmp_path: Path, postgres: str) -> None:
    tell(
        postgres,
        LOANS.replace("TIMESTAMP", "TIMESTAMPTZ"),
        rows=(loan(1, created="infinity"), loan(2, created="0044-03-15 BC"), loan(3)),
    )
    report = loaded(tmp_path, postgres, mapping(tmp_path))
    assert (report.tables["applications"].accepted, report.rejects) == (
        1,
        {("applications", "unreadable_time"): 2},
    )


def test_every_type_of_a_column_is_read_for_what_it_says(tmp_path: Path, postgres: str) -> None:
    types = (
        "a BIGINT, b NUMERIC, c REAL, d DOUBLE PRECISION, e BOOLEAN, f DATE, g TIMESTAMPTZ, h UUID, i "
        "JSONB, j BYTEA, k TEXT[], l CHAR(4)"
    )
    values = (
        "9007199254740993, 6214832065674315435, 33554432, 0.5, true, '2025-06-01', '2025-06-01 10:00+08', "
        "'c2ff6148-02a7-f339-c2ff-614802a7f339'"
    )
    tell(
        postgres,
        f"CREATE TABLE odd ({types})",
        f"INSERT INTO odd VALUES ({values}, '{{\"a\": 1}}', 'abc', '{{x}}', 'ab')",
    )
    source = databases.open_source(postgres, "odd", ["odd"], databases.tables_in(postgres), DeliveryLimits())
    (row,) = source.records(source.columns)
    assert (row.cells["a"], row.cells["b"], row.cells["d"], row.cells["e"]) == (
        9007199254740993,
        Decimal("6214832065674315435"),
        0.5,
        True,
    )
    assert type(row.cells["c"]).__name__ == "Rounded"
    assert row.cells["f"].date() == date(2025, 6, 1)
    assert row.cells["g"] == datetime(2025, 6, 1, 2, tzinfo=UTC)
    assert (row.cells["h"], row.cells["i"], row.cells["k"]) == (
        "c2ff6148-02a7-f339-c2ff-614802a7f339",
        '{"a": 1}',
        "{x}",
    )


def test_a_sqlite_file_holds_what_it_likes_and_only_bad_rows_pay(tmp_path: Path) -> None:
    path = tmp_path / "odd.db"
    with sqlite3.connect(path) as connection:
        connection.execute(LOANS)
        connection.execute(
            "INSERT INTO loans VALUES (1, 1748772000, 7, CAST(x'ff31' AS TEXT), '1,234元', NULL, NULL)"
        )
        connection.execute(
            "INSERT INTO loans VALUES (2, '2025-06-01', 7.0, 15073157065, '1,234元', x'e78eb0', NULL)"
        )
    connection.close()
    report = loaded(tmp_path, f"sqlite:///{path}", mapping(tmp_path))
    assert report.rejects == {("applications", "not_utf8"): 1}
    with open_store(tmp_path / "graph.db") as store:
        result = store.view(NOW).application("2")
        assert (result.applicant_id, result.amount, result.product, len(result.mentions)) == (
            "7",
            1234,
            "现",
            1,
        )


def test_loading_writes_nothing_into_the_database(tmp_path: Path) -> None:
    path = tmp_path / "source.db"
    tell(f"sqlite:///{path}", LOANS, rows=(loan(1),))
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    loaded(tmp_path, f"sqlite:///{path}", mapping(tmp_path))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    with (
        databases._connected(f"sqlite:///{path}") as connection,
        pytest.raises(sa.exc.OperationalError, match="readonly"),
    ):
        connection.exec_driver_sql("DELETE FROM loans")


def test_postgresql_is_only_read(postgres: str) -> None:
    tell(postgres, LOANS)
    with databases._connected(postgres) as connection, pytest.raises(sa.exc.InternalError, match="read-only"):
        connection.exec_driver_sql("DELETE FROM loans")


def test_without_a_mapping_the_tables_that_bear_our_names_are_read(tmp_path: Path, url: str) -> None:
    tell(
        url,
        "CREATE TABLE platforms (platform_id VARCHAR(9), type VARCHAR(9))",
        "INSERT INTO platforms VALUES ('P1', 'other')",
        "CREATE TABLE else_ (x INTEGER)",
    )
    report = loaded(tmp_path, url, None)
    assert {name: tally.accepted for name, tally in report.tables.items()} == {"platforms": 1}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"source": "lones"}, "there is no table lones; there are loans"),
        (
            {"columns": {**MAPPING["tables"][1]["columns"], "amount": "sum"}},
            "loans: the column sum is missing",
        ),
        ({"encoding": "gbk"}, "a database says itself how its texts are written"),
    ],
)
def test_a_mapping_that_does_not_fit_the_database_is_refused(
    tmp_path: Path, more: dict[str, object], says: str
) -> None:
    tell(f"sqlite:///{tmp_path}/source.db", LOANS)
    with pytest.raises(DeliveryError, match=says):
        open_delivery(f"sqlite:///{tmp_path}/source.db", mapping(tmp_path, **more))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:///nowhere.db", "there is no database nowhere.db"),
        ("postgresql://somebody:hunter2secret@127.0.0.1:1/lending", "lending: the database cannot be read"),
        ("oracle+nothing://x/y", "needs its driver"),
        ("sqlite:///{}/empty.db", "none of its tables is one of ours"),
    ],
)
def test_a_database_that_cannot_be_read_is_refused_without_its_password(
    tmp_path: Path, url: str, says: str
) -> None:
    sqlite3.connect(tmp_path / "empty.db").close()
    with pytest.raises(DeliveryError, match=says) as refused:
        open_delivery(url.format(tmp_path))
    assert "hunter2" not in str(refused.value)


def test_a_database_that_stops_answering_ends_the_load(tmp_path: Path) -> None:
    tell(f"sqlite:///{tmp_path}/source.db", LOANS, rows=(loan(1),))
    delivery = open_delivery(f"sqlite:///{tmp_path}/source.db", mapping(tmp_path))
    tell(f"sqlite:///{tmp_path}/source.db", "DROP TABLE loans")
    with (
        open_store(tmp_path / "graph.db") as store,
        pytest.raises(RingfenceError, match="loans: the database stopped answering"),
    ):
        load(delivery, store, parse_context(), report_to=tmp_path / "report")
    assert "source.db" not in repr(delivery.sources["loans"])


def test_another_process_reads_the_same_rows_of_a_database(tmp_path: Path, url: str) -> None:
    tell(url, LOANS, rows=(loan(1), loan(2, cust=None), loan(3)))
    delivery = open_delivery(url, mapping(tmp_path))
    here, there = (
        [(batch.facts, batch.read) for batch in read(delivery, [1], parse_context(), 10)]
        for read in (batches, prefetch)
    )
    assert here == there
    assert [len(facts) for facts, _ in here] == [2]
