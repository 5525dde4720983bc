"""Write docs/columns.md: every column of the records with what it holds, and every word that means something,
from the contract itself.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from graph.model.types import IdentifierKind, Role
from ingestion.column_guide import GUIDE
from ingestion.contract import TABLES, Cell, Column
from ingestion.word_guide import WORDS
from scripts.tools.prose import wrapped

PAGE = Path(__file__).resolve().parents[2] / "docs" / "columns.md"
OPENING = """# Columns and words

Every column of every table of the [records](records.md), and every word that means something.
Columns with * are required.
This page is written by `python -m scripts.tools.write_columns`.
"""
# what a column says that elsewhere says something else
_OTHERWISE = {("merchants", "city"): "Where the shop is."}
_HOLDS = {
    Cell.ID: "id",
    Cell.TEXT: "text",
    Cell.WORD: "word",
    Cell.TIME: "time",
    Cell.AMOUNT: "number, not negative",
    Cell.SHARE: "number, 0 to 1",
    Cell.WHOLE: "whole number",
    Cell.FLAG: "true or false",
    Cell.IDENTIFIER: "identifier",
}


def main() -> int:
    """Exit status: 0 written."""
    argparse.ArgumentParser(
        description=__doc__, epilog="example: .venv/bin/python -m scripts.tools.write_columns"
    ).parse_args()
    PAGE.write_text(page(), encoding="utf-8")
    print(f'{{"tables":{len(TABLES)}}}')
    return 0


def page() -> str:
    """The page as it must be."""
    return "\n".join([OPENING, *_tables(), *_words(), *_identifiers()]).rstrip() + "\n"


def _tables() -> Iterator[str]:
    for table in TABLES.values():
        yield f"## {table.name}\n"
        yield "| column | holds | meaning | example |\n|---|---|---|---|"
        for column in table.columns:
            guide = GUIDE[column.name]
            mark = "*" if column.required or column.name in table.one_of else ""
            about = (
                _OTHERWISE.get((table.name, column.name), guide.about)
                .replace("Raw, or hashed as `hash_scheme` says.", "")
                .strip()
            )
            example = str(guide.example).lower() if isinstance(guide.example, bool) else guide.example
            yield f"| `{column.name}`{mark} | {_holds(column, table.name)} | {about} | `{example}` |"
        yield (
            f"\nOne of {' and '.join(f'`{name}`' for name in table.one_of)} is required.\n"
            if table.one_of
            else ""
        )


def _holds(column: Column, table: str) -> str:
    if column.kind is not None:
        return f"{column.kind}" + (f" ({column.role})" if column.role is not Role.OWN else "")
    return (
        f"[word](#{table}{column.name})"
        if f"{table}.{column.name}" in WORDS
        else "year"
        if column.year
        else _HOLDS[column.cell]
    )


def _words() -> Iterator[str]:
    yield "## Words\n"
    for name, words in WORDS.items():
        yield f"### {name}\n"
        if name == "events.kind":
            yield (
                wrapped(
                    "Any word of letters, digits and underscores is taken. These mean something to signals; "
                    "an event of another kind is counted, its identifiers link (`login`, `device_use`, "
                    "`card_bind`, `register`), and the load says so (`kinds_without_meaning`)."
                )
                + "\n"
            )
        yield "| word | meaning | 中文 |\n|---|---|---|"
        yield from (f"| `{word}` | {english} | {chinese} |" for word, (english, chinese) in words.items())
        yield ""


def _identifiers() -> Iterator[str]:
    yield "## Identifiers\n"
    kinds, roles = (" ".join(f"`{word}`" for word in words) for words in (IdentifierKind, Role))
    yield (
        wrapped(
            f"Kinds: {kinds}. Roles: {roles}, for the applicant's, a contact's and an employer's. What "
            "becomes of each stands in [records](records.md#what-happens-to-identifiers)."
        )
        + "\n"
    )


if __name__ == "__main__":
    sys.exit(main())
