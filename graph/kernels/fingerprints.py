"""Fingerprints of compiled functions: over their code, the functions that they call, and every constant, in
whatever module.
"""

from __future__ import annotations

import dis
import hashlib
import types
from collections.abc import Iterator
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher

_INSTALLED = ("numpy", "math", "numba", "collections", "typing")  # numba's own version and theirs go together
_PLAIN = (int, float, complex, bool, str, bytes, type(None), type(Ellipsis))
_known: dict[object, bytes] = {}


def fingerprint(function: Any) -> bytes:
    """Equal where the same machine code would come out: other comments, docstrings, names of files and
    unrelated lines change nothing.

    `function` is one that numba compiles. Raises TypeError for a constant of a kind that has no fingerprint.
    """
    made = _known.get(function)
    if made is None:
        _known[function] = b"itself"  # where it calls itself
        options = sorted((name, repr(value)) for name, value in function.targetoptions.items())
        made = _known[function] = _hash(repr(options).encode(), *_of_function(function.py_func))
    return made


def _hash(*parts: bytes) -> bytes:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "little") + part)
    return whole.digest()


def _of_function(function: types.FunctionType) -> Iterator[bytes]:
    yield from _of_code(function.__code__, function.__doc__, function.__globals__)
    yield _of(function.__defaults__)
    for cell in function.__closure__ or ():
        yield _of(cell.cell_contents)


def _of_code(code: types.CodeType, doc: str | None, around: dict[str, Any]) -> Iterator[bytes]:
    yield code.co_code
    yield repr((code.co_names, code.co_varnames, code.co_freevars)).encode()
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _of_code(constant, None, around)
        elif constant is None or constant != doc:
            yield _of(constant)
    for value in _globals(code, around):
        yield _of(value)


def _globals(code: types.CodeType, around: dict[str, Any]) -> Iterator[object]:
    """What the code takes from its module, or from modules that it names there, in the order in which it
    does.
    """
    value: object = None
    for step in dis.get_instructions(code):
        if step.opname == "LOAD_GLOBAL":
            value = around.get(step.argval)
        elif isinstance(value, types.ModuleType) and step.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            value = getattr(value, step.argval)
        else:
            value = None
            continue
        if value is not None and not isinstance(value, types.ModuleType):
            yield value


def _of(value: Any) -> bytes:
    if isinstance(value, Dispatcher):
        return fingerprint(value)
    if isinstance(value, types.FunctionType) and value.__module__.partition(".")[0] not in _INSTALLED:
        return _hash(*_of_function(value))
    if isinstance(value, type):
        return repr((value.__qualname__, getattr(value, "columns", getattr(value, "_fields", ())))).encode()
    return _of_constant(value)


def _of_constant(value: Any) -> bytes:
    if isinstance(value, np.ndarray):
        return _hash(repr((value.dtype, value.shape)).encode(), value.tobytes())
    if isinstance(value, np.dtype | np.generic):
        return repr((type(value), value)).encode()
    if isinstance(value, tuple | frozenset):
        parts = [_of(one) for one in value]
        return _hash(type(value).__name__.encode(), *(parts if isinstance(value, tuple) else sorted(parts)))
    if isinstance(value, _PLAIN):
        return repr((type(value), value)).encode()
    if callable(value):
        return repr(
            (getattr(value, "__module__", None), getattr(value, "__qualname__", repr(value)))
        ).encode()
    raise TypeError(f"compiled code takes {value!r}, which has no fingerprint")
