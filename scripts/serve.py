"""Serve /risk, the rings and the desk, until SIGTERM."""

from __future__ import annotations

import dataclasses
import sys

from graph import private
from graph.model.errors import InputError, RingfenceError
from service.arguments import Arguments
from service.serving import serve
from service.settings import Settings

EXAMPLE = """example:
  .venv/bin/python scripts/serve.py --store sqlite:///ringfence.db --model models/first --casebook sqlite:///casebook.db

Ready when GET /readyz answers 200. Where no caller's key is configured, the first start makes one, shows it once and keeps it beside the store
(ringfence.db.operator.key). Every option is also a setting (docs/settings.md)."""


def main() -> int:
    """Exit status: 0 after SIGTERM, 1 failed on the way, 2 unusable settings, arguments or model."""
    parser = Arguments(__doc__, EXAMPLE)
    parser.add_argument("--store", help="URL of the graph store (default: RINGFENCE_STORE)")
    parser.add_argument("--model", help="folder of the model bundle (default: RINGFENCE_MODEL)")
    parser.add_argument("--casebook", help="URL of the casebook (default: RINGFENCE_CASEBOOK)")
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1; it is plain HTTP)")
    parser.add_argument("--port", type=int, help="port to listen on (default: 8000)")
    parser.add_argument("--workers", type=int, help="worker processes (default: 2)")
    options = {name: value for name, value in vars(parser.parse_args()).items() if value is not None}
    try:
        with private.owner_only():
            serve(dataclasses.replace(Settings.from_environment(), **options))
    except InputError as error:
        print(f"serve: {error}", file=sys.stderr)
        return 2
    except RingfenceError as error:
        print(f"serve: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
