"""Signatures of webhooks after Standard Webhooks: HMAC-SHA256 over id, timestamp and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence

from service.webhooks.endpoints import SECRET

VERSION = "v1"


def headers(message_id: str, timestamp: int, body: bytes, keys: Sequence[bytes]) -> Mapping[str, str]:
    """The headers by which a receiver knows who sent a message and when; `timestamp` in seconds since
    1970.
    """
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(message_id, timestamp, body, key) for key in keys),
    }


def signature(message_id: str, timestamp: int, body: bytes, key: bytes) -> str:
    """One signature, as `v1,BASE64`."""
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"{VERSION},{base64.b64encode(digest).decode()}"


def new_secret() -> str:
    """A random secret in the form that settings and receivers take."""
    return SECRET + base64.b64encode(secrets.token_bytes(32)).decode()
