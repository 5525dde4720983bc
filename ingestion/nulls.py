"""Spellings of null: what programs and people write where they have no value."""

from __future__ import annotations

import string


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# SQL and its tools, spreadsheets, data frames, statistics packages, Objective-C, JavaScript, Hive and MySQL
# (`\N`). Brackets are taken off first.
_OF_PROGRAMS = _words(
    r"null none nil nul na n/a n.a. n.a n\a nan -nan +nan inf -inf +inf nat pd.na pd.nat np.nan 1.#ind "
    r"-1.#ind 1.#qnan -1.#qnan \n \\n "
    r"#n/a #na #n/a! #null! #value! #ref! #name? #num! #div/0! undefined dbnull system.dbnull dbnull.value "
    r"void nothing nullptr object "
    "objectnull objectundefined objectobject"
)
_OF_PEOPLE = _words(
    "unknown missing empty blank unspecified unset not_known notknown not_available notavailable not_set "
    "notset not_applicable notapplicable not_provided notprovided not_given notgiven no_data nodata 未知 "
    "不详 不明 无 没有 暂无 暂缺 空 空值 空缺 空白 缺失 未填 未填写 未提供 未登记 不知道 不清楚 无数据 "
    "不适用"
)
NULLS = _OF_PROGRAMS | _OF_PEOPLE
_NIL_UUIDS = frozenset(("00000000-0000-0000-0000-000000000000", "00000000000000000000000000000000"))
# a text of nothing else says nothing: `-`, `--`, `.`, `/`, `?`
_MARKS = frozenset(string.punctuation + "–—―─、。，·…")
_LONGEST = max(len(word) for word in NULLS)
# most ids begin with something else
_FIRST = {sign for word in NULLS for sign in (word[0], word[0].upper())} | _MARKS | {" ", "0"}


def is_null(text: str) -> bool:
    """Whether a text, without invisible and full-width characters, is a way to write that there is none."""
    if text[:1] not in _FIRST:
        return False
    if len(text) > 2 * _LONGEST:
        return text in _NIL_UUIDS
    if text.isalnum():
        return text.casefold() in NULLS
    bare = "".join(text.split()).casefold()
    return bare in NULLS or bare.strip("()[]{}<>\"'`") in NULLS or _MARKS.issuperset(bare)
