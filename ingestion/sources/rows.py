"""Records: the rows of a file, and the inspection of a file as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ingestion.sources.recoding import UTF8, Format

TOO_LONG = "row_too_long"  # a row of which nothing is held
GIVEN_TWICE = "given_twice"  # a JSON object of which nobody knows what it says


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a file: `line` counts from 1 (in parquet, rows do); a row that cannot be read has a `code`
    and no cells.

    `part` is the file of a table that is a folder of files, empty where the table is one file. `weight`:
    about how many bytes the row is. `twice`: keys of a JSON object that stand twice in it, by their paths.
    """

    line: int
    cells: dict[str, Any]
    code: str = ""
    part: str = ""
    weight: int = field(default=0, compare=False)
    twice: tuple[str, ...] = ()


class RowRange(NamedTuple):
    """Rows of a parquet file that can be read without the others: its row groups from `first` up to `end`,
    which is no more of them, and how many rows come `before`.
    """

    first: int
    end: int
    before: int


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file holds, from reading it once to its end: `utf8` is False when some row is not (once its
    `form` was undone).

    `int96`: its columns of the old times of 96 bits, which do not say in which zone they are. `ranges`: of a
    parquet file those that are read, one after the other.
    """

    columns: tuple[str, ...]
    rows: int
    utf8: bool = True
    int96: tuple[str, ...] = ()
    form: Format = UTF8
    ranges: tuple[RowRange, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell that no Python value can stand for, such as a time of the year 58803; `text` shows it."""

    text: str

    def __str__(self) -> str:
        return self.text


# what nothing is made of, in whatever file: what is in it is not kept
NESTED = Unreadable("a list or a group")
