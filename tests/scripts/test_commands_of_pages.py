"""Every command that a page of the documentation gives is one that `ringfence` takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.cli.main import command

ROOT = Path(__file__).parents[2]
SHELL = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
TYPED = re.compile(r"^ *(?:\S+/)?ringfence (\w+)(.*)$", re.MULTILINE)


def given() -> Iterator[tuple[str, str, list[str]]]:
    """The page, name and arguments of each; what a shell makes of the line's end is left away."""
    for page in sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]):
        for block in SHELL.findall(page.read_text(encoding="utf-8")):
            for name, rest in TYPED.findall(block.replace("\\\n", " ")):
                typed = re.split(r" [<>|] ?| #", re.sub(r"\$\([^)]*\)", "2026-01-01", rest))[0]
                if "..." not in typed:
                    yield page.relative_to(ROOT).as_posix(), name, shlex.split(typed)


@pytest.mark.parametrize(
    ("page", "name", "typed"),
    list(given()),
    ids=lambda part: " ".join(part) if isinstance(part, list) else part,
)
def test_a_command_on_a_page_can_be_typed_as_it_stands(page: str, name: str, typed: list[str]) -> None:
    assert command(name).parser(f"ringfence {name}").parse_args(typed)
