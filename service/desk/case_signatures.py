"""The signature of a case file: a last line after the PDF, by a key that comes from the keyring."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from graph.signatures import SignatureState, sign, state_of
from ingestion.identifiers.pseudonymise import Keyring

_PURPOSE = b"ringfence case file, version 1"
_LINE = re.compile(rb"%Ringfence-Signature: v1 ([a-z]\w{0,15}) ([0-9a-f]{64})\n\Z")


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
    if not content.endswith(b"\n"):
        content += b"\n"
    version, code = sign(content, keys.keys, _PURPOSE)
    return content + f"%Ringfence-Signature: v1 {version} {code}\n".encode()


def checked(content: bytes, keys: Keyring) -> CheckedFile:
    """Whether a file is one of ours and as it was made."""
    digest = hashlib.sha256(content).hexdigest()
    found = _LINE.search(content)
    if found is None:
        return CheckedFile(SignatureState.UNSIGNED, None, digest)
    version, given = found[1].decode(), found[2].decode()
    state = state_of(content[: found.start()], version, given, keys.keys, _PURPOSE)
    return CheckedFile(state, version, digest)
