"""A command's arguments: with an example, with URLs that may stand in files (`--store @FILE`), and without
passwords in the list of processes.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from graph import private
from graph.model.errors import SettingError

_PASSWORD = re.compile(rb"(?<=://)([^\0:/@]*:)([^\0]+)(?=@)|([?&]password=)([^\0&]+)")
_ADVICE = (
    "a password stands in the arguments: it stays in the shell's history, and everybody on this machine "
    "could read it for a moment. Give the URL as RINGFENCE_STORE or RINGFENCE_CASEBOOK, as a file "
    "(RINGFENCE_STORE_FILE), or in a file in its place: --store @FILE"
)
# in /proc/self/stat, after the name: where the arguments begin in memory, and where they end
_STAT_ARGUMENTS = slice(45, 47)


class Arguments(argparse.ArgumentParser):
    """A parser with an example under its help. An argument `@FILE` stands for the lines of that file, which
    may hold a password.
    """

    def __init__(self, description: str | None, example: str, prog: str | None = None) -> None:
        how = argparse.RawDescriptionHelpFormatter
        super().__init__(
            prog=prog,
            description=" ".join((description or "").split()),
            epilog=example,
            formatter_class=how,
            fromfile_prefix_chars="@",
        )

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        given = sys.argv[1:] if args is None else list(args)
        self._refuse_empty(given)
        try:
            for argument in given:
                if argument.startswith("@"):
                    private.refuse_loose(Path(argument[1:]), f"the argument {argument}")
        except SettingError as error:
            self.error(str(error))
        if args is None:
            hide_passwords(given, self.prog)
        return super().parse_known_args(args, namespace)

    def _refuse_empty(self, given: Sequence[str]) -> None:
        """An option given nothing (`--store "$STORE"` where STORE is not set) would be taken for one that was
        left out.
        """
        for option, value in zip(given, [*given[1:], None]):
            if option.startswith("--") and (value == "" or option.endswith("=")):
                self.error(f"{option.rstrip('=')} is empty: give it a value, or leave it out")


def hide_passwords(given: Sequence[str], prog: str) -> None:
    """Where the arguments of this process hold a password: take it out of what the system shows of them, and
    tell its user a better way.
    """
    if any(_PASSWORD.search(argument.encode(errors="surrogateescape")) for argument in given):
        print(f"{prog}: {_ADVICE}", file=sys.stderr)
        with suppress(OSError, ValueError):  # where there is no /proc the advice is all that can be done
            _write_asterisks()


def _write_asterisks() -> None:
    """Write asterisks over the passwords in the arguments as the system shows them (`ps`,
    /proc/PID/cmdline).
    """
    begin, end = map(
        int, Path("/proc/self/stat").read_text("ascii").rpartition(")")[2].split()[_STAT_ARGUMENTS]
    )
    with Path("/proc/self/mem").open("r+b", buffering=0) as memory:
        memory.seek(begin)
        shown = memory.read(end - begin)
        memory.seek(begin)
        memory.write(_PASSWORD.sub(_starred, shown))


def _starred(result: re.Match[bytes]) -> bytes:
    before, password = (result[1], result[2]) if result[1] is not None else (result[3], result[4])
    return before + b"*" * len(password)
