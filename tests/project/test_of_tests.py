"""Tests are sentences that can be wrong: short names, each its own, and each test asserts something."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
LONGEST_NAME = 80
# Calls that raise by themselves where what they look at is wrong: pytest's, jsonschema's and a browser's.
RAISES = ("raises", "fail", "validate", "wait_for_", "to_have_", "to_be_", "testing.assert_")
Functions = list[tuple[Path, ast.FunctionDef]]


@pytest.fixture(scope="module")
def trees() -> dict[Path, ast.Module]:
    """Every file of the tests; read here, so that whoever collects this file does not wait for it."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(TESTS.rglob("*.py"))}


@pytest.fixture(scope="module")
def functions(trees: dict[Path, ast.Module]) -> Functions:
    return [
        (path, node)
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    ]


def called(node: ast.AST) -> list[str]:
    """The names of all calls in a function, as they are written."""
    return [ast.unparse(one.func) for one in ast.walk(node) if isinstance(one, ast.Call)]


def looks(node: ast.AST) -> bool:
    """Whether a function itself can find that something is wrong."""
    return any(isinstance(one, ast.Assert) for one in ast.walk(node)) or any(
        word in name for name in called(node) for word in RAISES
    )


def test_a_tests_name_is_a_sentence_of_at_most_80_characters(functions: Functions) -> None:
    names = [node.name for _, node in functions if node.name.startswith("test_")]
    assert [name for name in names if len(name) > LONGEST_NAME] == []


def test_no_two_tests_of_a_file_share_a_name(trees: dict[Path, ast.Module]) -> None:
    for path, tree in trees.items():
        names = Counter(node.name for node in tree.body if isinstance(node, ast.FunctionDef))
        assert [name for name, times in names.items() if times > 1] == [], path


def test_every_test_asserts_something_itself_or_by_what_it_calls(functions: Functions) -> None:
    asserting = {node.name for _, node in functions if looks(node)}
    while more := {
        node.name
        for _, node in functions
        if node.name not in asserting and asserting & {name.rpartition(".")[2] for name in called(node)}
    }:
        asserting |= more
    tests = [(path.name, node.name) for path, node in functions if node.name.startswith("test_")]
    assert len(tests) > 1000
    assert [test for test in tests if test[1] not in asserting] == []


def test_no_test_starts_pytest_within_pytest(functions: Functions) -> None:
    for path, node in functions:
        assert "pytest.main" not in called(node), path


def test_a_law_on_so_many_examples_in_both_runs_is_in_one_of_them(trees: dict[Path, ast.Module]) -> None:
    laws = 0
    for path, tree in trees.items():
        of_all = [ast.unparse(one) for one in tree.body if isinstance(one, ast.Assign)]
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef):
                continue
            said = " ".join(ast.unparse(one) for one in node.decorator_list)
            if re.search(r"settings\(max_examples=\d+[,)]", said):
                laws += 1
                slow = "mark.slow" in said or "pytestmark = pytest.mark.slow" in of_all
                assert slow != ("mark.same_examples" in said), (path, node.name)
    assert laws > 5
