"""Typed decorators over numba: functions are compiled on their first call and cached on disk for later
processes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import config, njit
from numba.core.caching import FunctionCache, IndexDataCacheFile

from graph.kernels.fingerprints import fingerprint
from graph.kernels.linking import EntryCompiler, InnerCompiler

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """`function` in machine code, single-threaded and without fast-math, so that every machine gives the same
    bits.
    """
    return cast(F, _entry(function, nrt=True))


def shared(function: F) -> F:
    """`compiled` for a function that makes no arrays: what `lean` says of it holds."""
    return cast(F, _entry(function, nrt=False))


def inner(function: F) -> F:
    """`compiled` for a function that compiled code alone calls: it has no way in from Python. Called from
    there it ends the process.
    """
    return cast(F, _inside(function, nrt=True))


def lean(function: F) -> F:
    """`inner` for a function that makes no arrays, of which there are many and that are called often.

    It does not count who holds the arrays that it is given, which takes most of a small function's time where
    they are many. So it must give no array, nor a tuple with one, to a function that counts (`compiled`,
    `inner`, Python): memory would be freed that is in use.
    """
    return cast(F, _inside(function, nrt=False))


def tiny(function: F) -> F:
    """`lean` for a function of few steps, which becomes part of whoever calls it: a call costs more than the
    steps.
    """
    return cast(F, _inside(function, nrt=False, forceinline=True))


def _inside(function: Any, nrt: bool, forceinline: bool = False) -> Any:
    return njit(
        pipeline_class=InnerCompiler,
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        _nrt=nrt,
        forceinline=forceinline,
    )(function)


def _entry(function: Any, nrt: bool) -> Any:
    """What Python calls, compiled when it first does and kept on disk; compiled code calls another, which
    becomes part of it.
    """
    made, inside = (
        njit(cache=True, pipeline_class=EntryCompiler, _nrt=nrt)(function),
        _inside(function, nrt=nrt),
    )
    if hasattr(made, "_cache"):  # not where NUMBA_DISABLE_JIT is set
        made.get_call_template, made.get_overload = inside.get_call_template, inside.get_overload
        made._cache = _FingerprintedCache(made)
    return made


class _Index(IndexDataCacheFile):  # type: ignore[misc]
    """What is cached of one function. An index of an earlier release may name types that are gone: then
    nothing is cached, and it is replaced.
    """

    def _load_index(self) -> Any:
        try:
            return super()._load_index()
        except (AttributeError, ImportError):
            return {}


class _FingerprintedCache(FunctionCache):  # type: ignore[misc]
    """Machine code on disk, beside its source or in NUMBA_CACHE_DIR.

    What is called, and every constant, becomes part of the machine code; numba itself looks at the one file
    where the function stands, and would go on with the old rules after an upgrade. In NUMBA_CACHE_DIR code
    lies under its fingerprint, so that several copies of the sources share it.
    """

    def __init__(self, function: Any) -> None:
        super().__init__(function.py_func)
        self._function, self._located = function, False

    def _load_overload(self, sig: Any, target_context: Any) -> Any:
        self._locate()
        try:
            return super()._load_overload(sig, target_context)
        except (ImportError, AttributeError):
            # kept when the function, or the type of what it takes, had another name: the code is the same,
            # and does not find it
            return None

    def _save_overload(self, sig: Any, data: Any) -> None:
        self._locate()
        super()._save_overload(sig, data)

    def _locate(self) -> None:
        """Only when it is called: what it calls may be defined after it."""
        if self._located:
            return
        stamp = hashlib.sha256(fingerprint(self._function) + bytes([bool(config.BOUNDSCHECK)])).hexdigest()
        base = f"{self._function.__qualname__}.{stamp[:32]}" if config.CACHE_DIR else self._impl.filename_base
        folder = config.CACHE_DIR or self._cache_path
        self._cache_file, self._located = _Index(folder, base, stamp), True
