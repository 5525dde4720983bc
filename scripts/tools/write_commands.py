"""Write docs/commands.md: every command with its options, from the commands themselves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.cli.main import COMMANDS, command
from scripts.tools.prose import wrapped

PAGE = Path(__file__).resolve().parents[2] / "docs" / "commands.md"
OPENING = """# Commands

One command, `ringfence NAME` (in a checkout `.venv/bin/ringfence NAME`), for everything that a user does.
Each has a script as well, with the same options (`.venv/bin/python scripts/SCRIPT.py`), whose name stays as
it is.

- **Figures** are the end of stdout: one line of JSON, and a table instead where stdout is a terminal;
  `--json` gives the line there too. Progress and warnings go to stderr.
- **Exit status**: 0 done, 1 failed on the way (the store is as before the step), 2 unusable arguments or
  input, 3 a load that could take nothing of some table, an erasure of ids that nobody knows or one that has
  not ended, 130 ended by Ctrl-C.
- **Times** are ISO-8601: a date is its midnight, a time without an offset is in the time zone of the settings
  (Asia/Shanghai).
- **Secrets**: an argument `@FILE` stands for the lines of that file, so that no password is seen in the list
  of processes; `RINGFENCE_STORE` and the other [settings](settings.md) do as well.
- **Tables** are Parquet, or CSV where the name that is given ends in `.csv`.
- **Completion**: `ringfence completion bash` (zsh, tcsh) prints what a shell needs.

This page is written by `python -m scripts.tools.write_commands`.
"""


def main() -> int:
    """Exit status: 0 written."""
    argparse.ArgumentParser(
        description=__doc__, epilog="example: .venv/bin/python -m scripts.tools.write_commands"
    ).parse_args()
    PAGE.write_text(page(), encoding="utf-8")
    print(f'{{"commands":{len(COMMANDS)}}}')
    return 0


def page() -> str:
    """The page as it should be."""
    return OPENING + "".join(_section(name) for name in COMMANDS)


def _section(name: str) -> str:
    one = command(name)
    parser = argparse.ArgumentParser(add_help=False)
    one.arguments(parser)
    script = f"Script: `scripts/{one.script}.py`.\n\n" if one.script else ""
    example = one.example.replace("COMMAND", f"ringfence {name}").partition("\n")[2]
    lines = example.splitlines()
    typed = [line.removeprefix("  ") for line in lines if line.startswith(" ")]
    shown = "\n".join(["```sh", *typed, "```", *(line for line in lines if not line.startswith(" "))])
    rows = "".join(_rows(parser))
    table = f"\n| option | |\n|---|---|\n{rows}" if rows else ""
    about = wrapped(one.description or "")
    return f"\n## ringfence {name}\n\n{about}\n\n{script}{shown}\n{table}"


def _rows(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        value = (
            ""
            if action.nargs == 0
            else str(action.metavar or "|".join(map(str, action.choices or ())) or action.dest.upper())
        )
        names = " ".join((*action.option_strings[-1:], value)).strip().replace("|", r"\|")
        needed = " (required)" if action.required and action.option_strings else ""
        yield (
            f"| `{names}` | {(action.help or '').replace('%%', '%').replace('|', chr(92) + '|')}{needed} |\n"
        )


if __name__ == "__main__":
    sys.exit(main())
