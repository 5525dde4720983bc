"""One typed door to numba: a function that is compiled on its first call and kept on disk for the next process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import config, njit
from numba.core.caching import FunctionCache, IndexDataCacheFile

from graph.fingerprints import fingerprint

F = TypeVar("F", bound=Callable[..., object])


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


def tiny(function: F) -> F:
    """`lean` for a function of few steps, which becomes part of whoever calls it: a call that takes the frame's arrays costs more than the steps."""
    options = {"cache": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False, "forceinline": True}
    return cast(F, _kept(njit(**options)(function)))


def shared(function: F) -> F:
    """`lean` for a function that Python calls too."""
    return cast(F, _kept(njit(cache=True, _nrt=False)(function)))


def _kept(made: Any) -> Any:
    """The same function, thrown away on disk when anything changes that went into it."""
    if hasattr(made, "_cache"):  # not where NUMBA_DISABLE_JIT is set
        made._cache = _Kept(made)
    return made


class _Kept(FunctionCache):  # type: ignore[misc]
    """Machine code on disk, beside its source or in NUMBA_CACHE_DIR.

    What is called, and every constant, becomes part of the machine code; numba itself looks at the one file where the function stands, and would
    go on with the old rules after an upgrade. In NUMBA_CACHE_DIR code lies under its fingerprint, so that several copies of the sources share it.
    """

    def __init__(self, made: Any) -> None:
        super().__init__(made.py_func)
        self._made, self._looked = made, False

    def _load_overload(self, sig: Any, target_context: Any) -> Any:
        self._look()
        return super()._load_overload(sig, target_context)

    def _save_overload(self, sig: Any, data: Any) -> None:
        self._look()
        super()._save_overload(sig, data)

    def _look(self) -> None:
        """Only when it is called: what it calls may be defined after it."""
        if self._looked:
            return
        stamp = hashlib.sha256(fingerprint(self._made) + bytes([bool(config.BOUNDSCHECK)])).hexdigest()
        base = f"{self._made.__qualname__}.{stamp[:32]}" if config.CACHE_DIR else self._impl.filename_base
        folder = config.CACHE_DIR or self._cache_path
        self._cache_file, self._looked = IndexDataCacheFile(folder, base, stamp), True
