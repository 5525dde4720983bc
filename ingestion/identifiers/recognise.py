"""Recognises identifiers in undeclared text: search input and log lines."""

from __future__ import annotations

import re

from graph.model.types import IdentifierKind
from ingestion.identifiers.masks import FORMLESS, RUN
from ingestion.identifiers.normalise import normalise
from ingestion.identifiers.validity import Validity

_K = IdentifierKind
# no platform's id looks like these; a long number may be a card or an id
UNMISTAKABLE = frozenset({_K.EMAIL, _K.PHONE, _K.NATIONAL_ID})
_MOBILE = re.compile(r"\+861[3-9]\d{9}")
# what no text with an identifier in it lacks: most texts need no longer look
_TELLING = re.compile(r"@|\d[\d -]{5,}")
_LONG = re.compile(r"\d{15,19}")  # shorter numbers that pass a card's checksum are mostly ids
# Within a longer text, in the groups in which people write them; not a part of a word, of a token or of a
# fraction.
_PIECES = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<![0-9A-Za-z_])(?<!\d\.)(?:"
    r"(?:(?:\+|00)?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}|\d{15,19}|\d{17}[xX]|\d{4}(?:[ -]\d{4}){3}(?:[ "
    r"-]?\d{1,3})?|\+\d(?:[ -]?\d){7,14}"
    r")(?![0-9A-Za-z_])"
)


def recognised(text: str) -> IdentifierKind | None:
    """The kind that `text` as a whole must be: an e-mail, a phone (a mobile, or with its country), a national
    id or a card; else None.
    """
    if "@" in text:
        return _K.EMAIL if _sound(_K.EMAIL, text) else None
    digits = re.sub(r"[\s-]", "", text)
    if _sound(_K.PHONE, text) and (
        text.strip().startswith("+") or _MOBILE.fullmatch(normalise(_K.PHONE, text).value)
    ):
        return _K.PHONE
    if len(digits) in (15, 18) and _sound(_K.NATIONAL_ID, text):
        return _K.NATIONAL_ID
    return _K.BANK_CARD if _LONG.fullmatch(digits) and _sound(_K.BANK_CARD, text) else None


def without_identifiers(text: str) -> str:
    """`text` with every identifier in it that is recognised in its masked form."""
    return _PIECES.sub(_masked, text) if _TELLING.search(text) else text


def scrubbed(text: str) -> str:
    """A text of a caller's that is given back: without what looks like an identifier, and without any seven
    digits in a row.
    """
    return RUN.sub(FORMLESS, without_identifiers(text))


def _masked(piece: re.Match[str]) -> str:
    kind = recognised(piece[0])
    return piece[0] if kind is None else normalise(kind, piece[0]).masked


def _sound(kind: IdentifierKind, text: str) -> bool:
    return normalise(kind, text).validity is Validity.VALID
