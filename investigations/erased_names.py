"""Puts surrogates in the place of erased names: in columns and JSON by what a place holds, in what people
wrote wherever a name stands by itself.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

import orjson

from graph.model.erasure import Renaming
from graph.model.types import IdentifierKind

ERASED = "(erased)"  # in the place of a text about somebody who was erased
_PERSON, _LOAN, _EVENT = "applicant", "application", "event"
_OF_FIELD = {
    "applicant_id": _PERSON, "counterparty_id": _PERSON, "application_id": _LOAN, "event_id": _EVENT,
}  # fmt: skip
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_RUN = re.compile(r"%[0-9A-Fa-f]{2}|[0-9A-Za-z]+")  # an escape of an address ends a run
_FIGURE = re.compile(r"\d{1,5}\Z")  # what else texts say with so few digits: years, sums, how many
_KINDS = "|".join((_PERSON, _LOAN, _EVENT, *IdentifierKind))
_KIND_BEFORE = re.compile(rf"(?:\A|[^0-9A-Za-z_])({_KINDS})(?:_id)?(?:[:=]|%3[Aa]|%3[Dd])\Z")
_FURTHEST = 32  # characters before a name in which its kind can stand
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}\Z")


class ErasedNames:
    """The old names of people, applications, events and identifiers, and by which names they go now.

    A name is somebody's by its kind: an applicant may be called as somebody else's application is.
    """

    def __init__(self, renaming: Renaming) -> None:
        self.people, self.applications = renaming.people, renaming.applications
        self._of_kind: dict[str, Mapping[str, str]] = {
            _PERSON: renaming.people,
            _LOAN: renaming.applications,
            _EVENT: renaming.events,
        }
        for kind in IdentifierKind:
            self._of_kind[kind] = {
                node.partition(":")[2]: thing.token
                for node, thing in renaming.identifiers.items()
                if thing.kind is kind
            }
        self._new = {old: new for names in reversed(self._of_kind.values()) for old, new in names.items()}
        self._shapes, self._without_run = _shapes_of(self._new)
        nodes = (f"{kind}:{old}" for kind, names in self._of_kind.items() for old in names)
        self._in_json = frozenset(orjson.dumps(name).decode()[1:-1] for name in (*self._new, *nodes))

    def person(self, value: str) -> str:
        """A person's id as it is now."""
        return self.people.get(value, value)

    def loan(self, value: str) -> str:
        """An application's id as it is now."""
        return self.applications.get(value, value)

    def node(self, value: str) -> str:
        """The name of a node as it is now."""
        kind, mark, key = value.partition(":")
        new = self._of_kind.get(kind, {}).get(key) if mark else None
        return value if new is None else f"{kind}:{new}"

    def json(self, value: Any, field: str = "") -> Any:
        """A JSON value with surrogates: in the names of nodes, keys too, and in fields that hold ids."""
        if isinstance(value, str):
            return (
                self._of_kind[_OF_FIELD[field]].get(value, value) if field in _OF_FIELD else self.node(value)
            )
        if isinstance(value, list):
            return [self.json(one, field) for one in value]
        if isinstance(value, Mapping):
            return {self.node(key): self.json(one, key) for key, one in value.items()}
        return value

    def may_stand_in(self, content: str) -> bool:
        """Whether JSON may hold an old name: quick, for answers by the thousand."""
        return not self._in_json.isdisjoint(_QUOTED.findall(content))

    def text(self, value: str | None) -> str | None:
        """What somebody wrote, with surrogates where it says an old name: by itself, or after its kind, as in
        `applicant:104`. Plain numbers of up to five digits and single characters say nobody by themselves.
        """
        if value is None:
            return None
        for name in self._without_run:
            value = value.replace(name, self._new[name])
        out, done = "", 0
        for run in _RUN.finditer(value):
            for lead, length in self._shapes.get(run[0], ()):
                at = run.start() - lead
                new = self._said(value, at, at + length) if at >= done else None
                if new is not None:
                    out, done = out + value[done:at] + new, at + length
                    break
        return out + value[done:]

    def named_in(self, content: bytes) -> bool:
        """Whether a file says an old name."""
        text = content.decode("utf-8", "replace")
        return self.text(text) != text

    def _said(self, text: str, at: int, end: int) -> str | None:
        """The surrogate of the old name that stands there, None where none does."""
        name = text[at:end]
        if len(name) < end - at or name not in self._new or not _stands_alone(text, at, end):
            return None
        if (kind := _KIND_BEFORE.search(text, max(0, at - _FURTHEST), at)) is not None:
            return self._of_kind[kind[1]].get(name)
        return self._new[name] if len(name) > 1 and not _FIGURE.match(name) else None


def _shapes_of(names: Collection[str]) -> tuple[dict[str, list[tuple[int, int]]], list[str]]:
    """By the first run of letters and digits of a name: how many characters stand before it, and how many
    there are in all, the longest first; and the names without such a run, the longest first.
    """
    shapes: dict[str, set[tuple[int, int]]] = defaultdict(set)
    without = []
    for name in names:
        if (run := _RUN.search(name)) is not None:
            shapes[run[0]].add((run.start(), len(name)))
        elif len(name) > 1:
            without.append(name)
    ordered = {run: sorted(found, key=lambda shape: -shape[1]) for run, found in shapes.items()}
    return ordered, sorted(without, key=len, reverse=True)


def _stands_alone(text: str, at: int, end: int) -> bool:
    """Whether what stands there is no part of a longer name."""
    before, after = text[max(0, at - 3) : at], text[end : end + 2]
    if _RUN.match(text[at]) and before and not _ESCAPE.match(before) and _goes_on(before[::-1][:2]):
        return False
    return not (_RUN.match(text[end - 1]) and after and _goes_on(after))


def _goes_on(beside: str) -> bool:
    """Whether a name goes on with these two characters beside its end."""
    if beside[0] in "-.":
        joined = beside[1:] and (beside[1].isdigit() if beside[0] == "." else bool(_RUN.match(beside[1])))
        return bool(joined)
    return beside[0] == "~" or bool(_RUN.match(beside[0]))
