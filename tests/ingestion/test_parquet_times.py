"""Times in parquet: beyond Python's calendar they cost their own row; where they do not say their zone, the
mapping does, or UTC is taken.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.model.errors import DeliveryError
from ingestion.loading.delivery import open_delivery
from tests.support.deliveries import NOW, deliver, load_into, rejects
from tests.support.stores import open_store

GOOD = int(datetime(2025, 6, 1, tzinfo=UTC).timestamp())
MICROS = 10**6


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "graph.db") as store:
        yield store


def applications(delivery, times, **how):
    """One application for each time, in applications.parquet."""
    ids = [f"A{n}" for n in range(len(times))]
    table = pa.table(
        {"application_id": ids, "applied_at": times, "applicant_id": ids, "platform_id": ["P1"] * len(ids)}
    )
    pq.write_table(table, delivery / "applications.parquet", **how)


@pytest.mark.parametrize(
    "times",
    [
        pa.array([GOOD * MICROS, GOOD * MICROS * 1000], pa.timestamp("us")),
        pa.array([GOOD * MICROS, 253_402_300_799 * MICROS], pa.timestamp("us", "Asia/Shanghai")),
        pa.array([GOOD * 1000, GOOD * MICROS], pa.timestamp("ms", "America/New_York")),
        pa.array([20_000, 3_000_000], pa.date32()),
        pa.array([GOOD * 1000 * MICROS, None], pa.timestamp("ns", "Mars/Phobos")),
    ],
    ids=[
        "year 58803",
        "the end of time in a zone",
        "milliseconds",
        "a date beyond 9999",
        "a zone that nobody knows",
    ],
)
def test_a_time_that_no_calendar_holds_costs_its_own_row(tmp_path, store, times):
    delivery = deliver(tmp_path / "delivery")
    applications(delivery, times)
    tally = load_into(store, delivery).tables["applications"]
    assert (tally.accepted, tally.rejected) == (1, 1)
    (line,) = rejects(delivery)
    assert (line["line"], line["code"]) in {(2, "unreadable_time"), (2, "in_the_future"), (2, "missing")}


def test_a_time_in_another_zone_is_the_same_moment(tmp_path, store):
    delivery = deliver(tmp_path / "delivery")
    applications(delivery, pa.array([GOOD * MICROS], pa.timestamp("us", "America/New_York")))
    load_into(store, delivery)
    assert store.view(NOW).application("A0").applied_at == datetime(2025, 6, 1, tzinfo=UTC)


INT96 = {"use_deprecated_int96_timestamps": True}


def test_the_old_times_of_96_bits_are_utc_as_spark_writes_them(tmp_path, store):
    delivery = deliver(tmp_path / "delivery")
    applications(delivery, pa.array([GOOD * MICROS, 253_402_300_799 * MICROS], pa.timestamp("us")), **INT96)
    opened = open_delivery(delivery)
    assert [opened.zone_is_guessed(feed) for feed in opened.feeds] == [(), ("applied_at",)]
    load_into(store, delivery)
    assert store.view(NOW).application("A0").applied_at == datetime(2025, 6, 1, tzinfo=UTC)
    assert [line["code"] for line in rejects(delivery)] == ["in_the_future"], (
        "the end of 9999 does not come round again as 1816"
    )


@pytest.mark.parametrize(("how", "hour"), [(INT96, 16), ({}, 16)], ids=["int96", "a time without an offset"])
def test_a_mapping_says_in_which_zone_a_column_of_times_was_written(tmp_path, store, how, hour):
    delivery = deliver(tmp_path / "delivery")
    applications(delivery, pa.array([GOOD * MICROS], pa.timestamp("us")), **how)
    columns = {name: name for name in ("application_id", "applicant_id", "platform_id")} | {
        "applied_at": {"column": "applied_at", "zone": "Asia/Shanghai"}
    }
    tables = [
        {"table": "platforms", "source": "platforms.csv"},
        {"table": "applications", "source": "applications.parquet", "columns": columns},
    ]
    (delivery / "mapping.yaml").write_text(json.dumps({"timezone": "UTC", "tables": tables}))
    opened = open_delivery(delivery)
    assert [opened.zone_is_guessed(feed) for feed in opened.feeds] == [(), ()]
    load_into(store, delivery)
    assert store.view(NOW).application("A0").applied_at == datetime(2025, 5, 31, hour, tzinfo=UTC)
    (delivery / "mapping.yaml").write_text(
        json.dumps({"tables": tables}).replace("Asia/Shanghai", "Asia/Shangri-La")
    )
    with pytest.raises(DeliveryError, match="column applied_at: unknown time zone"):
        open_delivery(delivery)


def test_a_form_of_times_reads_the_text_of_a_column_of_numbers(tmp_path, store):
    for name, times in (
        ("whole", pa.array([20250601])),
        ("gaps", pa.array([20250601.0])),
        ("text", pa.array(["20250601.0"])),
    ):
        delivery = deliver(tmp_path / name)
        applications(delivery, times)
        columns = {c: c for c in ("application_id", "applicant_id", "platform_id")} | {
            "applied_at": {"column": "applied_at", "time": "%Y%m%d"}
        }
        tables = [
            {"table": "platforms", "source": "platforms.csv"},
            {"table": "applications", "source": "applications.parquet", "columns": columns},
        ]
        (delivery / "mapping.yaml").write_text(json.dumps({"timezone": "UTC", "tables": tables}))
        tally = load_into(store, delivery).tables["applications"]
        assert (tally.accepted + tally.known, tally.rejected) == (1, 0), name
    assert store.view(NOW).application("A0").applied_at == datetime(2025, 6, 1, tzinfo=UTC)
