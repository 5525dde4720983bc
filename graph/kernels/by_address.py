"""Passes tuples of arrays to compiled code by address: one number instead of seven for every array, at every
call.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import types
from numba.core.datamodel import models, register_default
from numba.core.imputils import lower_getattr_generic
from numba.core.pythonapi import NativeValue, unbox
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import intrinsic, typeof_impl
from numba.np.arrayobj import make_array, populate_array
from numba.np.numpy_support import from_dtype

T = TypeVar("T")


def by_address(**fields: Any) -> Callable[[type[T]], type[T]]:
    """Make a NamedTuple one that compiled code takes by its address; `fields` say what each field is: a
    dtype, (dtype, dimensions), or another.

    Fields are read as ever (`n.people`), in compiled code and in Python. The arrays are C-contiguous, and
    compiled code may write to all of them. Compiled code makes no such tuple, and whoever calls it keeps the
    one that was given.
    """

    def made(cls: type[T]) -> type[T]:
        assert tuple(fields) == cls._fields, cls  # type: ignore[attr-defined]
        of = tuple((name, *_kind(kind)) for name, kind in fields.items())
        name = f"{cls.__module__}.{cls.__qualname__}"
        around = {
            "__module__": cls.__module__,
            "__qualname__": cls.__qualname__,
            "__doc__": cls.__doc__,
            "columns": ByAddress(name, of),
        }
        return cast(type[T], type(cls.__name__, (cls, _Kept), around))

    return made


def address_of(arrays: Any) -> int:
    """The number by which compiled code takes a tuple whose class is `by_address`."""
    return int(arrays.address)


def taken(address: int, kind: type[T]) -> T:
    """Compiled code alone: what Python gave by its `address`, the quickest way in. `kind` is its class."""
    raise NotImplementedError


class ByAddress(types.Type):
    """Such a tuple, for numba: its name, and of each field the name, the type, and the dtype of an array."""

    def __init__(self, name: str, fields: tuple[tuple[str, Any, Any], ...]) -> None:
        self.fields = fields
        self.places, place = {}, 0
        for field, kind, _ in fields:
            self.places[field] = (place, kind)
            place += 1 if isinstance(kind, ByAddress) else 1 + kind.ndim
        message = ", ".join(f"{field}: {kind}" for field, kind, _ in fields)
        # Short, because the names of functions in machine code have it in them, time and again.
        super().__init__(
            name=f"{name.rpartition('.')[2]}_{hashlib.sha256(f'{name} {message}'.encode()).hexdigest()[:12]}"
        )


class _Kept:
    """What such a tuple has besides."""

    columns: ByAddress

    @cached_property
    def address(self) -> int:
        """Where compiled code finds it, as long as it is kept. Raises TypeError for an array of another type
        than was said.
        """
        return int(self._words.ctypes.data)

    @cached_property
    def _words(self) -> npt.NDArray[np.int64]:
        words: list[int] = []
        for value, (name, kind, dtype) in zip(
            cast("tuple[Any, ...]", self), self.columns.fields, strict=True
        ):
            if isinstance(kind, ByAddress):
                if value.columns != kind:
                    raise TypeError(f"{name} is not {kind}")
                words.append(value.address)
            else:
                if (
                    value.dtype != dtype
                    or value.ndim != kind.ndim
                    or not (value.flags.c_contiguous and value.flags.aligned)
                ):
                    raise TypeError(f"{name} is {value.dtype} {value.shape} {value.strides} and not {kind}")
                # the address of nothing is asked by nobody, and finding an address takes most of the time
                # here
                words += [value.ctypes.data if value.size else 0, *value.shape]
        return np.array(words, np.int64)


def _kind(kind: Any) -> tuple[Any, Any]:
    if isinstance(kind, type) and issubclass(kind, _Kept):
        return kind.columns, None
    dtype, dimensions = kind if isinstance(kind, tuple) else (kind, 1)
    return types.Array(from_dtype(np.dtype(dtype)), dimensions, "C"), np.dtype(dtype)


@typeof_impl.register(_Kept)  # type: ignore[untyped-decorator]
def _typeof(value: Any, _: Any) -> ByAddress:
    return cast(ByAddress, value.columns)


register_default(ByAddress)(models.OpaqueModel)


@unbox(ByAddress)  # type: ignore[untyped-decorator]
def _unbox(_: Any, value: Any, c: Any) -> Any:
    number = c.pyapi.object_getattr_string(value, "address")
    address = c.pyapi.long_as_voidptr(number)
    c.pyapi.decref(number)
    return NativeValue(address, is_error=c.pyapi.c_api_error())


@infer_getattr
class _Fields(AttributeTemplate):  # type: ignore[misc]
    key = ByAddress

    def generic_resolve(self, kind: ByAddress, name: str) -> Any:
        return kind.places[name][1] if name in kind.places else None


@lower_getattr_generic(ByAddress)  # type: ignore[untyped-decorator]
def _field(context: Any, builder: Any, kind: ByAddress, value: Any, name: str) -> Any:
    """A field, which nobody counts: whoever called keeps it. The words are written once, so that loops need
    not read them again.
    """
    place, of = kind.places[name]
    words = builder.bitcast(value, ir.IntType(64).as_pointer())
    never_changes = builder.module.add_metadata([])

    def word(n: int) -> Any:
        read = builder.load(builder.gep(words, [ir.Constant(ir.IntType(64), place + n)]))
        read.set_metadata("invariant.load", never_changes)
        return read

    if isinstance(of, ByAddress):
        return builder.inttoptr(word(0), context.get_value_type(of))
    array = make_array(of)(context, builder)
    itemsize = context.get_abi_sizeof(context.get_data_type(of.dtype))
    shape, strides = [word(1 + n) for n in range(of.ndim)], [ir.Constant(ir.IntType(64), itemsize)]
    for length in shape[:0:-1]:
        strides.insert(0, builder.mul(strides[0], length))
    data = builder.inttoptr(word(0), context.get_data_type(of.dtype).as_pointer())
    populate_array(array, data, shape, strides, itemsize, None)
    return array._getvalue()


@intrinsic  # type: ignore[untyped-decorator]
def _taken(_: Any, address: Any, kind: Any) -> Any:
    of = kind.instance_class.columns

    def made(context: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(of))

    return of(types.int64, kind), made


taken = _taken  # noqa: F811
