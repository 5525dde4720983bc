"""The base of all commands: arguments, run and exit status, under both names of a command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson

from graph import private
from graph.full_disk import NO_ROOM
from graph.model.errors import InputError, RingfenceError
from scripts.cli.arguments import Arguments, hide_passwords
from scripts.cli.full_log import said_where_it_can_be
from scripts.cli.printable import printable

DONE, FAILED, UNUSABLE, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 130


@dataclass(frozen=True)
class Result:
    """What a command found out, for the last line of stdout, and its exit status. `brief` is what somebody at
    a terminal reads of it first; None: all of it.
    """

    figures: Mapping[str, object]
    status: int = DONE
    brief: Mapping[str, object] | None = None


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command. `example` names it as COMMAND, since it has two names: `ringfence NAME` and
    `scripts/SCRIPT.py`, the contract's.
    """

    name: str
    script: str
    description: str | None
    example: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], Result | None]  # None: it has printed all that there is to say

    def main(self, arguments: list[str] | None = None, *, prog: str = "", typed: bool = False) -> int:
        """Run it with these arguments, sys.argv's where there are none. Exit status 0 done, 1 failed on the
        way (the store is as before the step), 2 unusable arguments or input, 3 incomplete (`load`), 130 ended
        by Ctrl-C.
        """
        parser = self.parser(prog)
        if typed and arguments is not None:
            hide_passwords(arguments, parser.prog)
        options = parser.parse_args(arguments)
        with said_where_it_can_be():
            return ended(prog or self.script, lambda: self.run(options), json_alone=options.json)

    def parser(self, prog: str = "") -> Arguments:
        """Its parser, as called by `prog`: `ringfence NAME`, or its script where that is empty."""
        spoken = prog or f".venv/bin/python scripts/{self.script}.py"
        parser = Arguments(
            self.description, self.example.replace("COMMAND", spoken), prog=prog or f"{self.script}.py"
        )
        self.arguments(parser)
        parser.add_argument(
            "--json",
            action="store_true",
            help="print the figures as the line of JSON alone, on a terminal too",
        )
        return parser


def ended(name: str, run: Callable[[], Result | None], *, json_alone: bool = False) -> int:
    """Run it, whatever it writes its owner's alone, and end as every command does: its figures at the end of
    stdout (a table on a terminal, one line of JSON elsewhere or where that is wanted), or one clear line on
    stderr; the exit status.
    """
    try:
        with private.owner_only():
            result = run()
    except RingfenceError as error:
        print(f"{name}: {printable(str(error))}", file=sys.stderr)
        return UNUSABLE if isinstance(error, InputError) else FAILED
    except OSError as error:
        print(f"{name}: {_of_a_file(error)}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(
            f"{name}: interrupted; what was committed so far is kept, the same command goes on",
            file=sys.stderr,
        )
        return INTERRUPTED
    if result is None:
        return DONE
    if sys.stdout.isatty() and not json_alone:
        from scripts.cli.shown import show  # here, because the library for it takes a tenth of a second

        show(name, result.figures if result.brief is None else result.brief, whole=result.brief is None)
    else:
        _print_line(
            orjson.dumps(result.figures, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS).decode()
        )
    return result.status


def _of_a_file(error: OSError) -> str:
    """What the system says, with the file that it is about, and of a full disk what to do."""
    if error.errno not in NO_ROOM:
        return f"{error.strerror or error}: {printable(str(error.filename or 'a file that it needs'))}"
    where = error.filename or "a file that it needs, which may be a temporary one (TMPDIR)"
    return (
        f"there is no room for {printable(str(where))} ({os.strerror(error.errno)}): make room; what was "
        "committed so far is kept, the same command goes on"
    )


def _print_line(line: str) -> None:
    """Whoever reads it may have read enough (`| head`): the work is done all the same."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it ends
