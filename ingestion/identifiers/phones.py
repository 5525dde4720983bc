"""Phone numbers as E.164; numbers without an area code and relay numbers with an extension are unverified."""

from __future__ import annotations

import re

import phonenumbers

from ingestion.identifiers.validity import Formed, Why

# +1 415... is no mobile of ours
_MOBILE = re.compile(r"(?:(?:\+|00)?86|0)?[ -]?(1[3-9]\d)[ -]?(\d{4})[ -]?(\d{4})")
_LANDLINE = re.compile(r"\(?0(10|2\d|[3-9]\d\d)\)?[ -]?([2-8]\d{6,7})")
_EXTENSION = re.compile(r"\s*(?:转|分机|ext\.?|x|#|(?<=\d{7})-)\s*\d{1,6}", re.IGNORECASE)
_NAME = re.compile(
    r"(?:tel|phone|mobile|cell|电话|电话号码|手机|手机号|手机号码|联系电话)(?:[ :.]|(?=[+\d]))", re.IGNORECASE
)
_DIALLED = re.compile(r"[\s(]*\+?[\d\s().\-/·‐‑–—]+")
_NOTE = re.compile(r"\s*\([^\d()]*\)$|[\s,;.、]+$")  # whose it is, or what came before the next one
_RELAYED = re.compile(r"\+86(?:1[3-9]\d{9}|[48]00\d{7})")


def phone(text: str) -> Formed:
    """E.164. The two usual Chinese forms are read without the library, which takes 50 times as long; a test
    holds both to one answer.
    """
    if match := _MOBILE.fullmatch(text):
        return "+86" + "".join(match.groups()), None
    if match := _LANDLINE.fullmatch(text):
        return f"+86{match[1]}{match[2]}", None if len(match[1]) + len(match[2]) >= 10 else Why.LOCAL
    if noted := _NOTE.search(text):
        return phone(text[: noted.start()])
    if match := _NAME.match(text):
        return phone(text[match.end() :].lstrip(" :."))
    if (match := _EXTENSION.search(text)) and match.end() == len(text) and match.start() > 6:
        return _extended(text, match.start())
    if not _DIALLED.fullmatch(text):
        return " ".join(text.split()), Why.FORM
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        return " ".join(text.split()), Why.FORM
    # Seven digits are possible, and one of as many numbers as there are areas; valid is what can be dialled
    # from anywhere.
    value = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return value, None if phonenumbers.is_valid_number(number) else Why.LOCAL


def _extended(text: str, start: int) -> Formed:
    """The desk of a switchboard is its firm, which is what is shared. Behind a mobile or a 400 number it is a
    relay's, who hands it to anybody.
    """
    value, why = phone(text[:start])
    if _RELAYED.fullmatch(value):
        return " ".join(text.split()), Why.LOCAL
    return value, why
