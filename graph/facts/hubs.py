"""Hub rules: which shared values link nobody, and why; each rule is defined for one value and for columns."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from graph.model.moments import DAY
from graph.model.types import Identifier, IdentifierKind

K = IdentifierKind
Column = npt.NDArray[Any]

# More holders than this and the value is a place, a network or a placeholder, not a tie between people. A
# live answer looks no further through it. Counts are of distinct applicants in a role.
GUARD: Mapping[IdentifierKind, int] = MappingProxyType(
    {
        K.NATIONAL_ID: 30,
        K.PHONE: 40,
        K.DEVICE: 60,
        K.BANK_CARD: 40,
        K.EMAIL: 40,
        K.IP: 30,
        K.WIFI: 30,
        K.ADDRESS: 30,
        K.EMPLOYER: 25,
    }
)
# The batch sees everybody at once, so between the guard and this it lets the weight of a tie fall with the
# holders instead: a ring can hide among those of a dormitory's Wi-Fi. Beyond, nobody is linked there either.
BATCH_GUARD = 2_000
# up to so many holders the batch links every pair; beyond, each holder with the next NEAR arrivals
ALL_PAIRS = 40
NEAR = 6
COUNT_CAP = 1_000  # holders are counted up to here: one more changes no answer and would make a hub slow

REASONS = ("", "not_linking", "many_holders", "turnover")  # code of a reason in a column; 0: the value links
NOT_LINKING, MANY_HOLDERS, TURNOVER = 1, 2, 3

# A shop's own device below the guard ties nobody in a live answer. The batch keeps it: what else its users
# share, and the shop's other customers, tell it a queue from a crew. Left out there, fewer members of rings
# were found in six of nine reviews of three made worlds.
SHOP_USERS = 5  # fewer people on a device than this say nothing about whose it is
SHOP_SHARE = 0.8

# A steady stream of new holders for months: a counter's tablet, a carrier's address, a shop's own number.
# Never fewer holders than the guard has, so that nothing the batch leaves out links anybody in a live answer.
STREAM_DAYS = 90
STREAM_HOLDERS = 100
STREAM_PHONES = 60
_KINDS = tuple(K)


def hub_reason(identifier: Identifier, holders: int) -> str | None:
    """Why a live answer links nobody through `identifier`, or None when it links. `holders` is counted up to
    COUNT_CAP.
    """
    if not identifier.linking:
        return REASONS[NOT_LINKING]
    if holders > GUARD[identifier.kind]:
        return REASONS[MANY_HOLDERS]
    return None


def changes_hands(kind: Column, holders: Column, arrivals: tuple[Column, Column, Column]) -> Column:
    """Which values (V,) change hands steadily for months, bool.

    `kind` is the position in IdentifierKind (others: no identifier, which never passes on), `holders` their
    number, `arrivals` when the first, the middle and the last of them came, in microseconds.
    """
    first, middle, last = arrivals
    steady = np.abs((middle - first) / np.maximum(last - first, 1) - 0.5) < 0.25
    many = holders > np.where(kind == _KINDS.index(K.PHONE), STREAM_PHONES, STREAM_HOLDERS)
    return np.asarray(many & ((last - first) / DAY > STREAM_DAYS) & steady & (kind < len(_KINDS)))


def batch_reasons(
    kind: Column, linking: Column, holders: Column, arrivals: tuple[Column, Column, Column]
) -> Column:
    """Why the batch links nobody through each value (V,): codes into REASONS, 0 where it links. Columns as
    for `changes_hands`; `linking` bool.
    """
    out = np.zeros(len(kind), np.int8)
    out[changes_hands(kind, holders, arrivals)] = TURNOVER
    out[(holders > BATCH_GUARD) & (kind < len(_KINDS))] = MANY_HOLDERS
    out[~linking] = NOT_LINKING
    return out
