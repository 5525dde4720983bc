"""The signature of a case file: a last line after the PDF, by a key that comes from the keyring."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ingestion.pseudonymise import Keyring

_PURPOSE = b"ringfence case file, version 1"
_LINE = re.compile(rb"%Ringfence-Signature: v1 ([a-z]\w{0,15}) ([0-9a-f]{64})\n\Z")


class SignatureState(StrEnum):
    """What a look at a file found: signed here and unchanged, changed since (or by another's key), without a
    signature, or by a key of ours that is not there any more.
    """

    VALID = "valid"
    TAMPERED = "tampered"
    UNSIGNED = "unsigned"
    UNKNOWN_KEY = "unknown_key"


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What was found, under which version of the key, and the file's own SHA-256, which the history of the
    case holds too.
    """

    state: SignatureState
    key_version: str | None
    sha256: str


def signed(content: bytes, keys: Keyring) -> bytes:
    """The PDF with its signature: HMAC-SHA256 over all bytes before it, as a comment after its end, which
    every viewer passes over.
    """
    version, secret = keys.keys[0]
    if not content.endswith(b"\n"):
        content += b"\n"
    return content + f"%Ringfence-Signature: v1 {version} {_code(content, secret)}\n".encode()


def checked(content: bytes, keys: Keyring) -> CheckedFile:
    """Whether a file is one of ours and as it was made."""
    digest = hashlib.sha256(content).hexdigest()
    found = _LINE.search(content)
    if found is None:
        return CheckedFile(SignatureState.UNSIGNED, None, digest)
    version, given = found[1].decode(), found[2].decode()
    secrets: Mapping[str, bytes] = dict(keys.keys)
    if version not in secrets:
        return CheckedFile(SignatureState.UNKNOWN_KEY, version, digest)
    right = hmac.compare_digest(given, _code(content[: found.start()], secrets[version]))
    return CheckedFile(SignatureState.VALID if right else SignatureState.TAMPERED, version, digest)


def _code(content: bytes, secret: bytes) -> str:
    """By a key of its own, so that a pseudonym says nothing about a signature nor the other way round."""
    key = hmac.new(secret, _PURPOSE, "sha256").digest()
    return hmac.new(key, content, "sha256").hexdigest()
