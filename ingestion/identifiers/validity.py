"""Validity of identifier values: whether a value may link people, and why not."""

from __future__ import annotations

from enum import StrEnum


class Validity(StrEnum):
    """Whether a value can tie two people together."""

    VALID = "sound"
    UNVERIFIED = "unverified"  # kept, never links; `Why` says why
    PLACEHOLDER = "placeholder"  # stands for *none*: not an identifier at all


class Why(StrEnum):
    """Why a value is unverified."""

    FORM = "no_such_form"  # nothing of its kind looks like it
    CHECK = "check_failed"  # its check digit or the date in it is wrong
    GAPS = "gaps"  # masked, rounded or cut off
    # one of many of that name: a number without its area code, an address of a private network
    LOCAL = "local"


Formed = tuple[str, Why | None]  # a value in the one form of its kind, and why it is not sound
