"""Reads all pages of several statements, in ranges of their keys, several sessions at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from graph.stores.neo4j.cypher.tables import bounded

Rows = list[list[Any]]
Ask = Callable[..., Rows]
PAGE = 2_000
RANGE = 20_000  # keys
SESSIONS = 4
_ALIKE = "\ud800"  # signs before it are in one order for index and comparison


class KeyRange(NamedTuple):
    """Rows that are read for `name`: all pages of a statement after a key, up to an `end` or."""

    name: str
    statement: str
    after: str = ""
    end: str = ""


def read_all(ask: Ask, reads: Mapping[str, tuple[str, str]], sessions: int = SESSIONS) -> dict[str, Rows]:
    """The rows of each of `reads`: by name, a statement of pages and the one that tells where ranges end
    (`graph.stores.neo4j.cypher.tables`). In order of keys.
    """
    parts = (
        KeyRange(name, pages, after, end)
        for ends in dict.fromkeys(ends for _, ends in reads.values())
        for after, end in ranges(ask, ends, RANGE)
        for name, (pages, of) in reads.items()
        if of == ends
    )
    return gathered(ask, parts, reads, sessions)


def gathered(ask: Ask, parts: Iterable[KeyRange], names: Iterable[str], sessions: int) -> dict[str, Rows]:
    """The rows of all parts, by name, in their order."""
    with ThreadPoolExecutor(sessions, thread_name_prefix="pages") as pool:
        read: dict[str, list[Future[Rows]]] = {name: [] for name in names}
        try:
            for part in parts:
                read[part.name].append(pool.submit(_rows, ask, part))
            return {name: [row for rows in read.pop(name) for row in rows.result()] for name in [*read]}
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def ranges(ask: Ask, ends: str, size: int, after: str = "", last: str = "") -> Iterator[tuple[str, str]]:
    """(the key before the first, the last key) of ranges of `size` keys between two plain ones; the last one
    ends at `last`, which may be none.
    """
    place = size - 1
    while result := ask(ends, after=after, place=place):
        [[end]] = result
        if last and end >= last:
            break
        if is_plain(end):
            yield after, end
            after, place = end, size - 1
        else:
            place += size
    yield after, last


def is_plain(key: str) -> bool:
    """Whether a range may end at a key: the server's comparison of texts puts an emoji before some signs that
    it follows in the index, and finds nothing between two such keys.
    """
    return max(key, default="") < _ALIKE


def plain_before(key: str) -> str:
    """A plain key that is not after this one."""
    return key[: next((n for n, sign in enumerate(key) if sign >= _ALIKE), len(key))]


def plain_behind(key: str) -> str:
    """A plain key that is not before this one; an empty one, which bounds nothing, where there is none."""
    start = plain_before(key)
    if start == key:
        return key
    start = start.rstrip(chr(ord(_ALIKE) - 1))
    return start and start[:-1] + chr(ord(start[-1]) + 1)


def _rows(ask: Ask, part: KeyRange) -> Rows:
    results, after = Rows(), part.after
    text, bound = (bounded(part.statement), {"end": part.end}) if part.end else (part.statement, {})
    while True:
        [[last, size, rows]] = ask(text, after=after, page=PAGE, **bound)
        results += rows
        if size < PAGE:
            return results
        after = last
