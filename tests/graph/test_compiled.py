"""Compiled code that is kept on disk follows all that goes into it, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAD = "from graph.kernels.compiled import compiled, inner\n"


def sources(folder: Path, step: int = 1, more: str = "") -> None:
    folder.mkdir(exist_ok=True)
    (folder / "sums.py").write_text(
        f"{HEAD}{more}import rules\n@compiled\ndef total(x):\n    return rules.more(x)\n"
    )
    (folder / "rules.py").write_text(
        f"{HEAD}STEP = ({step}, 0)\n@inner\ndef more(x):\n    '''{more}'''\n    return x + STEP[0]\n"
    )


# One process that has the compiler imported, and a child of its own for each piece of code.
_PYTHON = """
import json, os, sys
import numba, graph.kernels.compiled
sys.dont_write_bytecode = True  # byte code knows a source by its second and size, and these change faster
for line in sys.stdin:
    asked = json.loads(line)
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        print(json.dumps({"status": status}), flush=True)
    else:
        sys.path[:0] = asked["path"]
        os.environ.pop("NUMBA_CACHE_DIR", None)
        os.environ.update(asked["there"])
        numba.config.reload_config()
        try:
            exec(asked["code"], {"__name__": "__main__"})
        except BaseException as error:
            print(repr(error), flush=True)
            os._exit(1)
        sys.stdout.flush()
        os._exit(0)
"""
Run = Callable[..., list[str]]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs code in a process that has imported nothing of the folder yet; the words that it prints."""
    command = [sys.executable, "-c", _PYTHON]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told, heard = process.stdin, process.stdout

        def ran(code: str, folder: Path, kept_in: Path | None = None) -> list[str]:
            there = {"NUMBA_CACHE_DIR": str(kept_in)} if kept_in else {}
            told.write(json.dumps({"code": code, "path": [str(folder), str(ROOT)], "there": there}) + "\n")
            told.flush()
            said = []
            while not (line := heard.readline()).startswith('{"status"'):
                assert line, "the process has ended"
                said += line.split()
            assert json.loads(line) == {"status": 0}, said
            return said

        yield ran
        told.close()


@pytest.fixture
def total(run: Run) -> Callable[..., int]:
    """What the folder's `sums.total(1)` is to a process that has just begun; negative where it was
    compiled.
    """

    def computed(folder: Path, kept_in: Path | None = None) -> int:
        code = "import sums; print(sums.total(1), sum(sums.total.stats.cache_misses.values()))"
        result, missed = run(code, folder, kept_in)
        return int(result) if missed == "0" else -int(result)

    return computed


def test_a_constant_that_changes_in_another_file_changes_what_is_compiled_with_it(
    tmp_path: Path, total: Callable[..., int]
) -> None:
    result = []
    for step in (1, 1, 10, 10):
        sources(tmp_path, step)
        result.append(total(tmp_path))
    assert result == [-2, 2, -11, 11]
    assert len(list((tmp_path / "__pycache__").glob("sums.total*.nbc"))) == 1


def test_comments_and_lines_that_move_compile_nothing(tmp_path: Path, total: Callable[..., int]) -> None:
    sources(tmp_path)
    assert total(tmp_path) == -2
    (tmp_path / "rules.py").write_text(
        (tmp_path / "rules.py").read_text().replace("''''''", "'''Says what it does.'''  # and why")
    )
    assert total(tmp_path) == 2


def test_copies_of_the_sources_share_what_is_compiled(tmp_path: Path, total: Callable[..., int]) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    sources(one)
    sources(other)
    assert [total(one, tmp_path), total(other, tmp_path)] == [-2, 2]
    sources(other, 5)
    assert [total(other, tmp_path), total(one, tmp_path), total(other, tmp_path)] == [-6, 2, 6]


def test_code_that_was_kept_by_a_module_of_another_name_is_compiled_anew(
    tmp_path: Path, total: Callable[..., int]
) -> None:
    folder, kept = tmp_path / "one", tmp_path / "kept"
    sources(folder)
    (folder / "former.py").write_text((folder / "sums.py").read_text())
    (folder / "sums.py").write_text("from former import total")
    assert total(folder, kept) == -2
    (folder / "former.py").rename(folder / "sums.py")
    assert [total(folder, kept), total(folder, kept)] == [-2, 2]


def test_what_was_cached_for_a_type_of_another_release_is_compiled_again(tmp_path: Path, run: Run) -> None:
    text = (
        f"{HEAD}from typing import NamedTuple\nclass TYPE(NamedTuple):\n    x: int\n@compiled\ndef "
        "total(pair):\n    return pair.x + 1\n"
    )
    command = "import sums; print(sums.total(sums.TYPE(1)))"
    for name in ("Pair", "Couple"):
        (tmp_path / "sums.py").write_text(text.replace("TYPE", name))
        assert run(command.replace("TYPE", name), tmp_path) == ["2"]
