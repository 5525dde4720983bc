"""Parses one cell to one value: texts, numbers, times and flags in whatever type a file or a JSON body has
them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from graph.model.errors import RecordError
from graph.model.moments import iso_moment
from ingestion.characters import visible
from ingestion.contract import Cell, Column
from ingestion.digits import EXACT, digits_of, is_scientific, whole
from ingestion.excerpts import plain
from ingestion.identifiers.gaps import id_shows_gaps
from ingestion.identifiers.normalise import normalise
from ingestion.identifiers.recognise import without_identifiers
from ingestion.identifiers.validity import Validity
from ingestion.nulls import is_null
from ingestion.parse_context import ParseContext, time_zone
from ingestion.written_numbers import number as written

LONGEST = 512  # characters of an id or a text; longer is not one
_SHOWN = 40  # characters of a word that is shown
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
# control characters of more than a byte, and what a byte order mark looks like that was read in another order
_UNSEEN = re.compile("[\x80-\x9f\ufffe\uffff]")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FLAGS: Mapping[str, bool] = MappingProxyType(
    {
        **dict.fromkeys(("true", "t", "1", "yes", "y", "是"), True),
        **dict.fromkeys(("false", "f", "0", "no", "n", "否"), False),
    }
)
# in microseconds
EPOCH_UNITS: Mapping[str, float] = MappingProxyType(
    {"d": 86.4e9, "h": 3.6e9, "min": 6e7, "s": 1e6, "ms": 1e3, "us": 1.0}
)
_FIGURES = frozenset((Cell.AMOUNT, Cell.SHARE, Cell.WHOLE))
_LEFT = frozenset((Cell.TEXT, Cell.IDENTIFIER, Cell.ID))  # not looked at before they are read


def is_empty(raw: object) -> bool:
    """Not known: nothing, blanks, or a table's NaN."""
    if isinstance(raw, str):
        return not raw or raw.isspace()
    return (
        raw is None
        or (isinstance(raw, float) and math.isnan(raw))
        or (isinstance(raw, Decimal) and raw.is_nan())
    )


def known(raw: object, column: Column) -> object:
    """A cell that is not empty as it is to be read, None for *not known*: one of the spellings of null.

    Texts keep what they say, as does a word that may be any; ids are looked at where they are read, and an
    identifier's placeholders are counted. An infinite number is nobody's null: a figure went wrong, and that
    is counted.
    """
    if not isinstance(raw, str) or column.cell in _LEFT:
        return raw
    text = visible(raw)
    if column.cell in _FIGURES and text.lower().lstrip("+-") == "inf":
        return text
    return None if not text or (is_null(text) and (column.cell is not Cell.WORD or column.words)) else text


def text_of(raw: object, name: str) -> str:
    """A cell as text: a whole number loses its `.0`, and one that may have lost digits is in scientific
    notation.

    Raises RecordError `unreadable_text`, `too_long`.
    """
    if isinstance(raw, str):
        text = raw.strip()
    elif isinstance(raw, bool) or not isinstance(raw, int | float | Decimal):
        raise RecordError(name, "unreadable_text", "must be a text")
    else:
        text = digits_of(raw)
    if len(text) > LONGEST:
        raise RecordError(name, "too_long", f"is longer than {LONGEST} characters")
    if not text.isprintable():
        text = " ".join(text.split())  # line breaks and tabs in a cell
        if _CONTROL.search(text):
            raise RecordError(name, "unreadable_text", "holds a control character")
    return text


def holds_control(text: str) -> bool:
    """Whether a text holds a control character, tabs and line breaks among them."""
    return not text.isprintable() and _CONTROL.search(text) is not None


def id_of(raw: object, name: str) -> str | None:
    """A cell as an id, cleaned as identifiers are; None for *not known*.

    Raises RecordError: as `text_of`, and `unreadable_text` for what lost digits or characters on its way,
    because others would look the same.
    """
    if is_empty(raw):
        return None
    text = whole(visible(text_of(raw, name)))
    if not text or is_null(text):
        return None
    if _UNSEEN.search(text):
        raise RecordError(name, "unreadable_text", "holds a control character")
    if is_scientific(text):
        raise RecordError(
            name, "unreadable_text", "is a number that lost digits on its way: give ids as texts"
        )
    if id_shows_gaps(text):
        raise RecordError(name, "unreadable_text", "is masked or cut off: many people could have it")
    return text


def any_text(raw: object, name: str) -> str:
    """A cell of any plain kind as text: flags are `true` and `false`, times ISO-8601. Raises RecordError as
    `text_of` does.
    """
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, float):
        return str(int(raw)) if raw.is_integer() and abs(raw) < EXACT else str(float(raw))
    return raw.isoformat() if isinstance(raw, date) else text_of(raw, name)


def _id(raw: object, column: Column, context: ParseContext) -> str | None:
    if column.kind is not None:
        return _id_of_an_identifier(raw, column, context)
    result = id_of(raw, column.name)
    return None if result is None else column.prefix + result


def _id_of_an_identifier(raw: object, column: Column, context: ParseContext) -> str | None:
    """Who has no other name is called by the pseudonym of an identifier, if it is a sound one: nothing raw
    may become an id.
    """
    named = context.pseudonymiser.identify(column, text_of(raw, column.name), context.hash_scheme)
    if named.validity is Validity.UNVERIFIED:
        raise RecordError(
            column.name,
            "unreadable_text",
            f"is no {column.kind} that passes its check, so it cannot be anybody's id",
        )
    return column.prefix + named.mention.identifier.token if named.valid else None


def _text(raw: object, column: Column, context: ParseContext) -> str:
    """What people wrote may hold a phone or an e-mail, which nothing after parsing sees."""
    return without_identifiers(
        any_text(raw, column.name) if isinstance(raw, float) else text_of(raw, column.name)
    )


def _word(raw: object, column: Column, context: ParseContext) -> str:
    word = text_of(raw, column.name).lower()
    unknown = word not in column.words if column.words else not _WORD.fullmatch(word)
    if unknown and context.dropped is not None:
        context.words[column.name, plain(word, _SHOWN)] += 1
    if unknown and column.words:
        raise RecordError(column.name, f"unknown_{column.name}", f"is none of {', '.join(column.words)}")
    if unknown:
        raise RecordError(
            column.name, f"unknown_{column.name}", "must be a word of letters, digits and underscores"
        )
    return word


def _number(raw: object, column: Column, context: ParseContext) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str | Decimal):
        number = math.nan
    else:
        try:
            number = float(raw)
        except (ValueError, OverflowError):
            number = _written(raw, column)
        if column.times != 1.0:
            number = round(number * column.times, 6)
    if not math.isfinite(number) or (isinstance(raw, str) and "_" in raw):
        raise RecordError(column.name, "unreadable_number", "must be a number")
    if number < 0 and column.cell is Cell.AMOUNT:
        raise RecordError(column.name, "negative", "must not be negative")
    if not column.low <= number <= column.high:
        raise RecordError(column.name, "out_of_range", f"must be from {column.low:g} to {column.high:g}")
    return number


def _written(raw: object, column: Column) -> float:
    try:
        return written(raw, column.cell) if isinstance(raw, str) else math.nan
    except ValueError:
        return math.nan


def _whole(raw: object, column: Column, context: ParseContext) -> int:
    if column.year and not (isinstance(raw, str) and len(raw) == 4 and raw.isdecimal()):
        raw = _year(raw, column, context)
    number = _number(raw, column, context)
    if not number.is_integer():
        raise RecordError(column.name, "unreadable_number", "must be a whole number")
    return int(number)


def _year(raw: object, column: Column, context: ParseContext) -> object:
    """The year of a date, or of the birth that a national id tells of; what is neither is read as the number
    that it is.
    """
    if column.kind is not None:
        normal = normalise(column.kind, text_of(raw, column.name))
        if normal.validity is not Validity.VALID:
            raise RecordError(column.name, "unreadable_number", f"is no {column.kind} that passes its check")
        return normal.value[6:10]
    if not column.time and not isinstance(raw, date):
        text = whole(any_text(raw, column.name)).removesuffix("年")
        if not text.isdecimal() or len(text) == 8:
            raw = text
        else:
            return text
    try:
        moment = moment_of(raw, column.time)
        zone = time_zone(column.zone) if column.zone else context.zone
        return (moment if moment.tzinfo is None else moment.astimezone(zone)).year
    except (ValueError, OverflowError, TypeError, RecordError) as error:
        form = column.time or "ISO-8601"
        raise RecordError(
            column.name, "unreadable_number", f"must be a year, or a date of the form {form}"
        ) from error


def _flag(raw: object, column: Column, context: ParseContext) -> bool:
    if isinstance(raw, bool):
        return raw
    flag = _FLAGS.get(whole(text_of(raw, column.name)).lower())
    if flag is None:
        raise RecordError(column.name, "unreadable_flag", "must be true, false or empty")
    return flag


def _time(raw: object, column: Column, context: ParseContext) -> datetime:
    """UTC; without an offset it is in the parse context's time zone. Facts with a date may lie neither in the
    future nor before 1970.
    """
    try:
        moment = moment_of(raw, column.time)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=time_zone(column.zone) if column.zone else context.zone)
        moment = moment.astimezone(UTC)
        if column.plus_days:
            moment += timedelta(days=column.plus_days)
    except (ValueError, OverflowError, TypeError, RecordError) as error:
        raise RecordError(
            column.name, "unreadable_time", f"must be a time of the form {column.time or 'ISO-8601'}"
        ) from error
    if moment > context.now:
        raise RecordError(column.name, "in_the_future", "lies in the future")
    if column.required and moment < _EPOCH:
        raise RecordError(column.name, "out_of_range", "lies before 1970")
    return moment


def moment_of(raw: object, form: str) -> datetime:
    """A cell as a moment, with a zone where it says one. Raises ValueError, OverflowError, TypeError,
    RecordError.
    """
    if isinstance(raw, datetime):
        return raw
    if isinstance(raw, date):
        return datetime(raw.year, raw.month, raw.day)  # noqa: DTZ001  the caller adds the zone
    if form.startswith("epoch"):
        return _from_epoch(raw, form)
    if not isinstance(raw, str) and not form:
        raise TypeError
    text = text_of(raw, "")
    text = whole(text)
    if form:
        return datetime.strptime(text, form)  # noqa: DTZ007  likewise
    if text.isdecimal() and len(text) != 8:
        raise ValueError
    return iso_moment(text)


def _from_epoch(raw: object, form: str) -> datetime:
    """`epoch_s`, `epoch_ms`, `epoch_d` ..., or from a moment of one's own:
    `epoch_s from 2020-01-01T00:00:00Z`, `epoch_d from 1899-12-30`.
    """
    unit, _, origin = form.partition(" from ")
    start = datetime.fromisoformat(origin) if origin else _EPOCH
    if isinstance(raw, bool) or not isinstance(raw, int | float | str | Decimal):
        raise TypeError
    return start + timedelta(microseconds=round(float(raw) * EPOCH_UNITS[unit.removeprefix("epoch_")]))


READ: Mapping[Cell, Callable[[Any, Column, ParseContext], Any]] = MappingProxyType(
    {
        Cell.ID: _id,
        Cell.TEXT: _text,
        Cell.WORD: _word,
        Cell.TIME: _time,
        Cell.AMOUNT: _number,
        Cell.SHARE: _number,
        Cell.WHOLE: _whole,
        Cell.FLAG: _flag,
    }
)
