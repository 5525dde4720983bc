"""Write docs/variables.md: every multi-lending variable with its words and unit, from the grammar itself."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from graph.features.lending.grammar import (
    CHANGE,
    KEYS,
    KINDS_OF_LENDERS,
    RELATION_WINDOWS,
    RELATIONS,
    RHYTHM_WINDOWS,
    RHYTHMS,
    SEGMENTS,
    STANDARD_KEYS,
    STANDARD_SEGMENTS,
    STANDARD_STATS,
    STANDARD_WINDOWS,
    STATS,
    WINDOWLESS,
    WINDOWS,
    every,
)
from graph.features.lending.words import KEY_WORDS, WINDOW_WORDS, describe, unit_of
from graph.features.registry import plural_form
from scripts.tools.prose import wrapped

PAGE = Path(__file__).resolve().parents[2] / "docs" / "variables.md"
OPENING = """# Every multi-lending variable

What a request may name in `variables`: {count:,} names. What they mean, and what is null and what is 0:
[multi-lending variables](multi_lending.md).
This page is written by `python -m scripts.tools.write_variables`.

A row is a family: `{{window}}` stands for each of the windows over its table, `{{key}}` for each of the keys,
so the row `ml_{{window}}_{{key}}_all_apps` says what `ml_6h_ring_all_apps` is.
{windows} × {keys} × {segments} × {stats} = {standard} of them are in every answer;
all others are computed where they are named.
The [scope](settings.md#keys-of-callers) `types` is needed for rows that say so.

{key_list}
"""
_WINDOW, _KEY = "{window}", "{key}"


def main() -> int:
    """Exit status: 0 written."""
    argparse.ArgumentParser(
        description=__doc__, epilog="example: .venv/bin/python -m scripts.tools.write_variables"
    ).parse_args()
    PAGE.write_text(page(), encoding="utf-8")
    print(f'{{"variables":{sum(1 for _ in every())}}}')
    return 0


def page() -> str:
    """The page as it must be."""
    sizes = {
        "windows": len(STANDARD_WINDOWS),
        "keys": len(STANDARD_KEYS),
        "segments": len(STANDARD_SEGMENTS),
        "stats": len(STANDARD_STATS),
    }
    standard = sizes["windows"] * sizes["keys"] * sizes["segments"] * sizes["stats"]
    keys = ", ".join(f"`{key}` ({KEY_WORDS[key][0]}, {KEY_WORDS[key][1]})" for key in KEYS)
    opening = OPENING.format(
        count=sum(1 for _ in every()), standard=standard, key_list=wrapped(f"Keys: {keys}."), **sizes
    )
    return "\n".join([opening, *_sections()]).rstrip() + "\n"


def names_on(text: str) -> Iterator[str]:
    """All names that a page with these tables stands for."""
    windows: list[str] = []
    for line in text.split("\n"):
        if line.startswith("Windows: "):
            windows = re.findall(r"`(\w+)`", line)
        elif line.startswith("| `ml_"):
            row = line.split("`")[1]
            for window, key in product(
                windows if _WINDOW in row else [""], list(KEYS) if _KEY in row else [""]
            ):
                yield row.replace(_WINDOW, window).replace(_KEY, key)


def _sections() -> Iterator[str]:
    counts = [f"ml_{_WINDOW}_{_KEY}_{segment}_{stat}" for segment, stat in product(SEGMENTS, STATS)]
    yield from _table("Counts", tuple(WINDOWS), counts)
    yield from _table("Rhythm", RHYTHM_WINDOWS, [f"ml_{_WINDOW}_{_KEY}_{one}" for one in RHYTHMS])
    yield from _table("Bursts and acceleration", (), [f"ml_{_KEY}_{one}" for one in WINDOWLESS])
    yield from _table("Relations", RELATION_WINDOWS, [f"ml_{_WINDOW}_{one}" for one in RELATIONS])
    yield from _table("Changes of relations", (), [f"ml_{one}_{CHANGE}" for one in RELATIONS])


def _table(title: str, windows: Sequence[str], rows: Sequence[str]) -> Iterator[str]:
    yield f"## {title}\n"
    if windows:
        yield f"Windows: {', '.join(f'`{window}`' for window in windows)}.\n"
    yield "| variable | English | Chinese | unit | scope |\n|---|---|---|---|---|"
    like = {one.name: one for one in every()}
    for row in rows:
        name = row.replace(_WINDOW, windows[-1] if windows else "").replace(_KEY, "person")
        words, one = describe(name), like[name]
        text_en, text_zh = (
            _without_words(text, name) for text in (plural_form(words.text_en), words.text_zh)
        )
        unit = "CNY" if one.stat.endswith("amount") else unit_of(one)
        scope = "`types`" if one.segment in KINDS_OF_LENDERS else ""
        yield f"| `{row}` | {text_en} | {text_zh} | {unit} | {scope} |"
    yield ""


def _without_words(text: str, name: str) -> str:
    """A text without the words of the window and the key that stood for all of them."""
    of_window = WINDOW_WORDS.get(name.split("_")[1], ("", ""))
    for words, part in ((KEY_WORDS["person"], _KEY), (of_window, _WINDOW)):
        for word in words:
            text = text.replace(word, part) if word else text
    return text.removeprefix("{value} ").removesuffix("为{value}")


if __name__ == "__main__":
    sys.exit(main())
