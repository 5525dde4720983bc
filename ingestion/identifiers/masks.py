"""Masked forms of identifiers: enough to recognise a known value, too little to learn one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from graph.model.types import IdentifierKind as K
from ingestion.identifiers.machines import MAC

# of what is no valid value of its kind: a mask that follows a form shows what does not have it
FORMLESS = "****"
RUN = re.compile(r"\d{7,}")  # a phone or a card where a form expects none, such as a domain


def mask(kind: K, value: str) -> str:
    """The form for people of a valid value in its kind's canonical form; never seven digits in a row."""
    return RUN.sub(FORMLESS, _MASKS[kind](value))


def _ends(head: int, tail: int) -> Callable[[str], str]:
    """A mask that shows the ends of a long value and less of a short one; the number of stars says nothing
    past four.
    """

    def masked(value: str) -> str:
        if len(value) < head + tail + 3:
            return "****" + value[-1:] if len(value) > 4 else "****"
        return f"{value[:head]}****{value[len(value) - tail :] if tail else ''}"

    return masked


_FOREIGN = _ends(4, 3)


def _phone(value: str) -> str:
    number = value.removeprefix("+86")
    if number.startswith("+"):
        return _FOREIGN(number)
    return f"{number[:3]}****{number[7:]}" if len(number) == 11 else _ends(3, 2)(number)


def _email(value: str) -> str:
    name, at, domain = value.partition("@")
    return f"{name[:1]}***@{domain}" if at else "****"


def _ip(value: str) -> str:
    if "." in value:
        return ".".join([*value.split(".")[:2], "*", "*"])
    return ":".join(value.split(":")[:3]) + ":****" if ":" in value else "****"


def _wifi(value: str) -> str:
    return f"{value[:8]}:**:**:{value[-2:]}" if MAC.fullmatch(value) else _ends(1, 1)(value)


def tail(value: str) -> str:
    """The last four characters of a long value: of devices, and of what comes hashed."""
    return f"***{value[-4:]}" if len(value) >= 8 else "****"


_MASKS: Mapping[K, Callable[[str], str]] = MappingProxyType(
    {
        K.NATIONAL_ID: _ends(3, 4),
        K.PHONE: _phone,
        K.DEVICE: tail,
        K.BANK_CARD: _ends(4, 4),
        K.EMAIL: _email,
        K.IP: _ip,
        K.WIFI: _wifi,
        K.ADDRESS: _ends(6, 0),
        K.EMPLOYER: _ends(2, 2),
    }
)
