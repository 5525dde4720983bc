"""One typed door to numba: a function that is compiled on its first call and kept on disk for the next process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import config, njit
from numba.core.caching import FunctionCache, IndexDataCacheFile

from graph.kernels.fingerprints import fingerprint
from graph.kernels.linking import Door, Inside

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """`function` in machine code, single-threaded and without fast-math, so that every machine gives the same bits."""
    return cast(F, _door(function, nrt=True))


def shared(function: F) -> F:
    """`compiled` for a function that makes no arrays: what `lean` says of it holds."""
    return cast(F, _door(function, nrt=False))


def inner(function: F) -> F:
    """`compiled` for a function that compiled code alone calls: it has no way in from Python. Called from there it ends the process."""
    return cast(F, _inside(function, nrt=True))


def lean(function: F) -> F:
    """`inner` for a function that makes no arrays, of which there are many and that are called often.

    It does not count who holds the arrays that it is given, which takes most of a small function's time where they are many. So it must give
    no array, nor a tuple with one, to a function that counts (`compiled`, `inner`, Python): memory would be freed that is in use.
    """
    return cast(F, _inside(function, nrt=False))


def tiny(function: F) -> F:
    """`lean` for a function of few steps, which becomes part of whoever calls it: a call costs more than the steps."""
    return cast(F, _inside(function, nrt=False, forceinline=True))


def _inside(function: Any, nrt: bool, forceinline: bool = False) -> Any:
    return njit(pipeline_class=Inside, no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=nrt, forceinline=forceinline)(function)


def _door(function: Any, nrt: bool) -> Any:
    """What Python calls, compiled when it first does and kept on disk; compiled code calls another, which becomes part of it."""
    made, inside = njit(cache=True, pipeline_class=Door, _nrt=nrt)(function), _inside(function, nrt=nrt)
    if hasattr(made, "_cache"):  # not where NUMBA_DISABLE_JIT is set
        made.get_call_template, made.get_overload = inside.get_call_template, inside.get_overload
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
        try:
            return super()._load_overload(sig, target_context)
        except (ImportError, AttributeError):
            return None  # kept when the function, or the type of what it takes, had another name: the code is the same, and does not find it

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
