"""Propose a mapping for foreign tables, from the names and the values of their columns."""

from __future__ import annotations

import argparse
from pathlib import Path

from graph import private
from graph.model.errors import DeliveryError
from ingestion.sources.databases import is_url
from ingestion.sources.readers import suffix_of
from ingestion.sources.remote import is_address
from ingestion.suggest.propose import suggest, suggest_of_database
from scripts.cli.command import Command, Result
from service.clock import system_clock
from service.settings import Settings

EXAMPLE = """examples:
  COMMAND suggest mine --out mine/mapping.yaml
  COMMAND suggest mine/loans.csv
  COMMAND suggest sqlite:///exports/lending.db --out lending.yaml

Read every line of it, then see what it would do: ringfence load mine --check"""


def _run(options: argparse.Namespace) -> Result:
    if options.out is not None and options.out.exists():
        raise DeliveryError(f"{options.out} is there already: remove it first, or give another --out")
    limits, now = Settings.from_environment().delivery, system_clock()
    if any(map(is_address, options.files)):
        raise DeliveryError(
            "a mapping is suggested from files of this machine or a database: copy a file of each table here"
        )
    if is_url(options.files[0]):
        if len(options.files) > 1:
            raise DeliveryError("a database is a delivery by itself: give its URL alone")
        result = suggest_of_database(options.files[0], now, limits)
    else:
        paths = [Path(name) for name in options.files]
        files = [file for path in paths for file in (_within(path) if path.is_dir() else [path])]
        result = suggest(files, now, limits)
    if options.out is not None:
        private.write(options.out, result.as_yaml().encode())
    elif not options.json:
        print(result.as_yaml())
    return Result({**result.as_json(), "mapping": str(options.out) if options.out else None})


def _within(folder: Path) -> list[Path]:
    """The files of a folder that can be read as tables."""
    result = sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith((".", "_")) and suffix_of(path)
    )
    if not result:
        raise DeliveryError(f"{folder}: there is no file in it that can be read as a table")
    return result


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("suggest",), help="`suggest`: propose a mapping")
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="files of one folder, the folder, or the URL of a database"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="where the mapping goes (default: printed before the figures)",
    )


COMMAND = Command(
    name="map", script="map", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
