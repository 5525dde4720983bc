"""Unicode normalisation of texts: without invisible characters, one spelling for those that look the same."""

from __future__ import annotations

import re
import unicodedata

# What Unicode says no screen shows: joiners, directions, byte order marks, fillers, variation selectors,
# tags.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_FULL_WIDTH = {0xFF01 + n: 0x21 + n for n in range(94)} | {0x3000: 0x20}
# How spreadsheets are told that a number is a text, and the quotes of an export that were not taken for
# quotes.
_EXCELS_TEXT = re.compile(r"=?\"([^\"]*)\"|'([^']*)'|'(?=\d)(.+)")


def visible(text: str) -> str:
    """An id or a number as it looks: full-width letters and digits are the plain ones, and nothing else that
    means something else becomes one.
    """
    return _meaning(
        text
        if text.isascii()
        else _INVISIBLE.sub("", unicodedata.normalize("NFC", text.translate(_FULL_WIDTH)))
    )


def compatible(text: str) -> str:
    """An identifier as it looks, in Unicode's compatible characters (NFKC): circled digits and ligatures
    become plain ones too.
    """
    return _meaning(text if text.isascii() else _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)))


def _meaning(text: str) -> str:
    text = text.strip()
    if text[:1] in ("=", "'", '"') and (guarded := _EXCELS_TEXT.fullmatch(text)):
        return next(filter(None, guarded.groups()), "").strip()
    return text
