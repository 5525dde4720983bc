"""Knows erased names by codes that say nothing without the store's key: who asks must name them first."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from graph.model.erasure import ALWAYS, Renaming
from graph.model.errors import SettingError
from graph.model.moments import micros
from graph.signatures import Keys, purpose_key

_PURPOSE = b"ringfence erased names, version 1"
_DIGITS = 32  # hexadecimal, of a code
_NOT_REFUSED = 0


class NameKind(StrEnum):
    """Whose id a name is: one text may be a person's and somebody else's application's."""

    APPLICANT = "applicant"
    APPLICATION = "application"
    EVENT = "event"
    DEVICE = "device"  # that nobody else held, by its token


class ErasedCodes:
    """`ErasureCodes` of a store: HMAC-SHA256 of kind and name under a key for this purpose alone, with that
    key's version before it, as in `k1:0f3a...`. What an older key coded is known as long as the keyring
    has that key.
    """

    def __init__(self, keys: Keys, refused: Mapping[str, int]) -> None:
        """`keys` are the store's, the newest first; `refused` is what `GraphStore.refused` gives.

        Raises SettingError where names are refused by a key that is missing or another: without it
        they would come back unnoticed.
        """
        self._keys = {version: purpose_key(secret, _PURPOSE) for version, secret in keys}
        self._refused = refused
        self._asked = sorted({code.partition(":")[0] for code in refused})  # versions
        for version in self._asked:
            if version not in self._keys or self._check(version) not in refused:
                raise SettingError(
                    f"this store knows whom it has erased by the key {version}, and the keys given have "
                    f"{'another one' if version in self._keys else 'none'} of that name: give it in "
                    "RINGFENCE_HASH_KEY behind the newest, as k2:new,k1:old"
                )

    def codes(self, renaming: Renaming, until: datetime) -> Mapping[str, int]:
        """The codes of the old names. A person's id is refused in what happened before `until`: later it may
        be somebody new's. The ids of applications and events are refused for ever, descriptions of devices
        for as long as nobody holds these.

        Raises SettingError where there is no key.
        """
        if not self._keys:
            raise SettingError("an erasure needs the store's key: set RINGFENCE_HASH_KEY")
        version = next(iter(self._keys))
        named = (
            (NameKind.APPLICANT, renaming.people, micros(until)),
            (NameKind.APPLICATION, renaming.applications, ALWAYS),
            (NameKind.EVENT, renaming.events, ALWAYS),
            (NameKind.DEVICE, renaming.devices, ALWAYS),
        )
        codes = {self._code(version, kind, name): moment for kind, names, moment in named for name in names}
        return codes | {self._check(version): _NOT_REFUSED}

    def code(self, kind: NameKind, name: str) -> str | None:
        """The newest code by which that name stays out; None for one that nobody erased."""
        codes = (self._code(version, kind, name) for version in reversed(self._asked))
        return next((code for code in codes if self._refused.get(code, _NOT_REFUSED)), None)

    def until(self, kind: NameKind, name: str) -> int:
        """The moment (microseconds) before which facts that name it stay out: ALWAYS for every fact, 0 for a
        name that nobody erased.
        """
        return max(
            (self._refused.get(self._code(one, kind, name), _NOT_REFUSED) for one in self._asked),
            default=_NOT_REFUSED,
        )

    def __bool__(self) -> bool:
        """Whether anybody was erased: without that no name needs to be asked for."""
        return bool(self._refused)

    def __contains__(self, name: object, /) -> bool:
        return any(self.until(kind, str(name)) > _NOT_REFUSED for kind in NameKind)

    def _check(self, version: str) -> str:
        """What tells a key from another of the same name: the code of no name."""
        return self._code(version, "", "")

    def _code(self, version: str, kind: str, name: str) -> str:
        digest = hmac.digest(self._keys[version], f"{kind}/{name}".encode(), "sha256")
        return f"{version}:{digest.hex()[:_DIGITS]}"
