"""Hash schemes of identifiers that are delivered hashed, and the form of each scheme's values."""

from __future__ import annotations

import base64
import binascii
import re

from ingestion.identifiers.pseudonymise import TOKEN

_BYTES = {"md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64, "sm3": 32}
_OPAQUE = re.compile(r"opaque(?:-[a-z0-9_-]{1,31})?")
PSEUDONYM = "pseudonym"
# no hash: what a mapping says of a column of a lender's own names for things, `tokens: true`
TOKENS = "tokens"
SCHEMES = (*_BYTES, PSEUDONYM, "opaque", "opaque-NAME")


def scheme_of(name: str) -> str | None:
    """The scheme that goes by that name (`SHA-256` is sha256); None where there is none.

    `opaque`, or `opaque-` and a name of one's own, is for tokens that are unique in themselves: a keyed hash,
    a partner's customer numbers.
    """
    name = name.strip().lower()
    if name == PSEUDONYM or _OPAQUE.fullmatch(name):
        return name
    plain = re.sub(r"[-_ ]", "", name)
    return plain if plain in _BYTES else None


def digest_of(scheme: str, value: str) -> str | None:
    """A value in the one form of its scheme: digests in hexadecimal, also where they come in base64; None for
    what cannot be one.
    """
    if scheme == PSEUDONYM:
        return value if TOKEN.fullmatch(value) else None
    if (length := _BYTES.get(scheme)) is None:
        return value
    if len(value) == 2 * length:
        return value.lower() if re.fullmatch(r"[0-9a-fA-F]+", value) else None
    try:
        digest = base64.b64decode(
            value.translate(str.maketrans("-_", "+/")) + "=" * (-len(value) % 4), validate=True
        )
    except (binascii.Error, ValueError):
        return None
    return digest.hex() if len(digest) == length else None
