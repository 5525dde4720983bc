"""Rows of structured columns from plain values, through the struct module: numpy looks at each value's type
anew.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

_CODE = {"i1": "b", "i4": "i", "i8": "q", "f8": "d"}  # of a field, for struct


def packed_rows(rows: Iterable[Sequence[Any]], kind: np.dtype[np.void]) -> npt.NDArray[Any]:
    """Those rows, their values in the order of the fields of `kind`; read-only."""
    pack = _row_of(kind).pack
    return np.frombuffer(b"".join([pack(*row) for row in rows]), kind)


@cache
def _row_of(kind: np.dtype[np.void]) -> struct.Struct:
    """How a row lies in memory, with zeros between its fields."""
    assert kind.fields is not None
    form, at = "=", 0
    for field, offset, *_ in kind.fields.values():
        form += "x" * (offset - at) + _CODE[field.str[1:]]
        at = offset + field.itemsize
    return struct.Struct(form + "x" * (kind.itemsize - at))
