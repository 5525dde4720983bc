"""Compiles what an answer needs: the tests' processes, which begin together, would each compile it."""

from __future__ import annotations

from investigations.policy import Policy
from service.assessment.warm_up import exercise_kernels


def main() -> None:
    """Compile whatever is not on disk yet."""
    exercise_kernels(None, Policy())


if __name__ == "__main__":
    main()
