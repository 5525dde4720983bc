"""Serve /risk, the rings and the desk, until SIGTERM."""

from __future__ import annotations

import argparse

from scripts.cli.command import Command
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_casebook, add_store
from service.processes.serving import serve

EXAMPLE = """example:
  COMMAND --store sqlite:///ringfence.db --model models/first --casebook sqlite:///casebook.db

Ready when GET /readyz answers 200. Where no caller's key is configured, the first start makes one, shows it
once and keeps it beside the store (ringfence.db.operator.key). Every option is also a setting
(docs/settings.md)."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_store(parser)
    parser.add_argument(
        "--model", metavar="DIR", help="folder of the model bundle (default: RINGFENCE_MODEL)"
    )
    parser.add_argument(
        "--registry",
        metavar="URL",
        help="registry of models, whose champion serves and is taken over without a restart (default: "
        "RINGFENCE_REGISTRY)",
    )
    add_casebook(parser)
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1; it is plain HTTP)")
    parser.add_argument("--port", type=int, help="port to listen on (default: 8000)")
    parser.add_argument("--workers", type=int, help="worker processes (default: 2)")


def _run(options: argparse.Namespace) -> None:
    serve(settings_given(options))


COMMAND = Command(
    name="serve", script="serve", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
