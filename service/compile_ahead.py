"""`python -m service.compile_ahead`: compile what training and serving call, once after an install or a
change, before anybody waits for it.
"""

from __future__ import annotations

import os
import sys
import time

from gnn.scoring.warm_up import exercise_model_kernels
from investigations.policy import Policy
from service.assessment.warm_up import exercise_kernels


def main() -> None:
    """Compile, and keep it on disk; nothing where it is there."""
    os.nice(5)  # it runs beside what somebody waits for
    started = time.process_time()
    exercise_kernels(None, Policy())
    exercise_model_kernels()
    print(f"compiled, in {time.process_time() - started:.0f} s of the processor", file=sys.stderr)


if __name__ == "__main__":
    main()
