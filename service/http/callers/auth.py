"""Authentication: bearer keys with name, scopes and lenders, stored as digests and reloaded when their file
changes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from time import monotonic

from graph import private
from graph.model.errors import SettingError
from graph.quantities import quantity
from graph.strength import ADVICE, weakness
from service.assessment.lender_binding import OPERATOR, Binding
from service.http.callers.access import LENDERS_SCOPES, SCOPES

log = logging.getLogger("ringfence.auth")

_USUAL = frozenset({"risk", "facts"})  # of a bound key that names none
_DIGEST = re.compile(r"sha256\$[0-9a-f]{64}")
_VARIABLE = "RINGFENCE_API_KEYS"
LOOK_AGAIN_S = 1.0  # how often the key file is checked


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the name of their key or their own, what it opens, and for which lenders they speak;
    `binding` None is the lender that runs the service. `session` is the digest of a named user's session.
    """

    name: str
    scopes: frozenset[str]
    binding: Binding | None = None
    session: str = ""
    role: str = ""

    @property
    def limited_as(self) -> str:
        """Under which name their requests are counted: a key and a user may have one name."""
        return f"user:{self.name}" if self.session else self.name


LOCAL = Caller("local", frozenset(SCOPES), OPERATOR)
"""Who holds the application itself, in its own process, where no key is configured."""


class Keys:
    """Callers by the digest of their key, compared in constant time."""

    def __init__(self, callers: Mapping[bytes, Caller]) -> None:
        self._callers = dict(callers)

    @classmethod
    def parse(cls, text: str, file: str = "", more: str = "") -> Keys:
        """Read `name:key`, `name:key:scope+scope` and either with `@lender+lender` (`@*` the operator's), by
        commas or new lines: the setting's `text`, and what its `file` holds.

        A key may stand as `sha256$` and the hex digits of its digest. A name may have two keys, the old and
        the new, that open the same. Raises SettingError, which names the setting, or the file and the line.
        """
        callers: dict[bytes, Caller] = {}
        for place, entry in _entries(text, file, more):
            try:
                digest, caller = _entry(entry)
                _refuse_beside(callers, digest, caller)
            except SettingError as error:
                raise SettingError(f"{place}: {error}") from None
            callers[digest] = caller
        return cls(callers)

    def __bool__(self) -> bool:
        return bool(self._callers)

    def caller(self, authorization: str) -> Caller | None:
        """Whose key an Authorization header carries: `Bearer KEY`, or Basic with the key as password (a
        browser at the desk).
        """
        scheme, _, given = authorization.partition(" ")
        key = (
            given.strip()
            if scheme.lower() == "bearer"
            else _basic_password(given)
            if scheme.lower() == "basic"
            else None
        )
        if not key:
            return None
        digest, result = _digest(key), None
        for known, caller in self._callers.items():
            if hmac.compare_digest(digest, known):
                result = caller
        return result

    @property
    def callers(self) -> tuple[Caller, ...]:
        """All callers, one for each key."""
        return tuple(self._callers.values())


@dataclass
class CallerKeyRing:
    """The keys of the settings beside those of a file, which is read again when it changes: keys are rotated
    while the service runs.
    """

    given: str = ""
    file: str = ""
    _keys: Keys | None = None
    _stamp: tuple[int, int] = (0, 0)
    _looked: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def keys(self) -> Keys:
        """The keys in force. Raises SettingError when they cannot be read at first; later an unreadable file
        is logged and changes nothing.
        """
        with self._lock:
            if self._keys is None:
                self._stamp, self._keys = self._stamped(), self._read()
            elif self.file and monotonic() - self._looked >= LOOK_AGAIN_S:
                self._looked = monotonic()
                self._refresh()
            return self._keys

    def _refresh(self) -> None:
        try:
            stamp = self._stamped()
            if stamp != self._stamp:
                self._keys, self._stamp = self._read(), stamp
                log.info(
                    "the file of keys has changed: in force now: %s", quantity(len(self._keys.callers), "key")
                )
        except SettingError as error:
            log.error("the keys stay as they were: %s", error)

    def _stamped(self) -> tuple[int, int]:
        if not self.file:
            return 0, 0
        try:
            result = Path(self.file).stat()
        except OSError as error:
            raise SettingError(
                f"{_VARIABLE}_FILE: the file {self.file} cannot be read ({error.strerror})"
            ) from error
        return result.st_mtime_ns, result.st_size

    def _read(self) -> Keys:
        if self.file:
            private.refuse_loose(Path(self.file), f"{_VARIABLE}_FILE")
        try:
            more = Path(self.file).read_text(encoding="utf-8") if self.file else ""
        except (OSError, UnicodeDecodeError) as error:
            raise SettingError(f"{_VARIABLE}_FILE: the file {self.file} cannot be read as text") from error
        keys = Keys.parse(self.given, self.file, more)
        if self.file and not keys:
            raise SettingError(
                f"{_VARIABLE}_FILE: the file {self.file} holds no key: put one in, or unset it"
            )
        return keys


def _entries(text: str, file: str, more: str) -> Iterator[tuple[str, str]]:
    """Each entry with the place where it stands."""
    lines = [(f"{_VARIABLE}_FILE: {file}, line {n}", line) for n, line in enumerate(more.split("\n"), 1)]
    for place, line in [(_VARIABLE, one) for one in text.split("\n")] + lines:
        for entry in map(str.strip, line.split(",")):
            if entry and not entry.startswith("#"):
                yield place, entry


def _refuse_beside(callers: Mapping[bytes, Caller], digest: bytes, caller: Caller) -> None:
    if digest in callers:
        raise SettingError(f"{callers[digest].name} and {caller.name} have one key: give each its own")
    others = [one for one in callers.values() if one.name == caller.name]
    if len(others) > 1 or any(one != caller for one in others):
        raise SettingError(
            f"the keys of {caller.name} must open the same, and be two at most (the old and the new)"
        )


def _entry(entry: str) -> tuple[bytes, Caller]:
    head, at, lenders = entry.rpartition("@") if "@" in entry else (entry, "", "")
    name, _, rest = head.partition(":")
    key, listed, scopes = rest.partition(":")
    if not name or not key:
        raise SettingError(
            "give name:key, name:key:scope+scope, and for whom the key speaks as "
            "@lender+lender or @* at the end"
        )
    binding = _binding(name, lenders) if at else None
    return digest_of(name, key), Caller(name, _scopes(name, scopes if listed else None, binding), binding)


def _binding(name: str, lenders: str) -> Binding:
    named = tuple(sorted(filter(None, (one.strip() for one in lenders.split("+")))))
    if not named:
        raise SettingError(f"{name} is bound to nobody: give @lender+lender, or @* for the operator's key")
    return OPERATOR if named == ("*",) else Binding(named)


def _scopes(name: str, listed: str | None, binding: Binding | None) -> frozenset[str]:
    bound = binding != OPERATOR
    if listed is None:
        return _USUAL if bound else frozenset(SCOPES)
    scopes = frozenset(filter(None, listed.split("+")))
    if not scopes:
        raise SettingError(
            f"{name} lists no scopes after its key: name some of {', '.join(SCOPES)}, or leave the colon away"
        )
    if unknown := scopes.difference(SCOPES):
        raise SettingError(
            f"{name} has unknown scopes {', '.join(sorted(unknown))}; there are {', '.join(SCOPES)}"
        )
    if bound and (beyond := scopes - LENDERS_SCOPES):
        raise SettingError(
            f"{name} speaks for lenders, and {', '.join(sorted(beyond))} would show what is across lenders: "
            "end the entry with @*, the operator's, or list other scopes"
        )
    # a key decides as it did before people had roles: it may be the second pair of eyes
    return scopes | {"cases:confirm"} if "cases:decide" in scopes else scopes


def digest_of(name: str, key: str) -> bytes:
    """The digest of a caller's key. Raises SettingError for a weak one."""
    if _DIGEST.fullmatch(key):
        return bytes.fromhex(key.removeprefix("sha256$"))
    if (why := weakness(key)) is not None:
        raise SettingError(f"the key of {name} is weak, {why}: {ADVICE}")
    return _digest(key)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _basic_password(given: str) -> str | None:
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return None
