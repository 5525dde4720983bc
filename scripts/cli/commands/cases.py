"""Check by its signature whether a case file is as this service made it."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from graph.model.errors import DeliveryError
from graph.signatures import SignatureState
from scripts.cli.command import FAILED, Command, Result
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_store
from service.desk.case_signatures import checked
from service.opening import open_existing, open_keyring

EXAMPLE = """example:
  COMMAND verify C-63275622de000-a1c8d17d.pdf"""
_MOST = 50_000_000  # bytes of a file


def _run(options: argparse.Namespace) -> Result:
    settings = settings_given(options)
    with open_existing(settings.store, settings.timezone) as store:
        keys = open_keyring(settings, store)
    lines = [{"file": path.name, **dataclasses.asdict(checked(_read(path), keys))} for path in options.files]
    whole = all(line["state"] is SignatureState.VALID for line in lines)
    return Result({"files": lines}, 0 if whole else FAILED)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST:
            raise DeliveryError(f"{path}: larger than {_MOST} bytes, so no case file")
        return path.read_bytes()
    except OSError as error:
        raise DeliveryError(f"{path}: {error.strerror}") from None


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("verify",), help="what to do")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="case files, as PDF")
    add_store(parser, "graph store whose key it is")


COMMAND = Command(
    name="cases", script="", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
