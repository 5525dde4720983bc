"""One typed door to numba: a function that is compiled on its first call and kept on disk for the next process."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])
OURS = ("graph", "gnn")
"""Packages whose modules compiled functions take other functions and constants from."""
_IMPORT = re.compile(rb"^[ ]*from ([\w.]+) import (\([^)]*\)|[^\n]*)|^[ ]*import ([\w.]+)", re.MULTILINE)


def compiled(function: F) -> F:
    """`function` in machine code, single-threaded and without fast-math, so that every machine gives the same bits."""
    return cast(F, _kept(njit(cache=True, _nrt=True)(function)))


def inner(function: F) -> F:
    """`compiled` for a function that compiled code alone calls. Called from Python it ends the process.

    The way in from Python takes most of a function's time to compile where it takes a neighbourhood, a tuple of many arrays.
    """
    return cast(F, _kept(njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=True)(function)))


def lean(function: F) -> F:
    """`inner` for a function that makes no arrays, of which there are many and that are called often.

    It does not count who holds the arrays that it is given, which takes most of a small function's time where they are many. So it must give
    no array, nor a tuple with one, to a function that counts (`compiled`, `inner`, Python): memory would be freed that is in use.
    """
    return cast(F, _kept(njit(cache=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)(function)))


def shared(function: F) -> F:
    """`lean` for a function that Python calls too."""
    return cast(F, _kept(njit(cache=True, _nrt=False)(function)))


def _kept(made: Any) -> Any:
    """The same function, thrown away on disk when anything changes that went into it.

    What is called, and every constant, becomes part of the machine code; numba itself looks at the one file where the function stands, and would
    go on with the old rules after an upgrade.
    """
    if hasattr(made, "_cache"):  # not where NUMBA_DISABLE_JIT is set
        made._cache._cache_file._source_stamp = stamp(made.__module__)
    return made


@cache
def stamp(module: str) -> bytes:
    """A fingerprint of the sources of a module and of all of ours that it imports, over however many steps. It is loaded, or being loaded."""
    reached, front = {module}, [module]
    while front:
        fresh = {one for each in front for one in _imports(each)} - reached
        reached |= fresh
        front = list(fresh)
    sources = (name.encode() + b"\0" + _source(name) for name in sorted(reached))
    return hashlib.sha256(b"\0".join(sources)).digest()


@cache
def _source(module: str) -> bytes:
    path = getattr(sys.modules[module], "__file__", None)
    return Path(path).read_bytes() if path else b""


@cache
def _imports(module: str) -> frozenset[str]:
    return frozenset(name for name in _named(module) if name.partition(".")[0] in OURS and name in sys.modules)


def _named(module: str) -> Iterator[str]:
    for base, names, whole in _IMPORT.findall(_source(module)):
        yield (base or whole).decode()
        yield from (f"{base.decode()}.{name.decode()}" for name in re.findall(rb"\w+", names))
