"""Puts surrogates in the place of erased names in what people and programs wrote: values, texts and JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from graph.model.erasure import Renaming

ERASED = "(erased)"  # in the place of a text about somebody who was erased
_WORD = re.compile(r"[^\s,;\"'`()\[\]{}<>|\u0080-\uffff]+")
_QUOTED = re.compile(r"[^\s,;\"'`()\[\]{}<>|:=\u0080-\uffff]+")
_ENDS = ".:!?"
_PLAIN = re.compile(r"[^\s,;\"'`()\[\]{}<>|:=\u0080-\uffff]+\Z")


class ErasedNames:
    """The old names of people and applications, and by which names they go now."""

    def __init__(self, renaming: Renaming) -> None:
        self.people, self.applications = renaming.people, renaming.applications
        things = {node: thing.token for node, thing in renaming.identifiers.items()}
        tokens = {node.partition(":")[2]: token for node, token in things.items()}
        self._new = {**tokens, **renaming.events, **renaming.applications, **renaming.people}
        self._odd = tuple(name for name in self._new if not _PLAIN.match(name))  # no words of a text

    def name(self, value: str | None) -> str | None:
        """A name, or a node's, as it is now."""
        if value is None:
            return None
        kind, mark, key = value.partition(":")
        return self._new.get(value) or (f"{kind}:{self._new[key]}" if mark and key in self._new else value)

    def text(self, value: str | None) -> str | None:
        """A text with surrogates where it says an old name."""
        if value is None:
            return None
        for odd in self._odd:
            value = value.replace(odd, self._new[odd])
        return _WORD.sub(lambda found: self._word(found[0]), value)

    def json(self, value: Any) -> Any:
        """A JSON value with surrogates, in keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.json(one) for one in value]
        if isinstance(value, Mapping):
            return {self.name(key): self.json(one) for key, one in value.items()}
        return value

    def may_stand_in(self, content: str) -> bool:
        """Whether a text with names in quotes may hold an old one: quick, for answers by the thousand."""
        return any(odd in content for odd in self._odd) or not self._new.keys().isdisjoint(
            _QUOTED.findall(content)
        )

    def named_in(self, content: bytes) -> bool:
        """Whether a file says an old name."""
        text = content.decode("utf-8", "replace")
        return self.text(text) != text

    def _word(self, word: str) -> str:
        if (new := self.name(word)) is not None and new != word:
            return new
        bare = word.rstrip(_ENDS)
        if bare != word:
            return self._word(bare) + word[len(bare) :]
        for mark in ("=", ":"):
            if mark in word:
                return mark.join(self._word(part) if part else part for part in word.split(mark))
        return word
