"""`ringfence map`, as a script."""

from __future__ import annotations

import sys

from scripts.cli.commands.map import COMMAND

main = COMMAND.main

if __name__ == "__main__":
    sys.exit(main())
