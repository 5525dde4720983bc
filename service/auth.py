"""Who may call: bearer keys with scopes and a rate each; without any key, nobody but this machine."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from time import monotonic

from graph.errors import SettingError

SCOPES = ("risk", "types", "facts", "rings", "desk", "metrics")
_NAMES = frozenset({"localhost"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the name of their key, and what it opens."""

    name: str
    scopes: frozenset[str]


LOCAL = Caller("local", frozenset(SCOPES))


class Keys:
    """The configured API keys; kept as digests, compared in constant time."""

    def __init__(self, callers: Mapping[str, tuple[bytes, frozenset[str]]]) -> None:
        self._callers = dict(callers)

    @classmethod
    def parse(cls, text: str) -> Keys:
        """Read `name:key` or `name:key:scope+scope`, separated by commas or new lines. Raises SettingError."""
        callers: dict[str, tuple[bytes, frozenset[str]]] = {}
        for entry in text.replace("\n", ",").split(","):
            if not entry.strip():
                continue
            name, _, rest = entry.strip().partition(":")
            key, _, listed = rest.partition(":")
            scopes = frozenset(filter(None, listed.split("+"))) or frozenset(SCOPES)
            if not name or len(key) < 8 or name in callers:
                raise SettingError("RINGFENCE_API_KEYS: give name:key pairs with different names and keys of 8 characters or more")
            if unknown := scopes.difference(SCOPES):
                raise SettingError(f"RINGFENCE_API_KEYS: {name} has unknown scopes {', '.join(sorted(unknown))}; there are {', '.join(SCOPES)}")
            callers[name] = (_digest(key), scopes)
        return cls(callers)

    def __bool__(self) -> bool:
        return bool(self._callers)

    def caller(self, authorization: str) -> Caller | None:
        """Whose key an Authorization header carries: `Bearer KEY`, or Basic with the key as password (a browser at the desk)."""
        scheme, _, given = authorization.partition(" ")
        key = given.strip() if scheme.lower() == "bearer" else _basic_password(given) if scheme.lower() == "basic" else None
        if not key:
            return None
        digest, found = _digest(key), None
        for name, (known, scopes) in self._callers.items():
            if hmac.compare_digest(digest, known):
                found = Caller(name, scopes)
        return found


class RateLimit:
    """A bucket of `burst` requests for each caller, refilled at `rate` a second; one process's share of the whole."""

    def __init__(self, rate: float, burst: int, tick: Callable[[], float] = monotonic) -> None:
        self._rate = rate
        self._burst = float(max(burst, 1))
        self._tick = tick
        self._levels: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def wait(self, name: str, cost: float = 1.0) -> float:
        """Seconds until the caller may come again; 0.0 when this request is let through."""
        if self._rate <= 0:
            return 0.0
        now = self._tick()
        with self._lock:
            level, then = self._levels.get(name, (self._burst, now))
            level = min(self._burst, level + (now - then) * self._rate)
            if level >= cost:
                self._levels[name] = (level - cost, now)
                return 0.0
            self._levels[name] = (level, now)
        return (cost - level) / self._rate


def is_loopback(host: str) -> bool:
    """Whether an address or host name can only mean this machine."""
    bare = host.strip("[]")
    if bare.lower() in _NAMES:
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


def check_address(host: str, keys: Keys) -> None:
    """Raise SettingError for an address that others can reach when no key is configured."""
    if not keys and not is_loopback(host):
        raise SettingError(f"no API key is configured, so the service answers on loopback only, not on {host}: set RINGFENCE_API_KEYS first")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _basic_password(given: str) -> str | None:
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return None
