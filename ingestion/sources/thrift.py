"""Reads Thrift's compact protocol as far as parquet needs it: fields by number, lists only counted."""

from __future__ import annotations

import pyarrow as pa

_DEEPEST = 10
_STRUCT, _LISTS = 12, (9, 10)


class Compact:
    """Reads `content`, which is `what`, from its start. Raises IndexError at the end of the bytes,
    ArrowInvalid for what is not there to be read, and for lists of more than `entries` in all.
    """

    def __init__(self, content: bytes, what: str, entries: int) -> None:
        self._content = content
        self._what = what
        self._left = self._most = entries
        self.at = 0
        self.outer: list[int] = []  # how long its outermost lists are, as far as it was read

    def struct(self, deep: int = 0) -> dict[int, object]:
        """Fields by their numbers; of a list only how long it is."""
        if deep > _DEEPEST:
            raise pa.ArrowInvalid(f"{self._what} is nested too deep")
        results: dict[int, object] = {}
        number = 0
        while stated := self._byte():
            number = number + (stated >> 4) if stated >> 4 else self._number()
            kind = stated & 15
            results[number] = kind == 1 if kind in (1, 2) else self._value(kind, deep)
        return results

    def _value(self, kind: int, deep: int) -> object:
        if kind in (1, 2, 3):
            return self._byte()
        if kind in (4, 5, 6):
            return self._number()
        if kind in (7, 8):
            return self._skip(8 if kind == 7 else self._varint())
        if kind == _STRUCT:
            return self.struct(deep + 1)
        if kind in _LISTS:
            return self._list(deep + 1)
        raise pa.ArrowInvalid(f"{self._what} has a field of an unknown kind")

    def _list(self, deep: int) -> int:
        """Passes over the entries; how many there are."""
        stated = self._byte()
        size = stated >> 4 if stated >> 4 < 15 else self._varint()
        if deep == 1:
            self.outer.append(size)
        self._left -= size
        if self._left < 0 or deep > _DEEPEST:
            raise pa.ArrowInvalid(
                f"{self._what} has more than {self._most:,} entries: write fewer row groups"
            )
        for _ in range(size):
            self._value(stated & 15, deep)
        return size

    def _byte(self) -> int:
        self.at += 1
        return self._content[self.at - 1]

    def _varint(self) -> int:
        result = shift = 0
        while True:
            byte = self._byte()
            result |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return result
            if shift > 63:
                raise pa.ArrowInvalid(f"{self._what} has a number that is too long")

    def _number(self) -> int:
        result = self._varint()
        return (result >> 1) ^ -(result & 1)

    def _skip(self, size: int) -> bytes:
        self.at += size
        if self.at > len(self._content):
            raise IndexError
        return self._content[self.at - size : self.at]
