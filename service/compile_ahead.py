"""`python -m service.compile_ahead`: compile what training and serving call, once after an install or a change, before anybody waits for it."""

from __future__ import annotations

import os
import sys
import time

from gnn.rehearsal import rehearse_model
from investigations.policy import Policy
from service.assessment.warm_up import rehearse


def main() -> None:
    """Compile, and keep it on disk; nothing where it is there."""
    os.nice(5)  # it runs beside what somebody waits for
    started = time.process_time()
    rehearse(None, Policy())
    rehearse_model()
    print(f"compiled, in {time.process_time() - started:.0f} s of the processor", file=sys.stderr)


if __name__ == "__main__":
    main()
