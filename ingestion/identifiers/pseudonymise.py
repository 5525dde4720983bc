"""Keyed pseudonyms: HMAC under a versioned key, so that raw values never get past ingestion."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from graph import private
from graph.model.errors import SettingError
from graph.strength import ADVICE, weakness

ALGORITHMS = ("sha256", "sm3")
TOKEN = re.compile(r"[a-z]\w{0,15}(-sm3)?\.[0-9a-f]{32}")
_VERSIONED = re.compile(r"(k\d{1,6}):(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys there are, newest first. New pseudonyms are made under the first; the others still recognise
    what was made under them.
    """

    keys: tuple[tuple[str, bytes], ...] = field(repr=False)
    algorithm: str = "sha256"

    @classmethod
    def parse(cls, text: str, *, version: str = "k1", algorithm: str = "sha256") -> Keyring:
        """A bare secret, which gets `version`, or several as `k2:secret,k1:secret` (or one a line), the key
        for new values first.

        Raises SettingError for no key, a version given twice or an algorithm that is not there.
        """
        if algorithm not in ALGORITHMS:
            raise SettingError(f"unknown hash algorithm {algorithm!r}: there are {', '.join(ALGORITHMS)}")
        parts = [p.strip() for p in re.split(r"[\n,]", text.strip()) if p.strip()]
        if not parts or not all(_VERSIONED.fullmatch(p) for p in parts):
            parts = [f"{version}:{text.strip()}"] if parts else []
        keys = tuple((name, secret.encode()) for name, _, secret in (p.partition(":") for p in parts))
        if not keys:
            raise SettingError("the hash key is empty")
        if len({name for name, _ in keys}) < len(keys):
            raise SettingError("two hash keys have the same version")
        if not re.fullmatch(r"[a-z]\w{0,15}", keys[0][0]):
            raise SettingError(
                f"{keys[0][0]!r} is no name of a key version: a letter, then letters and digits, as in k1"
            )
        return cls(keys, algorithm)

    def weakness(self) -> str | None:
        """What is wrong with the key for new values, and what to do: with a weak key, every value in a store
        can be found by trying.

        An older key may be weak: it recognises what came under it, until that is loaded again.
        """
        version, newest = self.keys[0]
        if (why := weakness(newest.decode())) is None:
            return None
        return (
            f"the hash key {version} is weak, {why}: {ADVICE}, and keep this one behind it "
            "(docs/settings.md), so that what is stored still links"
        )

    def token(self, kind: str, value: str) -> str:
        """The pseudonym of a canonical value under the current key: `k1.` and 32 hexadecimal digits."""
        return self._under(self.keys[0], kind, value)

    def older_tokens(self, kind: str, value: str) -> tuple[str, ...]:
        """Its pseudonyms under the other keys, by which a store may know it."""
        return tuple(self._under(key, kind, value) for key in self.keys[1:])

    def _under(self, key: tuple[str, bytes], kind: str, value: str) -> str:
        version, secret = key
        mark = "" if self.algorithm == "sha256" else f"-{self.algorithm}"
        return f"{version}{mark}.{_digest(secret, f'{kind}/{value}'.encode(), self.algorithm)[:16].hex()}"


def own_key(path: Path, say: Callable[[str], None]) -> str:
    """The key of an embedded store, in a file beside it that only its owner can read; made, and said so, when
    it is not there yet.

    Raises SettingError when the file can neither be read nor made, or is open to others.
    """
    text, created = private.own_secret(path, "the key of the pseudonyms")
    if created:
        say(
            f"no RINGFENCE_HASH_KEY: made a key of this store's own in {path} (only you can read it; without "
            "it new records no longer link)"
        )
    return text


def _digest(key: bytes, message: bytes, algorithm: str) -> bytes:
    """HMAC (RFC 2104) written out: what depends on the key alone is hashed once, which makes a delivery's
    pseudonyms twice as fast.
    """
    if algorithm == "sm3" and "sm3" not in hashlib.algorithms_available:
        return _hmac_sm3(key, message)
    inner, outer = (started.copy() for started in _started(key, algorithm))
    inner.update(message)
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(maxsize=8)
def _started(key: bytes, algorithm: str) -> tuple[hashlib._Hash, hashlib._Hash]:
    """The inner and the outer hash of an HMAC, fed with the key; both algorithms have blocks of 64 bytes."""
    block = (hashlib.new(algorithm, key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    return hashlib.new(algorithm, bytes(b ^ 0x36 for b in block)), hashlib.new(
        algorithm, bytes(b ^ 0x5C for b in block)
    )


def _hmac_sm3(key: bytes, message: bytes) -> bytes:
    """HMAC-SM3 (GB/T 32905, RFC 2104) by gmssl, for an OpenSSL that was built without SM3; slow."""
    try:
        from gmssl import func, sm3
    except ImportError as error:
        raise SettingError("this Python's OpenSSL has no SM3: install the extra `sm3` (gmssl)") from error

    def digest(data: bytes) -> bytes:
        answer: Any = sm3.sm3_hash(func.bytes_to_list(data))
        return bytes.fromhex(answer)

    block = (digest(key) if len(key) > 64 else key).ljust(64, b"\0")
    return digest(bytes(b ^ 0x5C for b in block) + digest(bytes(b ^ 0x36 for b in block) + message))
