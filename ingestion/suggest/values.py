"""Profiles the values of a column: the share that parses as each candidate type, and their notation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from functools import partial
from types import MappingProxyType
from typing import TypeVar

from graph.model.errors import RecordError
from graph.model.types import IdentifierKind
from ingestion.cells import READ, any_text, known, moment_of, text_of
from ingestion.characters import visible
from ingestion.contract import TABLES, Column
from ingestion.digits import whole
from ingestion.identifiers.normalise import normalise
from ingestion.identifiers.pseudonymise import Keyring
from ingestion.identifiers.validity import Validity, Why
from ingestion.parse_context import ParseContext, Pseudonymiser

_WORDS = 1_000  # different ones that are counted
FITS = 0.7  # from this share of its values on a column may be what it is taken for
# Forms of moments that are no ISO-8601, the more telling ones first; those of days come after those with a
# clock.
_FORMS = (
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d %H:%M:%S",
    "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H时%M分%S秒", "%Y年%m月%d日 %H:%M", "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M",
    "%Y/%m/%d", "%Y年%m月%d日", "%Y.%m.%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d %b %Y",
    "%Y%m%d",
)  # fmt: skip
_NUMBERED = (
    ("epoch_s", 1e9, 2.2e9),
    ("epoch_ms", 1e12, 2.2e12),
    ("epoch_us", 1e15, 2.2e15),
    ("epoch_d from 1899-12-30", 36_000, 60_000),
)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?")
_HASHES = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_V = TypeVar("_V")
_HEX = re.compile(r"[0-9a-fA-F]+")
_MOBILE = re.compile(r"(?:\+?86)?1[3-9]\d{9}")
_NO_DAYS = ("1900-01-01", "1970-01-01", "0001-01-01", "9999-12-31")  # what systems write for none
_COLUMNS: Mapping[str, Column] = MappingProxyType(
    {column.name: column for table in TABLES.values() for column in table.columns}
)
_CONTEXT = ParseContext(
    Pseudonymiser(Keyring.parse("what is read here is only counted")), datetime(2100, 1, 1, tzinfo=UTC)
)


@dataclass(frozen=True, slots=True)
class Fit:
    """The share of a column's values that can be what it is taken for, and what a mapping must say of them
    (`time`, `hashed`, `tokens`, `as`).
    """

    share: float
    says: Mapping[str, str] = field(default_factory=dict)


NOTHING = Fit(0.0)


def fit(concept: str, values: Sequence[object]) -> Fit:
    """How well values that are not empty fit a concept of names.py."""
    if not values:
        return NOTHING
    if concept == "at" or concept.endswith("_at"):
        return time_fit(values)
    if concept == "clock":
        return Fit(_share(values, _is_clock))
    if concept == "birth_year":
        return _birth(values)
    if concept in (
        "label",
        "is_own",
        "new_citizen",
        "is_emulator",
        "is_rooted",
        "phone_three_element",
        "status",
        "relation",
        "type",
    ):
        return Fit(1.0 if len({str(value) for value in values}) <= 50 else 0.0)
    column = _COLUMNS.get(concept)
    if column is None:
        return Fit(1.0)
    if column.kind is not None:
        return identifier_fit(column.kind, values)
    share = _share(values, partial(_reads, column))
    if concept in ("face_match", "liveness") and share < FITS:
        hundredths = _share(values, partial(_reads, replace(column, times=0.01)))
        return Fit(hundredths, {"times": "0.01"}) if hundredths >= FITS else Fit(share)
    return Fit(share)


def identifier_fit(kind: IdentifierKind, values: Sequence[object]) -> Fit:
    """How many values link as identifiers of a kind; of hashes, integers and tokens, also what a mapping must
    say of them.
    """
    texts = [_text(value) for value in values]
    lengths = {len(text) for text in texts if _HEX.fullmatch(text)}
    if kind not in (IdentifierKind.DEVICE, IdentifierKind.WIFI) or lengths != {32}:
        for length, scheme in _HASHES.items():
            if (share := _share(texts, partial(_is_hex, length))) >= FITS:
                return Fit(share, {"hashed": scheme})
    if (
        kind is IdentifierKind.IP
        and (share := _share(texts, lambda text: text.lstrip("-").isdecimal() and 8 <= len(text) <= 11))
        >= FITS
    ):
        return Fit(share, {"as": "integer"})
    results = [normalise(kind, text) for text in texts if text]
    sound = sum(one.validity is not Validity.UNVERIFIED for one in results) / max(len(results), 1)
    failed = sum(one.why in (Why.CHECK, Why.FORM) for one in results) / max(len(results), 1)
    checked = kind in (IdentifierKind.BANK_CARD, IdentifierKind.NATIONAL_ID)
    return Fit(failed, {"tokens": "true"}) if checked and failed >= FITS else Fit(sound)


def is_unmistakably(values: Sequence[object]) -> IdentifierKind | None:
    """The kind of identifier that a column must be, whatever it is called."""
    texts = [_text(value) for value in values]
    if len(set(texts)) < 2:
        return None
    tests: tuple[tuple[IdentifierKind, Callable[[str], bool]], ...] = (
        (IdentifierKind.PHONE, lambda text: bool(_MOBILE.fullmatch(re.sub(r"[\s-]", "", text)))),
        (
            IdentifierKind.NATIONAL_ID,
            lambda text: len(text) == 18 and _sound(IdentifierKind.NATIONAL_ID, text),
        ),
        (IdentifierKind.EMAIL, lambda text: "@" in text and _sound(IdentifierKind.EMAIL, text)),
        (
            IdentifierKind.IP,
            lambda text: text.count(".") == 3 and normalise(IdentifierKind.IP, text).why is not Why.FORM,
        ),
        (
            IdentifierKind.BANK_CARD,
            lambda text: 16 <= len(text) <= 19 and _sound(IdentifierKind.BANK_CARD, text),
        ),
    )
    return next((kind for kind, test in tests if _share(texts, test) >= FITS), None)


def time_fit(values: Sequence[object]) -> Fit:
    """How many values are moments, and of which form; days that stand for none are not counted."""
    dated = [value for value in values if not _is_no_day(value)]
    best = Fit(_share(dated, lambda value: _is_moment(value, "")))
    if best.share >= FITS or not dated:
        return best
    for form in _FORMS:
        if (share := _share(dated, partial(_is_written, form))) > best.share:
            best = Fit(share, {"time": form})
    for form, low, high in _NUMBERED:
        share = _share(dated, partial(_lies, low, high))
        if share > best.share and share >= FITS:
            best = Fit(share, {"time": form})
    return best


def either_first(values: Sequence[object], form: str) -> bool:
    """Whether the days of a form could as well be its months: nothing in the values tells."""
    other = form.replace("%d/%m", "%m/%d")
    return other != form and all(_is_written(other, value) for value in values if _is_written(form, value))


def no_days(values: Sequence[object]) -> list[str]:
    """The spellings, among values of a moment, of the days that stand for none."""
    return sorted({any_text(value, "") for value in values if _is_no_day(value)})


def clock_form(values: Sequence[object]) -> str:
    """What follows a day's form for such times of day: `%H:%M`, `%H:%M:%S`, `%H%M%S`."""
    texts = [_text(value) for value in values]
    if all(":" in text for text in texts):
        return "%H:%M:%S" if all(text.count(":") == 2 for text in texts) else "%H:%M"
    return "%H%M%S" if max(map(len, texts)) > 4 else "%H%M"


def days_alone(values: Sequence[object], form: str) -> bool:
    """Whether moments of a form are days without a time."""
    if form:
        return "%H" not in form and not form.startswith("epoch")
    return all(moment_of(value, "").time() == time() for value in values if _is_moment(value, ""))


def words_of(values: Iterable[object]) -> list[str]:
    """The different values as a mapping names them, the most frequent first; of very many only the first to
    come.
    """
    counts: dict[str, int] = {}
    for value in values:
        try:
            text = whole(any_text(value, ""))
        except RecordError:
            continue
        if text in counts or len(counts) < _WORDS:
            counts[text] = counts.get(text, 0) + 1
    return sorted(counts, key=lambda text: (-counts[text], text))


def _birth(values: Sequence[object]) -> Fit:
    if (share := _share(values, partial(_reads, _COLUMNS["birth_year"]))) >= FITS:
        return Fit(share)
    for form in _FORMS:
        column = replace(_COLUMNS["birth_year"], time=form)
        if (share := _share(values, partial(_reads, column))) >= FITS:
            return Fit(share, {"time": form})
    return Fit(0.0)


def _share(values: Sequence[_V], test: Callable[[_V], bool]) -> float:
    return sum(map(test, values)) / len(values) if values else 0.0


def _reads(column: Column, value: object) -> bool:
    try:
        raw = known(value, column)
        return raw is not None and READ[column.cell](raw, column, _CONTEXT) is not None
    except RecordError:
        return False


def _is_moment(value: object, form: str) -> bool:
    if isinstance(value, bool) or (not form and not isinstance(value, str | date)):
        return False
    try:
        return moment_of(visible(value) if isinstance(value, str) else value, form).year > 1970
    except (ValueError, OverflowError, TypeError, RecordError):
        return False


def _is_written(form: str, value: object) -> bool:
    return isinstance(value, str | int) and _is_moment(value, form)


def _lies(low: float, high: float, value: object) -> bool:
    return low <= _number(value) <= high


def _is_hex(length: int, text: str) -> bool:
    return len(text) == length and _HEX.fullmatch(text) is not None


def _is_no_day(value: object) -> bool:
    try:
        return any_text(value, "")[:10] in _NO_DAYS
    except RecordError:
        return False


def _is_clock(value: object) -> bool:
    text = value.isoformat() if isinstance(value, time) else _text(value)
    if not text.isdecimal() or not 3 <= len(text) <= 6:
        return bool(_CLOCK.fullmatch(text))
    digits = text.zfill(4) if len(text) < 5 else text.zfill(6)
    return int(digits[:2]) < 24 and all(int(digits[n : n + 2]) < 60 for n in range(2, len(digits), 2))


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return 0.0


def _sound(kind: IdentifierKind, text: str) -> bool:
    return normalise(kind, text).validity is Validity.VALID


def _text(value: object) -> str:
    try:
        return whole(visible(text_of(value, "")))
    except RecordError:
        return ""
