"""A table may be a folder of parts, as Spark and Hive write it; what bears the name of a table and cannot be
read is never passed over.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.model.errors import DeliveryError
from ingestion.loading.batches import batches
from ingestion.loading.delivery import open_delivery
from ingestion.loading.prefetch import prefetch
from tests.support.deliveries import (
    APPLICATION,
    NOW,
    deliver,
    load_into,
    parse_context,
    rejects,
    write_csv,
    write_parquet,
)
from tests.support.stores import open_store

LABEL = {"application_id": "A1", "label": "fraud", "known_at": "2025-07-01"}
LOGIN = {"kind": "login", "at": "2025-06-02T08:00:00+08:00", "applicant_id": "U1"}


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "graph.db") as store:
        yield store


def folder_of(delivery: Path, name: str) -> Path:
    folder = delivery / name
    folder.mkdir(parents=True)
    return folder


def test_the_parts_that_spark_writes_are_one_table(tmp_path, store):
    delivery = deliver(tmp_path / "delivery", applications=[APPLICATION])
    labels = folder_of(delivery, "labels.parquet")
    for part, source in enumerate(("desk", "collections")):
        write_parquet(labels / f"part-0000{part}-c000.snappy.parquet", [{**LABEL, "source": source}])
    (labels / "_SUCCESS").touch()
    (labels / ".part-00000-c000.snappy.parquet.crc").write_bytes(b"crc")
    report = load_into(store, delivery)
    assert (report.tables["labels"].accepted, report.left_out) == (2, ())
    assert {label.source for label in store.view(NOW).labels_of(["U1"])["U1"]} == {"desk", "collections"}


def test_the_folders_that_hive_writes_say_what_their_rows_do_not(tmp_path, store):
    delivery = deliver(tmp_path / "delivery")
    for day, city in (("2025-06-02", "%E9%95%BF%E6%B2%99"), ("2025-06-03", "__HIVE_DEFAULT_PARTITION__")):
        part = folder_of(delivery, f"logins/day={day}/city={city}")
        write_parquet(part / "000000_0.parquet", [{"who": "U1"}])
    (delivery / "mapping.yaml").write_text(
        "tables:\n  - {table: events, source: logins, constants: {kind: login}, attributes: [city], "
        "columns: {at: day, applicant_id: who}}\n"
    )
    load_into(store, delivery)
    late, early = store.view(NOW).events_of(["U1"])["U1"]
    assert [event.at.isoformat() for event in (early, late)] == [
        "2025-06-01T16:00:00+00:00",
        "2025-06-02T16:00:00+00:00",
    ]
    assert (early.attributes, late.attributes) == ((("city", "长沙"),), ())


def test_parts_may_be_of_any_format_and_a_part_without_rows_may_be_empty(tmp_path, store):
    delivery = deliver(tmp_path / "delivery")
    events = folder_of(delivery, "events")
    write_csv(events / "part-0.csv", [{**LOGIN, "ip": "58.4.15.178"}])
    write_csv(events / "part-1.csv", [{**LOGIN, "applicant_id": "U2"}])
    (events / "part-2.csv").touch()
    (events / "part-3.json").write_text(json.dumps(LOGIN | {"applicant_id": "U3"}))
    (events / "part-4.jsonl.gz").write_bytes(
        gzip.compress(json.dumps(LOGIN | {"applicant_id": "U4"}).encode())
    )
    assert load_into(store, delivery).tables["events"].accepted == 4
    assert store.view(NOW).events_of(["U1"])["U1"][0].mentions[0].identifier.masked == "58.4.*.*"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda d: folder_of(d, "labels.parquet"), "labels.parquet is a folder without a part"),
        (
            lambda d: (folder_of(d, "labels.parquet") / "_SUCCESS").touch(),
            "labels.parquet is a folder without a part",
        ),
        (
            lambda d: (folder_of(d, "labels") / "part-0.orc").touch(),
            "labels/part-0.orc: a part in a format that is not read",
        ),
        (lambda d: (folder_of(d, "labels") / "_delta_log").mkdir(), "a table of Delta"),
        (
            lambda d: write_csv(folder_of(d, "applications") / "part-0.csv", [APPLICATION]),
            "applications is there twice",
        ),
        (
            lambda d: write_csv(folder_of(d, "customers.csv") / "part-0.csv", [APPLICATION]),
            "customers.csv is no table of the contract",
        ),
        (
            lambda d: write_csv(
                folder_of(d, "labels") / "part-0.csv", [{"label": "fraud", "known_at": "2025-07-01"}]
            ),
            "application_id or applicant_id",
        ),
        (
            lambda d: write_csv(folder_of(d, "november") / "labels.csv", [LABEL]),
            "november/labels.csv bears the name of a table",
        ),
        (
            lambda d: (d / "labels.csv").symlink_to(d / "gone.csv"),
            "labels.csv is a link, and links in a delivery are not followed",
        ),
        (lambda d: (d / "labels").touch(), "labels is a table in a format that is not read"),
        (lambda d: (d / "Labels.xlsx").touch(), "Labels.xlsx is a table in a format that is not read"),
        (
            lambda d: write_csv(folder_of(d, "Labels") / "part-0.csv", [LABEL]),
            "Labels is no table: labels is",
        ),
    ],
)
def test_what_bears_the_name_of_a_table_and_cannot_be_read_is_refused(tmp_path, spoil, says):
    delivery = deliver(tmp_path / "delivery", applications=[APPLICATION])
    spoil(delivery)
    with pytest.raises(DeliveryError, match=says):
        open_delivery(delivery)


def test_one_part_without_a_required_column_is_refused_though_the_others_have_it(tmp_path):
    delivery = deliver(tmp_path / "delivery", applications=[APPLICATION])
    outcomes = folder_of(delivery, "outcomes")
    write_csv(outcomes / "part-0.csv", [{"application_id": "A1", "status": "disbursed", "at": "2025-06-02"}])
    write_csv(outcomes / "part-1.csv", [{"application_id": "A1", "at": "2025-06-03"}])
    with pytest.raises(DeliveryError, match="status"):
        open_delivery(delivery)


def test_a_folder_that_is_no_table_is_named_as_left_out(tmp_path, store):
    delivery = deliver(tmp_path / "delivery", applications=[APPLICATION])
    (folder_of(delivery, "pictures") / "map.png").touch()
    assert load_into(store, delivery).left_out == ("pictures/",)


def test_a_bad_row_of_a_part_names_the_part_also_when_another_process_read_it(tmp_path, store):
    delivery = deliver(tmp_path / "delivery")
    labels = folder_of(delivery, "labels")
    write_csv(labels / "part-0.csv", [LABEL, {**LABEL, "known_at": "soon"}])
    load_into(store, delivery)
    assert [(line["source"], line["line"]) for line in rejects(delivery)] == [("labels/part-0.csv", 3)]
    opened = open_delivery(delivery)
    (feed,) = [n for n, feed in enumerate(opened.feeds) if feed.table.name == "labels"]
    for read in (batches, prefetch):
        (batch,) = read(opened, [feed], parse_context(), 10)
        assert [record.part for record in batch.good()] == ["labels/part-0.csv"]


def test_a_column_of_the_rows_stands_where_a_folder_says_the_same(tmp_path, store):
    delivery = deliver(tmp_path / "delivery")
    write_csv(folder_of(delivery, "events/kind=transfer") / "part-0.csv", [LOGIN])
    load_into(store, delivery)
    assert store.view(NOW).events_of(["U1"])["U1"][0].kind == "login"


def test_a_column_that_nobody_reads_is_counted_and_not_turned_into_values(tmp_path, store):
    delivery = deliver(tmp_path / "delivery")
    far = pa.array([None, 253_402_300_799 * 10**6], pa.timestamp("us", "Asia/Shanghai"))
    pq.write_table(pa.table({"merchant_id": ["M1", "M2"], "valid_to": far}), delivery / "merchants.parquet")
    report = load_into(store, delivery)
    assert (report.tables["merchants"].accepted, report.unknown_columns["merchants"]) == (2, {"valid_to": 1})
