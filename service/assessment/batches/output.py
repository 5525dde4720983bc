"""Where a batch's scores go: into a file, and into a casebook whose desk shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from graph.model.errors import SettingError
from investigations.last_scores import RecordedScore, ScoreSource
from service.opening import open_casebook
from service.table_files import FORMATS


@dataclass(frozen=True, slots=True)
class ScoresOut:
    """Where the scores of a batch go: a file to write, .parquet or .csv, and the URL of a casebook whose desk
    shows them (empty: none).

    Raises SettingError for a file that cannot be one of scores.
    """

    file: Path
    casebook: str = ""

    def __post_init__(self) -> None:
        refuse_other_formats(self.file)


def refuse_other_formats(file: Path) -> None:
    """Raise SettingError for a file that no table can be written to."""
    if file.is_dir():
        raise SettingError(f"{file} is a folder: name a file to write, .parquet or .csv")
    if file.suffix.lower() not in FORMATS:
        raise SettingError(
            f"{file}: tables are written as parquet or csv: name a file that ends in .parquet or .csv"
        )


def kept(chunks: Iterator[list[dict[str, Any]]], url: str, at: datetime) -> Iterator[list[dict[str, Any]]]:
    """The same chunks, each kept in a casebook as it passes; it is opened once the processes have begun, so
    that none of them inherits its connections.
    """
    first = list(islice(chunks, 1))
    with open_casebook(url) as casebook:
        for rows in chain(first, chunks):
            casebook.last_scores.keep(_recorded(row, at) for row in rows if row["score"] is not None)
            yield rows


def _recorded(row: Mapping[str, Any], at: datetime) -> RecordedScore:
    same = ("applicant_id", "application_id", "as_of", "model_version", "score", "probability", "decision")
    return RecordedScore(**{name: row[name] for name in same}, scored_at=at, source=ScoreSource.BATCH)
