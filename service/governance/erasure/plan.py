"""The plan of an erasure, sealed by the store's key: whoever is cut off between store and casebook goes on
with the same surrogates.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from graph.model.erasure import Renaming
from graph.model.errors import SettingError
from graph.model.types import Identifier, IdentifierKind
from graph.signatures import Keys, purpose_key

_PURPOSE = b"ringfence erasure plan, version 1"
_NONCE = 12  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SortedPeople:
    """The ids that were given: of people to erase, of those whom nobody knows, and of people who were erased
    earlier.
    """

    to_erase: Sequence[str]
    unknown: Sequence[str]
    erased_before: Sequence[str]

    @property
    def given(self) -> frozenset[str]:
        """All of them."""
        return frozenset((*self.to_erase, *self.unknown, *self.erased_before))


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureReason:
    """Who has people erased, and for what."""

    by: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasurePlan:
    """An erasure that was begun: for whom and why, what the store renames, and the edition that it has once
    it has done so. `rows` says by part (`store`, `casebook`) how many rows of which table there were.
    """

    certificate: str
    began_at: datetime
    until: datetime
    reason: ErasureReason
    people: SortedPeople = field(repr=False)
    renaming: Renaming = field(repr=False)
    edition: int
    rows: Mapping[str, Mapping[str, int]]

    def as_json(self) -> bytes:
        """The plan as it is kept."""
        r, p = self.renaming, self.people
        plan = {
            "certificate": self.certificate,
            "began_at": self.began_at,
            "until": self.until,
            "reason": self.reason,
            "people": {name: list(getattr(p, name)) for name in _SORTS},
            "renaming": {name: getattr(r, name) for name in _NAMED}
            | {"identifiers": {node: _written(one) for node, one in r.identifiers.items()}},
            "edition": str(self.edition),
            "rows": self.rows,
        }
        return orjson.dumps(plan)

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Raises ValueError, KeyError or TypeError for what is no plan."""
        read: Mapping[str, Any] = orjson.loads(content)
        things = {node: _read(one) for node, one in read["renaming"].pop("identifiers").items()}
        return cls(
            certificate=read["certificate"],
            began_at=datetime.fromisoformat(read["began_at"]),
            until=datetime.fromisoformat(read["until"]),
            reason=ErasureReason(**read["reason"]),
            people=SortedPeople(**read["people"]),
            renaming=Renaming(**read["renaming"], identifiers=things),
            edition=int(read["edition"]),
            rows=read["rows"],
        )


_SORTS = ("to_erase", "unknown", "erased_before")
_NAMED = ("people", "applications", "events")


def sealed(plan: ErasurePlan, keys: Keys) -> bytes:
    """The plan under the newest key, AES-256-GCM: VERSION, NUL, nonce, and what follows from them."""
    version, secret = keys[0]
    nonce = os.urandom(_NONCE)
    text = zlib.compress(plan.as_json(), 1)
    return _head(version) + nonce + _cipher(secret).encrypt(nonce, text, _bound(version, plan.certificate))


def opened(certificate: str, content: bytes, keys: Keys) -> ErasurePlan:
    """The plan of that erasure. Raises SettingError where the keys do not open it."""
    version = content.partition(b"\0")[0].decode("ascii", "replace")
    known, body = dict(keys), content[len(_head(version)) :]
    if version not in known:
        raise SettingError(
            f"the plan of the erasure {certificate} is sealed by the key {version}, and the keys given have "
            "none of that name: give it in RINGFENCE_HASH_KEY behind the newest, as k2:new,k1:old"
        )
    try:
        text = _cipher(known[version]).decrypt(body[:_NONCE], body[_NONCE:], _bound(version, certificate))
        return ErasurePlan.from_json(zlib.decompress(text))
    except (InvalidTag, ValueError, KeyError, TypeError, zlib.error):
        raise SettingError(
            f"the plan of the erasure {certificate} was changed, or the key {version} is another one than it "
            "was sealed by: give that key, or bring the casebook back as it was"
        ) from None


def _head(version: str) -> bytes:
    return version.encode() + b"\0"


def _bound(version: str, certificate: str) -> bytes:
    """What a seal holds for alone: a plan moved under another certificate is not opened."""
    return f"{version}/{certificate}".encode()


def _cipher(secret: bytes) -> AESGCM:
    return AESGCM(purpose_key(secret, _PURPOSE))


def _written(one: Identifier) -> list[Any]:
    return [one.kind, one.token, one.masked, one.linking]


def _read(written: Sequence[Any]) -> Identifier:
    kind, token, masked, linking = written
    return Identifier(IdentifierKind(kind), token, masked, linking=linking)
