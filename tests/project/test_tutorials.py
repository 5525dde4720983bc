"""Tutorials in Chinese hold the same commands as those in English, so that neither grows old alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorials"
CHINESE = sorted(TUTORIALS.glob("*.zh.md"))


def commands(page: Path) -> list[str]:
    """The fenced blocks of a page, in order."""
    return re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.stem)
def test_a_tutorial_in_chinese_gives_the_commands_of_the_english_one(page: Path) -> None:
    english = page.with_name(page.name.replace(".zh.md", ".md"))
    assert commands(page) == commands(english) != []
    assert f"({page.name})" in english.read_text(encoding="utf-8")
