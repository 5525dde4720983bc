"""What a command says of its steps on stderr, beside the bars of its progress."""

from __future__ import annotations

import logging
import sys


class _Stderr(logging.Handler):
    """Lines on what stderr is when each is said: a bar that is drawn there moves out of their way."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr)


def say_steps() -> None:
    """From now on every step of Ringfence's own is said, and of anything else what it warns of."""
    logging.basicConfig(handlers=[_Stderr()], format="%(name)s: %(message)s")
    logging.getLogger("ringfence").setLevel(logging.INFO)
