"""Tutorials in Chinese hold the same commands and answers as those in English: neither grows old alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorials"
CHINESE = sorted(TUTORIALS.glob("*.zh.md"))


def blocks(page: Path) -> list[tuple[str, str]]:
    """The fenced blocks of a page with their language, in order: commands, and what they print."""
    return re.findall(r"^```(\w+)\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.stem)
def test_a_tutorial_in_chinese_gives_the_commands_and_answers_of_the_english_one(page: Path) -> None:
    english = page.with_name(page.name.replace(".zh.md", ".md"))
    assert blocks(page) == blocks(english) != []
    assert f"({page.name})" in english.read_text(encoding="utf-8")
