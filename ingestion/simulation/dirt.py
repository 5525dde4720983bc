"""Dirty cells of the simulation: other spellings, placeholders, gaps, occasional wrong check digits."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MISSING = {
    "national_id": 0.002,
    "phone": 0.004,
    "device_id": 0.03,
    "bank_card": 0.07,
    "ip": 0.02,
    "wifi": 0.05,
    "address": 0.02,
    "employer": 0.03,
    "contact_phone": 0.01,
}
PLACEHOLDERS = {
    "phone": (0.001, ("13800000000",)),
    "contact_phone": (0.012, ("13800000000", "13800138000", "11111111111")),
    "employer_phone": (0.03, ("0000000", "unknown", "13800000000")),
    "device_id": (0.014, ("0000000000000000", "unknown", "00000000-0000-0000-0000-000000000000")),
    "wifi": (0.02, ("00:00:00:00:00:00", "02:00:00:00:00:00")),
    "ip": (0.003, ("127.0.0.1", "0.0.0.0")),
    "address": (0.006, ("unknown", "无")),
    "employer": (0.02, ("无", "unknown", "个体")),
    "email": (0.006, ("test@test.com", "123@qq.com")),
}
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def _grouped(value: str) -> str:
    return f"{value[:3]}-{value[3:7]}-{value[7:]}"


def _by_fours(value: str) -> str:
    return " ".join(value[i : i + 4] for i in range(0, len(value), 4))


WAYS: dict[str, tuple[Callable[[str], str], ...]] = {
    "phone": (
        lambda v: "+86" + v,
        lambda v: "+86 " + _grouped(v),
        lambda v: "86" + v,
        _grouped,
        lambda v: v.translate(FULL_WIDTH),
        lambda v: f" {v} ",
    ),
    "national_id": (str.lower, lambda v: v.translate(FULL_WIDTH), lambda v: v + " "),
    "bank_card": (_by_fours, lambda v: v.translate(FULL_WIDTH)),
    "email": (str.upper, lambda v: v.replace("@", "+loan@")),
    "wifi": (str.upper, lambda v: v.replace(":", "-").upper()),
    "device_id": (str.upper,),
}
OTHERWISE = 0.06
"""Share of the cells that are written in another way than the usual one."""
WRONG_CHECK = {"national_id": 0.004, "bank_card": 0.003}


class Dirt:
    """Soils columns of text; the same generator and order give the same dirt."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def soil(self, kind: str, column: pa.Array) -> pa.Array:
        """Gaps, placeholders, other spellings and wrong check digits, each at its own rate."""
        like = "phone" if kind == "contact_phone" else kind
        column = self._rewrite(column, OTHERWISE if like in WAYS else 0, WAYS.get(like, ()))
        column = self._rewrite(column, WRONG_CHECK.get(kind, 0), (_spoil,))
        return self.lose(self.placeholders(kind, column), MISSING.get(kind, 0))

    def placeholders(self, kind: str, column: pa.Array) -> pa.Array:
        """Some cells hold a value that means nothing."""
        share, words = PLACEHOLDERS.get(kind, (0, ()))
        return self._rewrite(column, share, tuple(partial(_instead, word) for word in words))

    def lose(self, column: pa.Array, share: float) -> pa.Array:
        """A share of the cells is not known."""
        if not share:
            return column
        return pc.if_else(pa.array(self._rng.random(len(column)) >= share), column, None)

    def _rewrite(self, column: pa.Array, share: float, ways: tuple[Callable[[str], str], ...]) -> pa.Array:
        if not share or not ways:
            return column
        mask = (self._rng.random(len(column)) < share) & column.is_valid().to_numpy(zero_copy_only=False)
        chosen = self._rng.integers(0, len(ways), int(mask.sum())).tolist()
        old = column.filter(pa.array(mask)).to_pylist()
        new = [ways[way](value) for way, value in zip(chosen, old, strict=True)]
        return pc.replace_with_mask(column, pa.array(mask), pa.array(new, type=pa.string()))


def _instead(word: str, _: str) -> str:
    return word


def _spoil(value: str) -> str:
    """The last digit is another one, so that the checksum fails."""
    last = value.strip()[-1]
    return value.strip()[:-1] + ("1" if last != "1" else "2")
