"""Forms of devices, Wi-Fi networks and IP addresses."""

from __future__ import annotations

import ipaddress
import re

from ingestion.identifiers.numbers import passes_luhn
from ingestion.identifiers.validity import Formed, Why

_UUID = re.compile(
    r"(?:urn:uuid:)?\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?",
    re.IGNORECASE,
)
_IMEI = re.compile(
    (
        r"(?:imei[: ]*)?(?:(\d\d)[-. /](\d{6})[-. /](\d{6})[-. /](\d)|(\d{6})[-. /](\d\d)[-. /](\d{6})[-. "
        r"/](\d))"
    ),
    re.IGNORECASE,
)
_NAMED_IMEI = re.compile(r"imei[: ]*(\d{14,16})", re.IGNORECASE)
_GROUPED = re.compile(r"\d+(?:[-. /]\d+)+")
_HEX = re.compile(r"[0-9a-f:-]+", re.IGNORECASE)
# 94:98:12:a8:f7:71, 94-98-…, 9498.12a8.f771, 949812a8f771
MAC = re.compile("([0-9a-f]{2})" + "[:.-]?([0-9a-f]{2})" * 5, re.IGNORECASE)
_SPACED_MAC = re.compile("([0-9a-f]{2})" + " ([0-9a-f]{2})" * 5, re.IGNORECASE)
# some programs leave a leading nought out
_SHORT_MAC = re.compile("([0-9a-f]{1,2})" + ":([0-9a-f]{1,2})" * 5, re.IGNORECASE)


def device(text: str) -> Formed:
    """IMEI in digits, UUID with its dashes, MAC address and Android id in lower case; other ids may mean
    their case, so they keep it.
    """
    if match := _UUID.fullmatch(text):
        return "-".join(match.groups()).lower(), None
    if match := _IMEI.fullmatch(text) or _NAMED_IMEI.fullmatch(text):
        return "".join(group for group in match.groups() if group), None
    if _GROUPED.fullmatch(text) and len(digits := re.sub(r"\D", "", text)) == 15 and passes_luhn(digits):
        return digits, None
    if mac := mac_address(text):
        return mac.replace(":", ""), None
    value = " ".join(text.split())
    return value.lower() if _HEX.fullmatch(value) else value, None if len(value) >= 3 else Why.FORM


def mac_address(text: str) -> str | None:
    """A MAC address as `94:98:12:a8:f7:71`, however it is written; None for what is none."""
    match = MAC.fullmatch(text) or _SHORT_MAC.fullmatch(text) or _SPACED_MAC.fullmatch(text)
    return ":".join(part.zfill(2) for part in match.groups()).lower() if match else None


def wifi(text: str) -> Formed:
    """A BSSID as a MAC address; a network's name as it is, without the quotes in which Android gives it."""
    if mac := mac_address(text):
        return mac, None
    if len(text) > 2 and text[0] == text[-1] == '"':
        return wifi(text[1:-1].strip())
    return text, None


_OCTET = r"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_PORT = re.compile(r"(?<=\]):\d{1,5}$")
_IPV4 = re.compile(rf"({_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET})(?::\d{{1,5}})?")


def ip(text: str) -> Formed:
    """Canonical IPv4 or IPv6 (RFC 5952), without a port. An address of a private network is one of many of
    that name: it never links.
    """
    if match := _IPV4.fullmatch(text):
        return match[1], Why.LOCAL if _is_private(int(match[2]), int(match[3])) else None
    try:
        address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(
            _PORT.sub("", text).strip("[]").partition("%")[0]
        )
    except ValueError:
        return text.lower(), Why.FORM
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if isinstance(address, ipaddress.IPv4Address):
        return str(address), Why.LOCAL if _is_private(*address.packed[:2]) else None
    local = (
        address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address.is_loopback
        or address.packed[0] & 0xFE == 0xFC
    )
    return str(address), Why.LOCAL if local else None


def _is_private(first: int, second: int) -> bool:
    """Private, shared by a carrier's customers (100.64.0.0/10), loopback, link-local or multicast."""
    if first in (0, 10, 127) or first >= 224:
        return True
    return (
        (first, second) in ((192, 168), (169, 254))
        or (first == 172 and 16 <= second < 32)
        or (first == 100 and 64 <= second < 128)
    )
