"""Size limits of a delivery: what exceeds one is refused with a message that names the setting, or rejected
as a row.
"""

from __future__ import annotations

from dataclasses import dataclass

from graph.model.errors import DeliveryError

SETTING = "RINGFENCE_DELIVERY_"  # and the limit's name in capitals
COLUMN_NAME = 256  # characters
FOLDERS_DEEP = 16  # folders within one another
JSON_DEEP = 32  # groups and lists within one another
HELD = 16 << 20  # bytes of rows that are worked on at once: longer rows make smaller batches
CELL = 32  # bytes that a cell counts for, however short
_SAYS = {
    "columns": "columns",
    "parts": "files and folders",
    "file_rows": "rows",
    "file_bytes": "bytes when it is unpacked",
    "page_bytes": (
        "bytes of pages that must be held at once, the largest of each column (write smaller pages or row "
        "groups)"
    ),
    "mapping_bytes": "bytes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLimits:
    """`row_bytes`: the longest line of csv and JSON and the longest cell of parquet; `parts`: of a folder and
    of a table; `rejects_bytes`: of `rejects.jsonl`, beyond which bad rows are only counted; all else is of
    one file.
    """

    row_bytes: int = 1 << 20
    columns: int = 2_000
    parts: int = 10_000
    file_rows: int = 200_000_000
    file_bytes: int = 64 << 30
    page_bytes: int = 128 << 20
    mapping_bytes: int = 512 << 10
    rejects_bytes: int = 1 << 30

    def check(self, what: str, limit: str, result: int) -> None:
        """Raise DeliveryError where the file `what` has more than the limit of that name lets it have."""
        most = getattr(self, limit)
        if result > most:
            raise DeliveryError(
                f"{what} has more than {most:,} {_SAYS[limit]}: {SETTING}{limit.upper()} sets how many are "
                "read"
            )

    def check_columns(self, what: str, names: tuple[str, ...]) -> None:
        """Raise DeliveryError for more columns, or longer names of columns, than any table has."""
        self.check(what, "columns", len(names))
        if any(len(name) > COLUMN_NAME for name in names):
            raise DeliveryError(f"{what}: the name of a column is longer than {COLUMN_NAME} characters")


DEFAULT = DeliveryLimits()
