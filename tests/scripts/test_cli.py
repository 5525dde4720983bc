"""One command for everything: its names, its help, its completion, and figures as a table for people and a
line for programs.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from graph.model.errors import SettingError
from graph.stores.sqlite import SqliteStore
from scripts.cli.command import FAILED, UNUSABLE, Result, ended
from scripts.cli.main import COMMANDS, command, main
from scripts.cli.shown import show
from scripts.tools.write_commands import page

ROOT = Path(__file__).parents[2]
FIGURES = {
    "scored": 1234,
    "seconds": 0.5,
    "network": {"auc": 0.812, "ap": 0.4},
    "trees": {"auc": 0.9, "ap": 0.5},
}


def test_the_list_of_commands_costs_no_library() -> None:
    watch = (
        "import sys; from scripts.cli.main import main; main(['--help']); print(sorted({'numpy', 'pyarrow', "
        "'rich', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", watch], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(f"\n  {name} " in done.stdout for name in COMMANDS)


def test_a_misspelt_command_is_told_what_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["laod", "deliveries"]) == UNUSABLE
    assert "did you mean `ringfence load`?" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_how_it_is_called_by_the_name_that_it_was_called_by(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([name, "--help"])
    assert capsys.readouterr().out.count(f"ringfence {name} ") >= 1
    if script := command(name).script:
        assert (ROOT / "scripts" / f"{script}.py").is_file()
        help_of_script = command(name).parser().format_help()
        assert f"scripts/{script}.py" in help_of_script
        assert "COMMAND" not in help_of_script


def test_every_script_of_the_contract_is_a_command() -> None:
    assert {command(name).script for name in COMMANDS} - {""} == {
        path.stem for path in (ROOT / "scripts").glob("[!_]*.py")
    }


def test_a_damaged_database_is_said_with_what_to_do_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "graph.db").write_bytes(b"no database at all" * 1_000)

    def read() -> None:
        SqliteStore(tmp_path / "graph.db")

    assert ended("serve", read) == FAILED
    assert "serve: the store cannot be used now: its file is damaged" in (said := capsys.readouterr().err)
    assert "bring its backup back" in said


def test_a_program_reads_one_line_of_json_wherever_stdout_goes(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("score", lambda: Result(FIGURES)) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == FIGURES


def test_a_reader_who_has_read_enough_ends_no_command_with_a_trace() -> None:
    printing = "from scripts.cli.command import *; ended('x', lambda: Result({'long': 'x' * 1_000_000}))"
    with subprocess.Popen(
        [sys.executable, "-c", printing], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as command:
        assert command.stdout is not None and command.stderr is not None  # noqa: PT018
        command.stdout.close()
        assert command.stderr.read() == b""
        assert command.wait(60) == 0


def test_somebody_at_a_terminal_reads_a_table_and_may_have_the_line_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert ended("score", lambda: Result(FIGURES, FAILED)) == FAILED
    shown = capsys.readouterr().out
    assert "1,234" in shown
    assert [line.split() for line in shown.splitlines() if line.split()[:1] in (["network"], ["trees"])] == [
        ["network", "0.812", "0.4"],
        ["trees", "0.9", "0.5"],
    ]
    assert "{" not in shown
    ended("score", lambda: Result(FIGURES), json_alone=True)
    assert json.loads(capsys.readouterr().out) == FIGURES


def test_a_terminal_shows_the_figures_that_matter_first_and_a_program_gets_all(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run() -> Result:
        return Result(FIGURES, brief={"frauds": 3})

    ended("score", run)
    assert json.loads(capsys.readouterr().out) == FIGURES
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    ended("score", run)
    shown = capsys.readouterr().out
    assert "frauds" in shown
    assert "network" not in shown
    assert "all figures" in shown


def _on_a_terminal(figures: dict[str, object], width: int = 100) -> str:
    written = io.StringIO()
    show("ringfence erase", figures, Console(file=written, width=width))
    return written.getvalue()


def test_on_a_terminal_a_list_of_records_has_a_row_for_each() -> None:
    found = [{"file": "a.csv", "people": 2}, {"file": "b.parquet", "people": 7, "why": "torn"}]
    lines = [line.split() for line in _on_a_terminal({"found": found}).splitlines()]
    assert ["file", "people", "why"] in lines
    assert ["a.csv", "2"] in lines
    assert ["b.parquet", "7", "torn"] in lines


def test_on_a_terminal_records_that_are_too_wide_stand_below_each_other() -> None:
    history = [{"action": "add", "digest": "5" * 64, "previous": "7" * 64, "by": "li"} for _ in range(2)]
    lines = [line.split() for line in _on_a_terminal({"history": history}, width=100).splitlines()]
    assert ["history", "2"] in lines
    assert lines.count(["previous", "7" * 64]) == 2


def test_on_a_terminal_no_sentence_of_what_is_left_is_cut() -> None:
    left = [f"thing {number} that stays until somebody overwrites it" for number in range(12)]
    shown = _on_a_terminal({"left": left, "lenders": [f"L{number}" for number in range(12)]})
    assert all(f"- {one}" in shown for one in left)
    assert "and 4 more" in shown  # of the lenders, which are names
    assert "all figures, as a line of JSON" in shown


def test_on_a_terminal_a_code_stays_what_one_searches_for() -> None:
    shown = _on_a_terminal({"rules": {"RULE_FACE_MISMATCH": {"severity": 0.8}}, "not_searched": []})
    assert "RULE_FACE_MISMATCH" in shown
    assert ["not", "searched", "none"] in [line.split() for line in shown.splitlines()]


def test_on_a_terminal_a_single_row_that_is_too_wide_stands_upright() -> None:
    codes = {f"STRONG_COMPONENT_{number}": number for number in range(9)}
    lines = [line.split() for line in _on_a_terminal({"reason_codes": codes}).splitlines()]
    assert ["reason", "codes"] in lines
    assert ["STRONG_COMPONENT_8", "8"] in lines


def test_an_error_is_one_line_with_the_name_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    def run() -> Result:
        raise SettingError("no model: give --model DIR")

    assert ended("ringfence score", run) == UNUSABLE
    assert capsys.readouterr() == ("", "ringfence score: no model: give --model DIR\n")


@pytest.mark.parametrize("name", ["[/x]", "[red]L[/red]", "L\x1b[2J\x1b]0;pwned\x07", "a\u202eb"])
def test_a_name_that_somebody_else_chose_commands_no_terminal(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    figures = {"total": name, name: 1, "lenders": {name: {"seen": 1}}, "deep": {name: {"a": {name: 1}}}}
    assert ended("policy", lambda: Result(figures)) == 0

    def refuse() -> Result:
        raise SettingError(f"no lender {name}")

    assert ended("policy", refuse) == UNUSABLE
    said = capsys.readouterr()
    shown = re.sub(r"\x1b\[[0-9;]*m", "", said.out)  # the table's own colours
    assert not set(shown + said.err) & {"\x1b", "\x07", "\u202e"}
    assert name.encode("unicode_escape").decode() in shown
    assert name.encode("unicode_escape").decode() in said.err


def test_a_shell_completes_commands_and_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "ringfence"
    assert main(["completion", "bash"]) == 0
    script.write_text(capsys.readouterr().out)
    typed = "source {}; COMP_WORDS=({}); COMP_CWORD={}; _shtab_ringfence; echo ${{COMPREPLY[@]}}"
    for words, meant in ((("ringfence", "loa"), "load"), (("ringfence", "score", "--sin"), "--since")):
        line = typed.format(script, " ".join(words), len(words) - 1)
        assert subprocess.run(
            ["bash", "-c", line], capture_output=True, text=True, check=True
        ).stdout.split() == [meant]


def test_the_page_of_the_commands_is_what_they_take() -> None:
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == page(), (
        "write it anew: .venv/bin/python -m scripts.tools.write_commands"
    )
