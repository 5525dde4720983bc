"""For what people are looked at: the purposes that a lender knows, whether one must be given, and those of
its keys.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from graph.model.errors import InputError, SettingError
from ingestion.identifiers.recognise import scrubbed

LONGEST = 200  # characters
USUAL = "assessment, payout check, monitoring, review, complaint, data subject request, audit"
_AFTER = ":"  # between a purpose and the words that somebody puts behind it
_CASE = re.compile(r"(?<!\w)(C-[0-9a-f]{10,16}-[0-9a-f]{8})(?!\w)")  # as the casebook names them
_LISTED, _KEYS = "RINGFENCE_PURPOSES", "RINGFENCE_KEY_PURPOSES"


class PurposeError(InputError):
    """Nobody said for what, or for nothing that is known."""

    problem = "purpose_missing"


@dataclass(frozen=True)
class Purposes:
    """The purposes in force. `known`: empty where any words will do; `of_keys`: what each of these keys is
    for where a request does not say so itself.
    """

    known: tuple[str, ...]
    required: bool
    of_keys: Mapping[str, str]

    def checked(self, given: str, where: str, key: str = "") -> str | None:
        """For what somebody looks who gave these words at `where` (a header, an option), with that key; None
        where nobody said. Raises PurposeError where it must be said, and was not.
        """
        text = said(given) or self.of_keys.get(key)
        if self.required and self.word(text) is None:
            lacks = f"{text!r} is none of the purposes here" if text else "say for what"
            raise PurposeError(f"{where}: {lacks}, one of {', '.join(self.known)}, alone or before a colon")
        return text

    def refuse_unknown(self, keys: Collection[str]) -> None:
        """Raises SettingError for the purpose of a key that is none of these."""
        if unknown := sorted(self.of_keys.keys() - keys):
            raise SettingError(f"{_KEYS}: there is no key {', '.join(unknown)}; there are {', '.join(keys)}")

    def word(self, text: str | None) -> str | None:
        """Which of the known purposes it is, without the words behind it."""
        head = (text or "").partition(_AFTER)[0].strip().casefold()
        return next((one for one in self.known if one.casefold() == head), None)


@cache
def purposes_of(listed: str, required: bool, keys: str) -> Purposes:
    """The purposes of the settings. Raises SettingError for what cannot be one."""
    known = _names(listed)
    if wrong := next((one for one in known if len(one) > LONGEST or _AFTER in one), None):
        raise SettingError(f"{_LISTED}: {wrong[:LONGEST]!r} is too long, or has a colon in it")
    if required and not known:
        raise SettingError(f"{_LISTED}: name the purposes of which one must be given")
    of_keys: dict[str, str] = {}
    for entry in _names(keys):
        name, is_for, purpose = (part.strip() for part in entry.partition("="))
        if not (name and is_for and purpose) or (known and purpose not in known):
            raise SettingError(f"{_KEYS}: {entry!r} is no key=purpose with one of {', '.join(known)}")
        if name in of_keys:
            raise SettingError(f"{_KEYS}: {name} is given two purposes")
        of_keys[name] = purpose
    return Purposes(known, required, MappingProxyType(of_keys))


def said(given: str) -> str | None:
    """The words as they are kept: one line of at most LONGEST characters, raw identifiers masked, and the
    names of cases left, whatever digits they have.
    """
    printable = "".join(one if one.isprintable() else " " for one in given.strip())[:LONGEST]
    parts = _CASE.split(printable)
    return "".join(one if n % 2 else scrubbed(one) for n, one in enumerate(parts)) or None


def _names(listed: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.strip() for one in listed.split(",") if one.strip()))
