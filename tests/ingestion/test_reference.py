"""The reference names every column and every word there is, in and out, and nothing that is not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pytest

from graph.frame.neighbourhood import EVENT_KINDS
from graph.model.types import RingKind
from graph.rings.weekly.changes import STATES
from ingestion.contract import TABLES
from ingestion.identifiers.validity import Why
from ingestion.loading.batches import ParsedBatch
from ingestion.loading.checking import Check
from ingestion.loading.report import Report
from ingestion.parse_context import PLACEHOLDER
from ingestion.simulation.build import make_world
from ingestion.simulation.world_spec import WorldSpec
from ingestion.word_guide import WORDS
from investigations.review import ring_files
from scripts.tools.write_columns import page
from service.assessment.batches import work as batch_work
from tests.ingestion.test_checking import checked, delivery
from tests.support.deliveries import load_into
from tests.support.stores import open_store

DOCS = Path(__file__).parents[2] / "docs"
OUTPUTS = (DOCS / "outputs.md").read_text(encoding="utf-8")
RECORDS = (DOCS / "records.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, tuple[str, ...]]:
    """The first cells of a table of the page of outputs, by name."""
    part = OUTPUTS.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = ([cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines())
    return {cells[0].strip("`"): tuple(cells[1:]) for cells in lines if cells[0].startswith("`")}


def test_the_page_of_columns_is_what_the_contract_takes() -> None:
    assert (DOCS / "columns.md").read_text(encoding="utf-8") == page(), (
        "write it anew: .venv/bin/python -m scripts.tools.write_columns"
    )


def test_every_word_that_means_something_is_explained_and_no_other() -> None:
    lists = {
        f"{table.name}.{column.name}": column.words
        for table in TABLES.values()
        for column in table.columns
        if column.words
    }
    assert {name: tuple(words) for name, words in WORDS.items() if name != "events.kind"} == lists
    assert tuple(WORDS["events.kind"]) == EVENT_KINDS


@pytest.mark.parametrize(
    ("heading", "schema"),
    [
        ("`rings.parquet`", ring_files._RINGS),
        ("`members.parquet`", ring_files._MEMBERS),
        ("`changes.parquet`", ring_files._CHANGES),
        ("What `ringfence score` writes", batch_work.COLUMNS),
    ],
)
def test_every_column_of_an_output_is_in_the_reference_with_its_type(heading: str, schema: pa.Schema) -> None:
    assert {name: cells[0] for name, cells in rows(heading).items()} == {
        field.name: str(field.type) for field in schema
    }


@pytest.mark.parametrize(
    ("heading", "column", "words"),
    [
        ("`rings.parquet`", "state", set(STATES.values())),
        ("`rings.parquet`", "kind", {str(kind) for kind in RingKind}),
        ("`changes.parquet`", "change", {*STATES, "dissolved"}),
    ],
)
def test_the_words_of_an_output_are_those_of_the_reference(
    heading: str, column: str, words: set[str]
) -> None:
    named = " ".join(re.findall(r"`([a-z ]+)`", rows(heading)[column][1]))
    assert set(named.split()) == words


def test_the_truth_of_a_made_world_has_the_columns_of_the_reference(tmp_path: Path) -> None:
    make_world(WorldSpec(applicants=100, days=60, seed=1), tmp_path / "world")
    header = (tmp_path / "world" / "truth" / "applicants.csv").read_text(encoding="utf-8").splitlines()[0]
    assert list(rows("`truth/applicants.csv`")) == header.replace('"', "").split(",")


def test_the_keys_of_a_reject_are_those_of_the_reference(tmp_path: Path) -> None:
    with open_store(tmp_path / "graph.db") as store:
        load_into(store, delivery(tmp_path / "delivery"))
    line = json.loads((tmp_path / "report" / "rejects.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert list(rows("`rejects.jsonl`")) == list(line)


def test_every_figure_of_a_load_and_of_a_check_is_in_the_reference(tmp_path: Path) -> None:
    figures = [
        *Report(delivery="", mapping="").as_json(),
        *Check(report=Report(delivery="", mapping="")).as_json(),
    ]
    assert [name for name in figures if not re.search(rf"[` ]{name}[` ]", RECORDS)] == []


def test_every_reason_that_an_identifier_does_not_link_is_in_the_reference() -> None:
    assert [str(why) for why in (*Why, PLACEHOLDER) if f"`{why}`" not in RECORDS] == []


def test_every_code_of_a_rejected_row_is_in_the_reference() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (DOCS.parent / "ingestion").rglob("*.py"))
    raised = re.findall(r'RecordError\([^,()]*(?:\([^()]*\))?[^,()]*, "([a-z_]+)"', source)
    codes = {*raised, "row_too_long", "given_twice", "not_utf8", "unreadable_row"}
    assert "unreadable_time" in codes
    assert [code for code in sorted(codes) if f"`{code}`" not in RECORDS] == []


def test_a_check_shows_what_a_batch_counts(tmp_path: Path) -> None:
    """Whatever is counted of a batch reaches the figures."""
    assert {"unknown", "identifier_counts", "dropped", "words"} <= set(ParsedBatch.__slots__)
    result = checked(tmp_path, delivery(tmp_path / "delivery")).as_json()
    assert {"unknown_columns", "identifiers", "dropped_cells", "unknown_words"} <= set(result)
