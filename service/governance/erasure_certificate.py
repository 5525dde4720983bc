"""The certificate of an erasure: what was done and what is left where, signed, without a name of anybody."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from graph.model.errors import DeliveryError
from graph.signatures import Keys, SignatureState, sign, state_of

FORMAT = "ringfence erasure certificate, version 1"
_PURPOSE = b"ringfence erasure certificate, version 1"
_SIGNED = ("sha256", "signature")  # the members that are about the others


@dataclass(frozen=True, slots=True)
class CheckedCertificate:
    """What was found of a certificate, of which erasure it is, and under which version of the key."""

    state: SignatureState
    certificate: str | None
    key_version: str | None


def signed(content: Mapping[str, Any], keys: Keys) -> bytes:
    """A certificate as indented JSON, with the SHA-256 of its content and VERSION:HMAC-SHA256 of that content
    by a key for this purpose alone.
    """
    body = _canonical({"format": FORMAT, **content})
    members = {
        "sha256": hashlib.sha256(body).hexdigest(),
        "signature": ":".join(sign(body, keys, _PURPOSE)),
    }
    whole = orjson.loads(body) | members
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def codes_in(content: bytes, keys: Keys) -> tuple[str, Mapping[str, int]]:
    """Which erasure a certificate is of, and the codes of the names that it took away, each with the moment
    (microseconds) before which facts that name it stay out. Raises DeliveryError for one that is not valid.
    """
    found = checked(content, keys)
    if found.state is not SignatureState.VALID:
        raise DeliveryError(f"the certificate {found.certificate} is {found.state}: it is not followed")
    return str(found.certificate), orjson.loads(content).get("codes", {})


def checked(content: bytes, keys: Keys) -> CheckedCertificate:
    """Whether a certificate is one of ours and says what it said. Raises DeliveryError for another file."""
    try:
        read = orjson.loads(content)
        json.loads(content, object_pairs_hook=_said_once)
        if not isinstance(read, dict) or read.get("format") != FORMAT:
            raise ValueError("it has another format")
    except ValueError as error:
        raise DeliveryError(f"no certificate of an erasure: {error}") from None
    name = str(read.get("certificate"))
    version, mark, code = str(read.get("signature", "")).partition(":")
    if not mark:
        return CheckedCertificate(SignatureState.UNSIGNED, name, None)
    body = _canonical({key: value for key, value in read.items() if key not in _SIGNED})
    state = state_of(body, version, code, keys, _PURPOSE)
    if state is SignatureState.VALID and read.get("sha256") != hashlib.sha256(body).hexdigest():
        state = SignatureState.TAMPERED
    return CheckedCertificate(state, name, version)


def _said_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Raises ValueError where it has a member twice: people may read the other one."""
    if len(read := dict(members)) < len(members):
        raise ValueError("it says one thing twice")
    return read


def _canonical(content: Mapping[str, Any]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
