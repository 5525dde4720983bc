"""Compiled code that is kept on disk follows all that goes into it, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAD = "from graph.kernels.compiled import compiled, inner\n"


def sources(folder: Path, step: int = 1, more: str = "") -> None:
    folder.mkdir(exist_ok=True)
    (folder / "sums.py").write_text(
        f"{HEAD}{more}import rules\n@compiled\ndef total(x):\n    return rules.more(x)\n"
    )
    (folder / "rules.py").write_text(
        f"{HEAD}STEP = ({step}, 0)\n@inner\ndef more(x):\n    '''{more}'''\n    return x + STEP[0]\n"
    )


def total(folder: Path, kept_in: Path | None = None) -> int:
    there = {"NUMBA_CACHE_DIR": str(kept_in)} if kept_in else {}
    path = f"{folder}:{Path(__file__).parents[2]}"
    command = [
        sys.executable,
        "-c",
        "import sums; print(sums.total(1), sum(sums.total.stats.cache_misses.values()))",
    ]
    done = subprocess.run(
        command, env={"PYTHONPATH": path, **there}, capture_output=True, text=True, check=True
    )
    result, missed = done.stdout.split()
    return int(result) if missed == "0" else -int(result)  # negative where it was compiled


def test_a_constant_that_changes_in_another_file_changes_what_is_compiled_with_it(tmp_path: Path) -> None:
    result = []
    for step in (1, 1, 10, 10):
        sources(tmp_path, step)
        result.append(total(tmp_path))
    assert result == [-2, 2, -11, 11]
    assert len(list((tmp_path / "__pycache__").glob("sums.total*.nbc"))) == 1


def test_comments_and_lines_that_move_compile_nothing(tmp_path: Path) -> None:
    sources(tmp_path)
    assert total(tmp_path) == -2
    (tmp_path / "rules.py").write_text(
        (tmp_path / "rules.py").read_text().replace("''''''", "'''Says what it does.'''  # and why")
    )
    assert total(tmp_path) == 2


def test_copies_of_the_sources_share_what_is_compiled(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    sources(one)
    sources(other)
    assert [total(one, tmp_path), total(other, tmp_path)] == [-2, 2]
    sources(other, 5)
    assert [total(other, tmp_path), total(one, tmp_path), total(other, tmp_path)] == [-6, 2, 6]


def test_code_that_was_kept_by_a_module_of_another_name_is_compiled_anew(tmp_path: Path) -> None:
    folder, kept = tmp_path / "one", tmp_path / "kept"
    sources(folder)
    (folder / "former.py").write_text((folder / "sums.py").read_text())
    (folder / "sums.py").write_text("from former import total")
    assert total(folder, kept) == -2
    (folder / "former.py").rename(folder / "sums.py")
    assert [total(folder, kept), total(folder, kept)] == [-2, 2]


def test_what_was_cached_for_a_type_of_another_release_is_compiled_again(tmp_path: Path) -> None:
    text = f"{HEAD}from typing import NamedTuple\nclass TYPE(NamedTuple):\n    x: int\n@compiled\ndef total(pair):\n    return pair.x + 1\n"
    command = "import sums; print(sums.total(sums.TYPE(1)))"
    for name in ("Pair", "Couple"):
        (tmp_path / "sums.py").write_text(text.replace("TYPE", name))
        python = [sys.executable, "-c", command.replace("TYPE", name)]
        done = subprocess.run(
            python,
            env={"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == ["2"]
