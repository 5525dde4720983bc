"""The documentation is a site in which every page can be reached and every link leads somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from scripts.tools.prose import columns

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "service" / "web" / "README.md")
)


def pages(nav: object) -> set[str]:
    """Every page that the navigation names."""
    if isinstance(nav, str):
        return {nav}
    parts = nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ()
    return set().union(*(pages(part) for part in parts))


def test_every_page_is_in_the_navigation() -> None:
    named = pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])
    assert named == {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}


def test_every_link_leads_somewhere(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--quiet",
        "--strict",
        "--config-file",
        str(ROOT / "mkdocs.yml"),
        "--site-dir",
        str(tmp_path),
    ]
    built = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, check=False
    )
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "tutorials" / "weekly_review" / "index.html").exists()


def prose(page: str) -> Iterator[tuple[int, str]]:
    """The lines of a page that are neither code nor tables, headings or pictures, with their numbers."""
    fenced = False
    for number, line in enumerate((ROOT / page).read_text(encoding="utf-8").splitlines(), 1):
        fence = line.lstrip().startswith("```")
        fenced ^= fence
        if not fenced and not fence and line.strip() and not line.lstrip().startswith(("|", "#", "![")):
            yield number, line


@pytest.mark.parametrize("page", PAGES)
def test_prose_is_at_most_110_columns_wide(page: str) -> None:
    wide = [
        number
        for number, line in prose(page)
        if columns(line) > 110 and " " in re.sub(r"`[^`]*`", "code", line).strip()
    ]
    assert wide == [], page


@pytest.mark.parametrize("page", PAGES)
def test_code_is_fenced_so_that_it_can_be_copied(page: str) -> None:
    code, before, in_list = [], "", False
    for number, line in prose(page):
        if not line.startswith(" "):
            in_list = re.match(r"([-*]|\d+\.)\s", line) is not None
        if line.startswith("    ") and not in_list and not before.startswith(" "):
            code.append(number)
        before = line
    assert code == [], page


@pytest.mark.parametrize("page", PAGES)
def test_a_block_of_code_names_its_language(page: str) -> None:
    fences = re.findall(r"^ *```(.*)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert all(fences[::2]), page
    assert not any(fences[1::2]), page
