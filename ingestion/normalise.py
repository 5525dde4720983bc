"""Identifiers in one form each: two spellings of one phone, card or address come out the same, and what cannot be one is marked."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import phonenumbers
from stdnum.cn import ric

from graph.model import IdentifierKind
from ingestion.placeholders import is_placeholder


class Standing(StrEnum):
    """Whether a value can tie two people together."""

    SOUND = "sound"
    UNVERIFIED = "unverified"  # not of its kind's form, or its checksum is wrong: kept, never links
    PLACEHOLDER = "placeholder"  # stands for *none*: not an identifier at all


class Normal(NamedTuple):
    """A value in its canonical form, the form for people, and its standing."""

    value: str
    masked: str
    standing: Standing


_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\u00ad]")  # pasted with a value: joiners, directions, byte order marks
_NUMBERS = frozenset((IdentifierKind.NATIONAL_ID, IdentifierKind.PHONE, IdentifierKind.BANK_CARD, IdentifierKind.DEVICE))


def normalise(kind: IdentifierKind, text: str) -> Normal:
    """`text` (not empty) as the canonical value of its kind."""
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    text = text.strip()
    if kind in _NUMBERS and text.endswith(".0") and text[:-2].isdecimal():
        text = text[:-2]  # a column of numbers with gaps, as spreadsheets and data frames write it
    value, sound = _FORMS[kind](text)
    if is_placeholder(kind, value) or not text:
        return Normal(value, mask(kind, value), Standing.PLACEHOLDER)
    return Normal(value, mask(kind, value), Standing.SOUND if sound else Standing.UNVERIFIED)


def mask(kind: IdentifierKind, value: str) -> str:
    """The form for people: enough to recognise a value that one knows, too little to learn one."""
    return _MASKS[kind](value)


_MOBILE = re.compile(r"(?:\+|00)?(?:86)?[ -]?(1[3-9]\d)[ -]?(\d{4})[ -]?(\d{4})")
_LANDLINE = re.compile(r"\(?0(10|2\d|[3-9]\d\d)\)?[ -]?([2-8]\d{6,7})")
_EXTENSION = re.compile(r"\s*(?:转|分机|ext\.?|x|#|(?<=\d{7})-)\s*\d{1,6}", re.IGNORECASE)


def _phone(text: str) -> tuple[str, bool]:
    """E.164. The two usual Chinese forms are read without the library, which takes 50 times as long; a test holds both to one answer."""
    if match := _MOBILE.fullmatch(text):
        return "+86" + "".join(match.groups()), True
    if match := _LANDLINE.fullmatch(text):
        return f"+86{match[1]}{match[2]}", len(match[1]) + len(match[2]) >= 10
    if (match := _EXTENSION.search(text)) and match.end() == len(text) and match.start() > 6:
        return _phone(text[: match.start()])  # a desk of a switchboard: the firm is what is shared
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        return re.sub(r"\s+", "", text), False
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), phonenumbers.is_possible_number(number)


_ID18, _ID15 = re.compile(r"\d{17}[\dX]"), re.compile(r"\d{15}")


def _national_id(text: str) -> tuple[str, bool]:
    """18 characters; the 15 digits of before 1999 become the 18 of the same person. Sound when date and checksum are."""
    value = re.sub(r"[\s-]", "", text).upper() if not text.isalnum() else text.upper()
    if _ID15.fullmatch(value):
        value = value[:6] + "19" + value[6:]
        value += ric.calc_check_digit(value + "0")
    elif not _ID18.fullmatch(value):
        return value, False
    return value, ric.calc_check_digit(value) == value[-1] and _is_date(value[6:14])


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


_DOUBLED = str.maketrans("0123456789", "0246813579")  # twice each digit, its digits added


def _bank_card(text: str) -> tuple[str, bool]:
    """Digits only; sound when Luhn's sum is (written out, because cards are many: 6 times as fast as stdnum.luhn, which a test holds it to)."""
    value = text if text.isdecimal() else re.sub(r"[\s-]", "", text)
    if not (value.isascii() and value.isdecimal() and 12 <= len(value) <= 19):
        return value, False
    digits = value[-1::-2] + value[-2::-2].translate(_DOUBLED)
    return value, (sum(digits.encode()) - 48 * len(digits)) % 10 == 0


_UUID = re.compile(r"\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?", re.IGNORECASE)
_IMEI = re.compile(r"(\d\d)[- ](\d{6})[- ](\d{6})[- ](\d)")
_HEX = re.compile(r"[0-9a-f:-]+", re.IGNORECASE)


def _device(text: str) -> tuple[str, bool]:
    """IMEI, Android id, UUID (with or without its dashes) in lower case; other ids may mean their case, so they keep it."""
    if match := _UUID.fullmatch(text):
        return "-".join(match.groups()).lower(), True
    if match := _IMEI.fullmatch(text):
        return "".join(match.groups()), True
    value = re.sub(r"\s+", "", text)
    return value.lower() if _HEX.fullmatch(value) else value, len(value) >= 3


_TAG = re.compile(r"\+[^@]*")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def _email(text: str) -> tuple[str, bool]:
    """Lower case, without the tag after `+`; Gmail reads no dots in a name."""
    value = text.lower().rstrip(".")
    if not _EMAIL.fullmatch(value):
        return value, False
    name, _, domain = value.partition("@")
    name = _TAG.sub("", name) or name
    if domain in ("gmail.com", "googlemail.com"):
        name, domain = name.replace(".", ""), "gmail.com"
    return f"{name}@{domain}", True


_OCTET = r"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = re.compile(rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}")


def _ip(text: str) -> tuple[str, bool]:
    """Canonical IPv4 or IPv6 (RFC 5952). An address of a private network is one of many of that name: it never links."""
    if match := _IPV4.fullmatch(text):
        return text, not _is_private(int(match[1]), int(match[2]))
    try:
        address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return text.lower(), False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if isinstance(address, ipaddress.IPv4Address):
        return str(address), not _is_private(*address.packed[:2])
    local = address.is_link_local or address.is_multicast or address.is_unspecified or address.is_loopback or address.packed[0] & 0xFE == 0xFC
    return str(address), not local


def _is_private(first: int, second: int) -> bool:
    """Private, shared by a carrier's customers (100.64.0.0/10), loopback, link-local or multicast."""
    if first in (0, 10, 127) or first >= 224:
        return True
    return (first, second) in ((192, 168), (169, 254)) or (first == 172 and 16 <= second < 32) or (first == 100 and 64 <= second < 128)


_MAC = re.compile("([0-9a-f]{2})" + "[:.-]?([0-9a-f]{2})" * 5, re.IGNORECASE)


def _wifi(text: str) -> tuple[str, bool]:
    """A BSSID as `94:98:12:a8:f7:71`; a network's name as it is."""
    if match := _MAC.fullmatch(text):
        return ":".join(match.groups()).lower(), True
    return text, True


_NOISE = re.compile(r"[\s,.;:。，；、·()\-_#]+")


def _address(text: str) -> tuple[str, bool]:
    value = _NOISE.sub("", text).casefold()
    return value, len(value) >= 5


def _employer(text: str) -> tuple[str, bool]:
    value = _NOISE.sub("", text).casefold().replace("有限责任公司", "有限公司")
    return value, len(value) >= 2


def _ends(head: int, tail: int) -> Callable[[str], str]:
    """A mask that shows the ends of a long value and less of a short one; the number of stars says nothing past four."""

    def masked(value: str) -> str:
        if len(value) < head + tail + 3:
            return "****" + value[-1:] if len(value) > 4 else "****"
        return f"{value[:head]}****{value[len(value) - tail :] if tail else ''}"

    return masked


_PHONE_MASK, _FOREIGN_MASK = _ends(3, 4), _ends(4, 3)


def _mask_phone(value: str) -> str:
    number = value.removeprefix("+86")
    if number.startswith("+"):
        return _FOREIGN_MASK(number)
    return f"{number[:3]}****{number[7:]}" if len(number) == 11 else _ends(3, 2)(number)


def _mask_email(value: str) -> str:
    name, at, domain = value.partition("@")
    return f"{name[:1]}***@{domain}" if at else "****"


def _mask_ip(value: str) -> str:
    if "." in value:
        return ".".join([*value.split(".")[:2], "*", "*"])
    return ":".join(value.split(":")[:3]) + ":****" if ":" in value else "****"


def _mask_wifi(value: str) -> str:
    return f"{value[:8]}:**:**:{value[-2:]}" if _MAC.fullmatch(value) else _ends(1, 1)(value)


def _mask_tail(value: str) -> str:
    return f"***{value[-4:]}" if len(value) >= 8 else "****"


_K = IdentifierKind
_FORMS: Mapping[IdentifierKind, Callable[[str], tuple[str, bool]]] = MappingProxyType(
    {
        _K.NATIONAL_ID: _national_id,
        _K.PHONE: _phone,
        _K.DEVICE: _device,
        _K.BANK_CARD: _bank_card,
        _K.EMAIL: _email,
        _K.IP: _ip,
        _K.WIFI: _wifi,
        _K.ADDRESS: _address,
        _K.EMPLOYER: _employer,
    }
)
_MASKS: Mapping[IdentifierKind, Callable[[str], str]] = MappingProxyType(
    {
        _K.NATIONAL_ID: _ends(3, 4),
        _K.PHONE: _mask_phone,
        _K.DEVICE: _mask_tail,
        _K.BANK_CARD: _ends(4, 4),
        _K.EMAIL: _mask_email,
        _K.IP: _mask_ip,
        _K.WIFI: _mask_wifi,
        _K.ADDRESS: _ends(6, 0),
        _K.EMPLOYER: _ends(2, 2),
    }
)
