"""How cells are put together and rewritten before they are read: two columns of a moment, a phone of another
country, an address as a number.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal

import phonenumbers

from ingestion.characters import visible
from ingestion.contract import Cell, Column
from ingestion.digits import digits_of, whole
from ingestion.nulls import is_null

INTEGER = "integer"  # an IPv4 address as the number that it is, signed or not
COUNTRY = "country "  # and two letters: of phones that name no country themselves
COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS)
JOINED_BY: Mapping[Cell, str] = {Cell.TIME: " ", Cell.ID: "-", Cell.TEXT: " ", Cell.IDENTIFIER: ""}
_MOST = 1_024  # characters: twice what a text may have
_ALONE = re.compile(r"\d(?=:)")  # 9:14


def joined(row: Mapping[str, object], column: Column) -> object:
    """The cells of several columns as one. Of an id every part must be there, of a moment the first; None
    where they are not.
    """
    parts = [_part(row.get(source)) for source in (column.source, *column.joined)]
    if (
        not parts[0]
        if column.cell is Cell.TIME
        else (not all(parts) if column.cell is Cell.ID else not any(parts))
    ):
        return None
    if column.cell is Cell.TIME:
        parts[1:] = [_clock(part, column.time) for part in parts[1:]]
    return JOINED_BY[column.cell].join(part for part in parts if part)[:_MOST]


def shaped(raw: object, column: Column) -> object:
    """A value of an identifier in the form in which it is usually written; what does not have the declared
    shape stays as it is.
    """
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        return raw
    text = whole(visible(raw if isinstance(raw, str) else digits_of(raw)))
    if column.shape == INTEGER:
        number = int(text) if re.fullmatch(r"-?\d{1,10}", text, re.ASCII) else -(2**32)
        return (
            str(ipaddress.IPv4Address(number & 0xFFFFFFFF)) if -(2**31) <= number < 2**32 and number else raw
        )
    try:
        number_of = phonenumbers.parse(text, column.shape.removeprefix(COUNTRY))
    except phonenumbers.NumberParseException:
        return raw
    return (
        phonenumbers.format_number(number_of, phonenumbers.PhoneNumberFormat.E164)
        if phonenumbers.is_valid_number(number_of)
        else raw
    )


def _part(raw: object) -> str:
    """A cell as a part of another: a day without its midnight, a number with its digits; nothing for what
    says nothing. Of a text that is longer than any id or address no more than shows that it is.
    """
    if isinstance(raw, str) and len(raw) > _MOST:
        return raw[:_MOST]
    if isinstance(raw, datetime) and raw.time() == time():
        raw = raw.date()
    if isinstance(raw, date | time):
        return raw.isoformat()
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        return ""
    text = whole(visible(raw if isinstance(raw, str) else digits_of(raw)))
    return "" if is_null(text) else text.removesuffix(" 00:00:00").removesuffix("T00:00:00")


def _clock(part: str, form: str) -> str:
    """The time of a day with the noughts that a number has lost: 93000 is half past nine where the form is
    %H%M%S. None is midnight.
    """
    if not form:
        return "0" + part if _ALONE.match(part) else part
    if not part:
        return datetime(2000, 1, 1).strftime(form.rpartition(" ")[2])  # noqa: DTZ001  midnight, as it is written there
    digits = sum(2 for sign in ("%H", "%M", "%S") if sign in form)
    return part.zfill(digits) if part.isdecimal() and "%H%M" in form else part
