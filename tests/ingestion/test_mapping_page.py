"""The page on mappings names every word that a mapping may say, and its example works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ingestion.cells import EPOCH_UNITS
from ingestion.identifiers.hashes import SCHEMES
from ingestion.mappings import column_reading, conditions, feed_reading, mapping
from ingestion.sources.readers import FOREIGN_SUFFIXES
from ingestion.sources.recoding import DELIMITERS, ENCODINGS

PAGE = (Path(__file__).parents[2] / "docs" / "mappings.md").read_text(encoding="utf-8")
WORDS = (
    mapping._KEYS
    | feed_reading._FEED_KEYS
    | column_reading._CELL_KEYS
    | column_reading._FIRST_OF
    | column_reading._EXTRA_KEYS
    | conditions._KEYS
) - {"about"}


@pytest.mark.parametrize(
    "word", sorted({*WORDS, *ENCODINGS, *DELIMITERS, *SCHEMES, *(f"epoch_{unit}" for unit in EPOCH_UNITS)})
)
def test_every_word_of_a_mapping_is_on_its_page(word: str) -> None:
    assert re.search(rf"(?<![\w-]){re.escape(word.removesuffix('NAME'))}(?![\w])", PAGE), word


def test_every_ending_of_a_file_is_on_the_page() -> None:
    assert [ending for ending in FOREIGN_SUFFIXES if ending.removesuffix(".gz") not in PAGE] == []


def test_the_example_of_the_page_is_a_mapping_that_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "mapping.yaml").write_text(
        re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1], encoding="utf-8"
    )
    mapped = mapping.read_mapping(tmp_path / "mapping.yaml")
    assert [feed.table.name for feed in mapped.feeds] == ["platforms", "applications", "labels"]
