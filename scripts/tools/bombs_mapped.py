"""Deliveries whose mapping makes much of little: in another encoding, of one column many times, by numbers
that are hard to read.
"""

from __future__ import annotations

import gzip
from pathlib import Path

_HEADER = "event_id,kind,at,applicant_id,amount\n"
_AT = "2025-06-02T08:00:00+08:00"
_MILLION = 1_000_000


def _mapped(folder: Path, source: str, more: str) -> None:
    (folder / "mapping.yaml").write_text(
        f"tables: [{{table: platforms, source: platforms.csv}}, {{table: events, source: {source}, {more}}}]"
    )


def a_line_of_gb18030(folder: Path) -> None:
    """60 MB of one line of Chinese characters, which are 90 MB in UTF-8, and a good line after it."""
    _mapped(folder, "events.csv.gz", "encoding: gb18030")
    with gzip.open(folder / "events.csv.gz", "wb", compresslevel=1) as file:
        file.write(_HEADER.encode("gb18030"))
        for _ in range(60):
            file.write("长".encode("gb18030") * (_MILLION // 2))
        file.write(f"\nE1,login,{_AT},U1,5\n".encode("gb18030"))


def one_long_cell_1900_times_in_an_id(folder: Path) -> None:
    """An id that is put together from one column of nearly a megabyte, 1,900 times."""
    columns = (
        f"{{event_id: {{columns: [{', '.join(['event_id'] * 1_900)}]}}, kind: kind, at: at, applicant_id: "
        f"applicant_id}}"
    )
    _mapped(folder, "events.csv", f"columns: {columns}")
    (folder / "events.csv").write_text(_HEADER + f"{'x' * _MILLION},login,{_AT},U1,5\n" * 40)


def a_fall_back_to_one_column_3000_times(folder: Path) -> None:
    """The first good one of 3,000."""
    columns = (
        f"{{event_id: {{first_of: [{', '.join(['event_id'] * 3_000)}]}}, kind: kind, at: at, applicant_id: "
        f"applicant_id}}"
    )
    _mapped(folder, "events.csv", f"columns: {columns}")
    (folder / "events.csv").write_text(_HEADER + f"E1,login,{_AT},U1,5\n")


def numbers_of_a_million_blanks(folder: Path) -> None:
    """Amounts that may have a unit, far behind."""
    (folder / "events.csv").write_text(
        _HEADER + "".join(f"E{n},login,{_AT},U1,5{' ' * _MILLION}x\n" for n in range(40))
    )
