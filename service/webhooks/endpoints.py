"""The endpoints of webhooks, as the settings name them: where, signed with what, which messages, for whom."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson

from graph.model.errors import SettingError
from investigations.casebook.message_files import KeptMessage
from investigations.watch.messages import MessageType
from service.assessment.lender_binding import OPERATOR, Binding

SECRET = "whsec_"
LEAST_SECRET, MOST_SECRET = 24, 64  # bytes, as Standard Webhooks has it
OF_LENDERS = frozenset({MessageType.RISK_CHANGED})
"""What an endpoint of lenders may get; the rest is across lenders."""
_VARIABLE = "RINGFENCE_WEBHOOKS"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_KNOWN = frozenset({"name", "url", "secret", "events", "lenders"})
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One receiver. `secrets`: the first signs, and so do the others until nobody checks by them any more.

    `binding` says for which lenders it gets what: the operator's gets all.
    """

    name: str
    url: str
    secrets: tuple[bytes, ...] = field(repr=False)
    types: frozenset[MessageType]
    binding: Binding = OPERATOR

    def wants(self, message: KeptMessage) -> bool:
        """Whether the message is for it."""
        return message.type in self.types and message.subject.startswith(self.binding.subjects)


def endpoints(text: str) -> tuple[Endpoint, ...]:
    """The endpoints of a JSON list, none for an empty text. Raises SettingError."""
    if not text.strip():
        return ()
    try:
        listed = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise SettingError(f"{_VARIABLE} is no JSON: give a list of endpoints (docs/alerts.md)") from error
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise SettingError(f"{_VARIABLE}: give a list of endpoints, each an object (docs/alerts.md)")
    out = tuple(_endpoint(one) for one in listed)
    if len({one.name for one in out}) < len(out):
        raise SettingError(f"{_VARIABLE}: two endpoints have one name")
    return out


def networks(text: str) -> tuple[Network, ...]:
    """The networks of a list by commas (`10.1.0.0/16,fd00::/8`). Raises SettingError."""
    try:
        return tuple(ipaddress.ip_network(one.strip()) for one in text.split(",") if one.strip())
    except ValueError as error:
        raise SettingError(f"RINGFENCE_WEBHOOK_NETWORKS: {error}; give networks as 10.1.0.0/16") from error


def _endpoint(given: Mapping[str, Any]) -> Endpoint:
    name = given.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SettingError(f"{_VARIABLE}: an endpoint's name is 1 to 64 letters, digits, dots and dashes")
    if unknown := given.keys() - _KNOWN:
        raise SettingError(f"{_VARIABLE}: {name} has unknown fields {', '.join(sorted(unknown))}")
    binding = _binding(name, given.get("lenders"))
    return Endpoint(
        name=name,
        url=_url(name, given.get("url")),
        secrets=_secrets(name, given.get("secret")),
        types=_types(name, given.get("events"), binding),
        binding=binding,
    )


def _url(name: str, given: object) -> str:
    parts = urlsplit(given) if isinstance(given, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise SettingError(f"{_VARIABLE}: the url of {name} must be https://host/path, without a password")
    return parts.geturl()


def _secrets(name: str, given: object) -> tuple[bytes, ...]:
    listed = given if isinstance(given, list) else [given]
    out = []
    for one in listed:
        try:
            key = base64.b64decode(str(one).removeprefix(SECRET), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not str(one).startswith(SECRET) or not LEAST_SECRET <= len(key) <= MOST_SECRET:
            raise SettingError(
                f"{_VARIABLE}: a secret of {name} is none: `ringfence webhooks secret` makes one"
            )
        out.append(key)
    return tuple(out)


def _types(name: str, given: object, binding: Binding) -> frozenset[MessageType]:
    allowed = frozenset(MessageType) if binding.lenders is None else OF_LENDERS
    if given is None:
        return allowed
    try:
        types = frozenset(MessageType(one) for one in given) if isinstance(given, list) else frozenset()
    except ValueError as error:
        raise SettingError(f"{_VARIABLE}: {name}: {error}; there are {', '.join(MessageType)}") from error
    if not types or not types <= allowed:
        raise SettingError(f"{_VARIABLE}: {name} can have some of {', '.join(sorted(allowed))}")
    return types


def _binding(name: str, given: object) -> Binding:
    if given is None:
        return OPERATOR
    if not isinstance(given, list) or not given or not all(isinstance(one, str) and one for one in given):
        raise SettingError(f"{_VARIABLE}: the lenders of {name} are a list of ids; leave it out for all")
    return Binding(tuple(sorted(given)))
