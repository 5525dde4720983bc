"""Print a script that lets a shell complete the commands and their options."""

from __future__ import annotations

import argparse

import shtab

from scripts.cli.command import Command
from scripts.cli.main import COMMANDS, command

EXAMPLE = """examples:
  COMMAND bash > ~/.local/share/bash-completion/completions/ringfence
  COMMAND zsh  > "${fpath[1]}/_ringfence\""""


def everything() -> argparse.ArgumentParser:
    """All commands as one parser, which shells are told of; calls never need it."""
    parser = argparse.ArgumentParser(prog="ringfence")
    commands = parser.add_subparsers()
    for name, sentence in COMMANDS.items():
        command(name).arguments(commands.add_parser(name, help=sentence))
    return parser


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=shtab.SUPPORTED_SHELLS, help="the shell that shall complete")


def _run(options: argparse.Namespace) -> None:
    print(shtab.complete(everything(), options.shell))


COMMAND = Command(
    name="completion", script="", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
