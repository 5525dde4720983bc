"""A proposed mapping: as a file with the reason for each line, and in figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ingestion.contract import TABLES
from ingestion.excerpts import plain
from ingestion.suggest.drafts import Draft

ZONE = "Asia/Shanghai"


@dataclass(kw_only=True)
class Suggestion:
    """A mapping that is proposed, and what could not be placed: (file, column, why), with no column for a
    whole file.
    """

    drafts: list[Draft] = field(default_factory=list)
    unplaced: list[tuple[str, str, str]] = field(default_factory=list)

    def as_yaml(self) -> str:
        """The mapping as a file, with the reason for each line, and what could not be placed."""
        order = list(TABLES)
        parts = [draft.yaml() for draft in sorted(self.drafts, key=lambda draft: order.index(draft.table))]
        notes = [
            f"#   {plain(file)}{f', {plain(column)}' if column else ''}: {why}"
            for file, column, why in self.unplaced
        ]
        head = [
            (
                "# Proposed from the names and values of the columns: read every line, then try it with "
                "`--check`."
            ),
            "name: suggested",
            f"timezone: {ZONE}  # of times without an offset",
        ]
        if not parts:
            head += ["# Nothing could be proposed.", "tables: []"]
        tables = ["tables:", *parts] if parts else []
        return "\n".join([*head, *tables, *(["", "# Not placed:", *notes] if notes else [])]) + "\n"

    def as_json(self) -> dict[str, Any]:
        """What was proposed and what not, in figures."""
        return {
            "tables": [
                {
                    "table": d.table,
                    "source": list(d.foreign.source) if d.foreign else [],
                    "columns": len(d.columns),
                }
                for d in self.drafts
            ],
            "not_placed": [
                {"file": plain(file), "column": plain(column), "why": why}
                for file, column, why in self.unplaced
            ],
        }
