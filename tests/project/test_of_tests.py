"""Tests are sentences that can be wrong: short names, each its own, and each test asserts something."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parents[1]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(TESTS.rglob("*.py"))}
LONGEST_NAME = 80
# Calls that raise by themselves where what they look at is wrong: pytest's, jsonschema's and a browser's.
RAISES = ("raises", "fail", "validate", "wait_for_", "to_have_", "to_be_", "testing.assert_")
FUNCTIONS = [
    (path, node)
    for path, tree in TREES.items()
    for node in ast.walk(tree)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
]


def called(node: ast.AST) -> list[str]:
    """The names of all calls in a function, as they are written."""
    return [ast.unparse(one.func) for one in ast.walk(node) if isinstance(one, ast.Call)]


def looks(node: ast.AST) -> bool:
    """Whether a function itself can find that something is wrong."""
    return any(isinstance(one, ast.Assert) for one in ast.walk(node)) or any(
        word in name for name in called(node) for word in RAISES
    )


def test_a_tests_name_is_a_sentence_of_at_most_80_characters() -> None:
    names = [node.name for _, node in FUNCTIONS if node.name.startswith("test_")]
    assert [name for name in names if len(name) > LONGEST_NAME] == []


def test_no_two_tests_of_a_file_share_a_name() -> None:
    for path, tree in TREES.items():
        names = Counter(node.name for node in tree.body if isinstance(node, ast.FunctionDef))
        assert [name for name, times in names.items() if times > 1] == [], path


def test_every_test_asserts_something_itself_or_by_what_it_calls() -> None:
    asserting = {node.name for _, node in FUNCTIONS if looks(node)}
    while more := {
        node.name
        for _, node in FUNCTIONS
        if node.name not in asserting and asserting & {name.rpartition(".")[2] for name in called(node)}
    }:
        asserting |= more
    tests = [(path.name, node.name) for path, node in FUNCTIONS if node.name.startswith("test_")]
    assert len(tests) > 1000
    assert [test for test in tests if test[1] not in asserting] == []


def test_no_test_starts_pytest_within_pytest() -> None:
    for path, node in FUNCTIONS:
        assert "pytest.main" not in called(node), path
