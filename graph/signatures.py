"""Signatures over bytes by the keys of a store's keyring: of case files, and of the history of models."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from enum import StrEnum

Keys = Sequence[tuple[str, bytes]]  # version and secret, the one for new signatures first


class SignatureState(StrEnum):
    """What a look at a signature found: ours and the content unchanged, changed since (or by another's key),
    without a signature, or by a key of ours that is not there any more.
    """

    VALID = "valid"
    TAMPERED = "tampered"
    UNSIGNED = "unsigned"
    UNKNOWN_KEY = "unknown_key"


def sign(content: bytes, keys: Keys, purpose: bytes) -> tuple[str, str]:
    """The version of the key, and HMAC-SHA256 of the content in hex by a key for this purpose alone: a
    pseudonym says nothing about a signature nor the other way round.
    """
    version, secret = keys[0]
    return version, _code(content, secret, purpose)


def state_of(content: bytes, version: str, code: str, keys: Keys, purpose: bytes) -> SignatureState:
    """Whether the content is as it was when it was signed so."""
    secrets: Mapping[str, bytes] = dict(keys)
    if version not in secrets:
        return SignatureState.UNKNOWN_KEY
    wanted = _code(content, secrets[version], purpose)
    right = hmac.compare_digest(code.encode("utf-8", "replace"), wanted.encode())
    return SignatureState.VALID if right else SignatureState.TAMPERED


def purpose_key(secret: bytes, purpose: bytes) -> bytes:
    """A key for one purpose alone: what is made under it says nothing about the secret or other purposes."""
    return hmac.digest(secret, purpose, "sha256")


def _code(content: bytes, secret: bytes, purpose: bytes) -> str:
    return hmac.digest(purpose_key(secret, purpose), content, "sha256").hex()
