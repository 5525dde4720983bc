"""Reads all pages of several statements, in ranges of their keys, several sessions at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from graph.stores.neo4j.cypher_tables import bounded

Rows = list[list[Any]]
Ask = Callable[..., Rows]
PAGE = 2_000
RANGE = 20_000  # keys
SESSIONS = 4
_ALIKE = "\ud800"  # signs before it are in one order for index and comparison


def read_all(ask: Ask, reads: Mapping[str, tuple[str, str]], sessions: int = SESSIONS) -> dict[str, Rows]:
    """The rows of each of `reads`: by name, a statement of pages and the one that tells where ranges end
    (`graph.stores.neo4j.cypher_tables`). In order of keys.
    """
    with ThreadPoolExecutor(sessions, thread_name_prefix="pages") as pool:
        parts: dict[str, list[Future[Rows]]] = {name: [] for name in reads}
        try:
            for ends in dict.fromkeys(ends for _, ends in reads.values()):
                for after, end in _ranges(ask, ends):
                    for name, (pages, of) in reads.items():
                        if of == ends:
                            parts[name].append(pool.submit(_pages, ask, pages, after, end))
            return {name: [row for part in parts.pop(name) for row in part.result()] for name in reads}
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _ranges(ask: Ask, ends: str) -> Iterator[tuple[str, str]]:
    """(the key before the first, the last key) of each range; the last one has no end.

    The server's comparison of texts puts an emoji before some signs that it follows in the index, and finds
    nothing between two such keys: no range ends at one.
    """
    after, place = "", RANGE - 1
    while result := ask(ends, after=after, place=place):
        [[end]] = result
        if max(end) < _ALIKE:
            yield after, end
            after, place = end, RANGE - 1
        else:
            place += RANGE
    yield after, ""


def _pages(ask: Ask, statement: str, after: str, end: str) -> Rows:
    """The rows of all pages of a range; without an end, of all that is left."""
    results = Rows()
    text, bound = (bounded(statement), {"end": end}) if end else (statement, {})
    while True:
        [[last, size, rows]] = ask(text, after=after, page=PAGE, **bound)
        results += rows
        if size < PAGE:
            return results
        after = last
