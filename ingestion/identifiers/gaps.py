"""Incomplete values (masked, rounded, truncated): of whatever kind, they link nobody."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from graph.model.types import IdentifierKind as K
from ingestion.digits import is_scientific

# In any kind: stars or blots in a row, an ellipsis, question marks in a row, and the sign of decoders for
# what they could not read.
_ANYWHERE = re.compile(r"\*{2}|[●○◯■□▇█▉▊▋▓▒░]{2}|[·•∙・]{2}|\.{3}|[⋯…]|\?{2}|#{3}|_{4}|\ufffd")
_IN_AN_ID = re.compile(r"\*{2}|[●■█]{2}|[·•]{2}|\.{3}|[⋯…]|\?{3}|\ufffd")
_DIGITS_WITH_X = re.compile(r"(?=.{8})(?:\d+[xX]{3,}\d*|[xX]{4,}\d+)")  # 151xxxx7065
_NUMBER = re.compile(r"[*●○◯■□█•∙]|x{2}|[?_#~]{2}|-{3}|\.{2}", re.IGNORECASE)
# Hexadecimal has no x, so there an x is a mask (6f1fxxxx4b7f, 94:98:12:xx:xx:71); in other ids and names it
# takes a row of them.
_DEVICE = re.compile(
    r"\*|x{4}|X{4}|-{4}|^(?=.{8})[0-9a-f:.\-]*(?:xx|XX)[0-9a-fx:.\-]*$|^(?=.{8})\d+x[\dx]*$|^(?=.{8})\d+X[\dX]*$",
    re.IGNORECASE,
)
_WIFI = re.compile(
    r"x{4}|X{4}|\*$|^(?=.*[x*])(?:[0-9a-f]{2}|[x*]{1,2})(?:[:-](?:[0-9a-f]{2}|[x*]{1,2})){5}$", re.IGNORECASE
)
_EMAIL = re.compile(r"[*●■█]|x{4}|\dx{3}|x{3}\d", re.IGNORECASE)
_IP = re.compile(r"[*x?]", re.IGNORECASE)
# XX and 某 stand for a name that is not told; XXL and Exxon are names.
_PLACE = re.compile(
    r"[*某●■█]|(?<![A-Za-z])[xX×]{2,}(?![A-Za-z])|(?<![A-Za-z\d])[xX×](?=[路街巷弄号室])|(?<![一二三四五六七八九十百\d])〇{2}|[_#]{2}|\.\.$"
)
_OF_KIND: Mapping[K, re.Pattern[str]] = MappingProxyType(
    {
        K.NATIONAL_ID: _NUMBER,
        K.PHONE: _NUMBER,
        K.DEVICE: _DEVICE,
        K.BANK_CARD: _NUMBER,
        K.EMAIL: _EMAIL,
        K.IP: _IP,
        K.WIFI: _WIFI,
        K.ADDRESS: _PLACE,
        K.EMPLOYER: _PLACE,
    }
)
# without any of them, and without a row of dots or dashes, nothing is masked
_SUSPECT = frozenset("*xX?#_~×某〇·•∙・●○◯■□▇█▉▊▋▓▒░⋯…\ufffd")
# a spreadsheet keeps 15 digits of a number and writes noughts for the others
_CUT_TO_15_DIGITS = re.compile(r"\d{15}(?:0{3}|0{4})")


def shows_gaps(kind: K, text: str) -> bool:
    """Whether a value, in compatible characters, is masked, rounded or cut off. A national id that a
    spreadsheet cut fails its checksum.
    """
    if text.isdecimal():
        return kind is K.BANK_CARD and _CUT_TO_15_DIGITS.fullmatch(text) is not None
    if kind is K.NATIONAL_ID:
        text = text[:-1]  # its check digit may be an X
    if is_scientific(text):
        return True
    if _SUSPECT.isdisjoint(text) and ".." not in text and "---" not in text:
        return False
    return _OF_KIND[kind].search(text) is not None or _ANYWHERE.search(text) is not None


def id_shows_gaps(text: str) -> bool:
    """Whether an id is masked or cut off; a single star, or a row of x among letters, may be part of one."""
    if text.isalnum():
        return not text.isdecimal() and _DIGITS_WITH_X.fullmatch(text) is not None
    return _IN_AN_ID.search(text) is not None
