"""One typed door to numba: a function that is compiled on its first call and kept on disk for the next process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """`function` in machine code, single-threaded and without fast-math, so that every machine gives the same bits."""
    return cast(F, njit(cache=True)(function))


def inner(function: F) -> F:
    """`compiled` for a function that compiled code alone calls. Called from Python it ends the process.

    The way in from Python takes most of a function's time to compile where it takes a neighbourhood, a tuple of many arrays.
    """
    return cast(F, njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function))
