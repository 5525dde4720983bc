"""`ringfence benchmark`, by the name that the contract gives it."""

from __future__ import annotations

import sys

from scripts.cli.commands.benchmark import COMMAND

main = COMMAND.main

if __name__ == "__main__":
    sys.exit(main())
