"""The erasure of people: which names become which surrogates, and what a surrogate looks like."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from graph.model.types import Identifier, IdentifierKind

_SURROGATE = re.compile(r"~[a-z2-7]{20}~([^~]{0,4})\Z")
SHOWN = 4  # characters of an identifier's token that a mask shows; of an id half as many
ALWAYS = 2**62  # until when what names the id is refused: whatever its moment


def surrogate(lead: str, tail: str) -> str:
    """A new name that says nothing: `lead` puts it into its place in the order of names, `tail` is what masks
    of the old one showed in answers about others.
    """
    return f"{lead}~{base64.b32encode(secrets.token_bytes(15))[:20].decode().lower()}~{tail}"


def is_surrogate(name: str) -> bool:
    """Whether an erasure gave that name."""
    return _SURROGATE.search(name) is not None


def masked_tail(name: str, shown: int) -> str:
    """What a mask shows of a name: its last characters, where it has more than twice as many; of a surrogate,
    what a mask of the old name showed.
    """
    if (found := _SURROGATE.search(name)) is not None:
        return found[1] if shown else ""
    return name[-shown:] if shown and len(name) > 2 * shown else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renaming:
    """Old names and their surrogates: of people, applications and events by id, of identifiers by node."""

    people: Mapping[str, str] = field(default_factory=dict)
    applications: Mapping[str, str] = field(default_factory=dict)
    events: Mapping[str, str] = field(default_factory=dict)
    identifiers: Mapping[str, Identifier] = field(default_factory=dict)

    @property
    def devices(self) -> Mapping[str, str]:
        """Of devices the old tokens and the new ones."""
        things = self.identifiers.items()
        return {
            node.partition(":")[2]: new.token for node, new in things if new.kind is IdentifierKind.DEVICE
        }

    @property
    def texts(self) -> frozenset[str]:
        """Every old name as it stands in an entry of the journal: ids and tokens."""
        tokens = (node.partition(":")[2] for node in self.identifiers)
        return frozenset((*self.people, *self.applications, *self.events, *tokens))


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What a store does at once to forget people.

    `upto` is the revision by which it was planned, `before` the store's edition then, `entries` the journal's
    entries up to it that change, by revision and number: 0, or that of a ring snapshot's part. `edition`
    is the store's from then on. `refused` are codes of the erased ids, which say nothing about these without
    a key, with the moment (microseconds) before which facts that name them stay out.
    """

    renaming: Renaming
    upto: int
    before: int
    edition: int
    entries: Mapping[tuple[int, int], bytes] = field(default_factory=dict, repr=False)
    refused: Mapping[str, int] = field(default_factory=dict, repr=False)
