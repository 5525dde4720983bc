"""Write the tables of signals in docs/signals.md and docs/reason_codes.md from the catalogue."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from textwrap import wrap

from graph.features.registry import plural_form
from graph.features.signals.catalogue import SIGNALS

DOCS = Path(__file__).resolve().parents[2] / "docs"
SIGNAL_TABLE = "| signal | dimension | direction | unit | what it measures |"
REASON_TABLE = "| code | dimension | English | Chinese | what is measured |"
WIDTH = 110  # of the documents' text
SILENT = "Further signals inform the model and are no reason by themselves: "


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 written."""
    argparse.ArgumentParser(
        description=__doc__, epilog="example: .venv/bin/python -m scripts.tools.write_signals"
    ).parse_args(arguments)
    signals = SIGNALS.values()
    rows = (
        f"| `{one.name}` | {one.dimension} | {one.direction} | {one.unit} | {one.doc} |" for one in signals
    )
    _write(DOCS / "signals.md", SIGNAL_TABLE, rows)
    reasons = (one for one in signals if one.direction != "either")
    rows = (
        f"| `{one.code}` | {one.dimension} | {plural_form(one.text_en)} | {one.text_zh} | {one.doc} |"
        for one in reasons
    )
    _write(
        DOCS / "reason_codes.md",
        REASON_TABLE,
        rows,
        ", ".join(f"`{one.name}`" for one in signals if one.direction == "either"),
    )
    return 0


def _write(page: Path, head: str, rows: Iterable[str], silent: str = "") -> None:
    """Put the rows under the first table of that head, and the names behind the sentence of those that are no
    reason.
    """
    lines = page.read_text(encoding="utf-8").split("\n")
    first = lines.index(head) + 2
    last = next(place for place in range(first, len(lines)) if not lines[place].startswith("|"))
    lines[first:last] = rows
    if silent:
        begins = next(place for place, line in enumerate(lines) if line.startswith(SILENT))
        lines[begins : lines.index("", begins)] = wrap(f"{SILENT}{silent}.", WIDTH)
    page.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
