"""The one list of what programs and people write where they have nothing."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# SQL and its tools, spreadsheets, data frames, statistics packages, Objective-C, JavaScript, Hive and MySQL (`\N`).
_OF_PROGRAMS = _words(
    r"null (null) [null] <null> {null} none (none) [none] <none> nil (nil) [nil] <nil> nul na <na> (na) [na] n/a (n/a) [n/a] <n/a> n.a. n.a "
    r"#n/a #na #n/a! nan (nan) [nan] <nan> -nan +nan 1.#ind -1.#ind 1.#qnan -1.#qnan nat <nat> (nat) [nat] pd.na pd.nat np.nan \n \\n "
    r"#null! #value! #ref! #name? #num! #div/0! undefined (undefined) [undefined] <undefined> dbnull system.dbnull void"
)
_OF_PEOPLE = _words(
    "unknown (unknown) [unknown] <unknown> missing (missing) [missing] <missing> empty (empty) [empty] <empty> blank (blank) [blank] <blank> "
    "unspecified not_known notknown not_available notavailable not_set notset not_applicable notapplicable "
    '- -- --- ---- – — —— ─ . / // ? " "" \'\' () [] {} <> '
    "未知 不详 无 没有 暂无 空 空值 缺失 未填 未填写 未提供 不知道 不清楚 无数据 不适用 (空) [空] <空> (无) [无] (空白) 空白"
)
NULLS = _OF_PROGRAMS | _OF_PEOPLE
_NIL_UUIDS = frozenset(("00000000-0000-0000-0000-000000000000", "00000000000000000000000000000000"))
_LONGEST = max(len(word) for word in NULLS)


def is_null(text: str) -> bool:
    """Whether a text, without invisible and full-width characters, is a way to write that there is none."""
    if len(text) > 2 * _LONGEST:
        return text in _NIL_UUIDS
    return (text if text.isalnum() else "".join(text.split())).casefold() in NULLS
