"""The words of the code: no two public types share a name, and words that only this code once used do not
come back.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("graph", "gnn", "ingestion", "investigations", "service", "scripts")
OLD_WORDS = frozenset(
    {
        "told",
        "scribe",
        "settler",
        "debts",
        "crowds",
        "hush",
        "rival",
        "rehearse",
        "rehearsal",
        "wired",
        "discretion",
        "forth",
        "door",
    }
)  # docs/glossary.md has the words that stand for them now


def modules() -> Iterator[tuple[str, ast.Module]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def defined(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name that the module defines: types, functions, parameters, variables and attributes, with its
    line.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id if isinstance(node, ast.Name) else node.attr


def parts(name: str) -> set[str]:
    """`JournalEntry` and `journal_entry` are {"journal", "entry"}."""
    return {part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def test_no_two_public_types_share_a_name() -> None:
    where = defaultdict(list)
    for path, tree in modules():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                where[node.name].append(path)
    assert where, "there are types"
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}


def test_the_old_words_do_not_come_back_as_names() -> None:
    found = [
        f"{path}:{line}: {name}"
        for path, tree in modules()
        for line, name in defined(tree)
        if parts(name) & OLD_WORDS
    ]
    assert found == []
