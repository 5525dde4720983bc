"""The context of parsing: clock, time zone, known lenders, and the pseudonymiser of identifiers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from graph.model.errors import RecordError, SettingError
from graph.model.types import Identifier, IdentifierKind, Mention
from ingestion.characters import compatible
from ingestion.contract import Column
from ingestion.digits import is_scientific, whole
from ingestion.identifiers.gaps import id_shows_gaps
from ingestion.identifiers.hashes import PSEUDONYM, TOKENS, digest_of
from ingestion.identifiers.masks import tail
from ingestion.identifiers.normalise import normalise
from ingestion.identifiers.placeholders import hashes_of_placeholders, is_placeholder
from ingestion.identifiers.pseudonymise import Keyring, own_key
from ingestion.identifiers.validity import Validity, Why
from ingestion.nulls import is_null
from ingestion.repeats import Repeats

_REMEMBERED = 100_000  # values of a kind in a role whose pseudonym is kept at hand: about 50 MB when full
_ALL_REMEMBERED = 400_000  # of all kinds, roles and schemes together
_SHORT = 128  # characters of a value that is kept at hand: a longer one is hardly said twice
# what a load's figures say of a cell of an identifier, beside `Why`
LINKS, PLACEHOLDER = "links", "placeholder"
# cells of identifiers by column, kind, and LINKS or why they do not
IdentifierCounts = Counter[tuple[str, IdentifierKind, str]]
_COLUMNS = 64  # kinds, roles and schemes of hashing (which callers choose) that have such a memory


class NamedIdentifier(NamedTuple):
    """An identifier as a column mentions it, its standing, and why it does not link (or LINKS). A placeholder
    has an identifier too, which does not.

    `key` is what makes the mention the same as another one of its row.
    """

    mention: Mention
    validity: Validity
    valid: bool
    key: tuple[str, str]
    why: str


class Pseudonymiser:
    """Raw values to pseudonymous identifiers, cached for a while. `knows` says whether a store has a node
    (only asked when keys were rotated).
    """

    def __init__(self, keyring: Keyring, knows: Callable[[str], bool] | None = None) -> None:
        self._keyring = keyring
        self._knows = knows
        self._memory: dict[tuple[str | None, str, str], dict[str, NamedIdentifier]] = {}
        self._kept = 0

    @property
    def asks(self) -> bool:
        """Whether a store is asked about values."""
        return self._knows is not None

    def identify(self, column: Column, raw: str, scheme: str = "") -> NamedIdentifier:
        """The identifier behind a value of a column; `scheme` is that of a value that comes hashed already,
        empty for a raw one.

        Raises RecordError `not_of_scheme` for a value that its scheme cannot have given.
        """
        scheme = column.hashed or scheme
        memory = self._memory.get((column.kind, column.role, scheme))
        if memory is None:
            if len(self._memory) >= _COLUMNS:
                self._memory.clear()
                self._kept = 0
            memory = self._memory[column.kind, column.role, scheme] = {}
        named = memory.get(raw)
        if named is None:
            named = self._named(column, raw, scheme)
            if len(raw) <= _SHORT:
                self._cache(memory, raw, named)
        return named

    def _cache(self, memory: dict[str, NamedIdentifier], raw: str, named: NamedIdentifier) -> None:
        if len(memory) >= _REMEMBERED:
            self._kept -= len(memory)
            memory.clear()
        elif self._kept >= _ALL_REMEMBERED:
            largest = max(self._memory.values(), key=len)
            self._kept -= len(largest)
            largest.clear()
        self._kept += 1
        memory[raw] = named

    def cached(self, column: Column, raw: object, scheme: str) -> NamedIdentifier | None:
        """What `identify` said of exactly this text lately."""
        memory = self._memory.get((column.kind, column.role, column.hashed or scheme))
        return memory.get(raw) if memory is not None and isinstance(raw, str) else None

    def _named(self, column: Column, raw: str, scheme: str) -> NamedIdentifier:
        assert column.kind is not None, "every identifier column has a kind"
        identifier, standing, why = (
            self._hashed(column, raw, scheme) if scheme else self._raw(column.kind, raw)
        )
        reason = why.value if why else LINKS if standing is Validity.VALID else PLACEHOLDER
        return NamedIdentifier(
            Mention(identifier, column.role),
            standing,
            standing is Validity.VALID,
            (identifier.token, column.role.value),
            reason,
        )

    def _raw(self, kind: IdentifierKind, raw: str) -> tuple[Identifier, Validity, Why | None]:
        normal = normalise(kind, raw)
        token = self._token(kind, normal.value)
        return (
            Identifier(kind, token, normal.masked, normal.validity is Validity.VALID),
            normal.validity,
            normal.why,
        )

    def _hashed(self, column: Column, raw: str, scheme: str) -> tuple[Identifier, Validity, Why | None]:
        """Under our key once more: a plain hash of a phone number is soon guessed. `pseudonym`: the value is
        one of ours already.

        Tokens are trusted like hashes, without a check: a lender's own name for a card is never the card of
        the same digits.
        """
        kind = column.kind
        assert kind is not None, "every identifier column has a kind"
        value = whole(compatible(raw))
        why: Why | None = None
        standing = Validity.VALID
        if not value.strip("0") or is_null(value):
            standing = Validity.PLACEHOLDER
        elif id_shows_gaps(value) or is_scientific(value):
            standing, why = Validity.UNVERIFIED, Why.GAPS
        elif (digest := digest_of(scheme, value)) is None:
            raise RecordError(
                column.name,
                "not_of_scheme",
                f"is nothing that {scheme} gives: a raw value must not pass for a hashed one",
            )
        elif scheme == PSEUDONYM:
            return Identifier(kind, digest, tail(digest)), Validity.VALID, None
        else:
            value = digest
            if value in hashes_of_placeholders(kind, scheme) or (
                scheme == TOKENS and is_placeholder(kind, value)
            ):
                standing = Validity.PLACEHOLDER
        # a token may have any form: its kind's mask would show what does not have that form
        masked = tail(value)
        return (
            Identifier(kind, self._token(kind, f"{scheme}:{value}"), masked, standing is Validity.VALID),
            standing,
            why,
        )

    def _token(self, kind: IdentifierKind, value: str) -> str:
        """Under the current key, unless the store knows the value under an older one: so links outlive a
        rotation.
        """
        if self._knows is not None:
            for token in self._keyring.older_tokens(kind.value, value):
                if self._knows(f"{kind.value}:{token}"):
                    return token
        return self._keyring.token(kind.value, value)


@dataclass(frozen=True)
class ParseContext:
    """How records are read. `now` is the load's clock; `platforms` the lenders that are known, None where
    nobody asks.

    `hash_scheme`: all identifiers come hashed by that scheme. `repeats` counts events without an id that say
    the same (None: they get none), `dropped` (column, code) of cells that could not be read and need not be
    there; without such a count (None) they are refused. `words` counts, of a delivery, (column, word) of the
    words that no list knows.
    """

    pseudonymiser: Pseudonymiser
    now: datetime
    zone: tzinfo = UTC
    platforms: frozenset[str] | None = None
    hash_scheme: str = ""
    words: Counter[tuple[str, str]] = field(default_factory=Counter)
    identifier_counts: IdentifierCounts = field(default_factory=Counter)
    repeats: Repeats | None = field(default_factory=Repeats)
    dropped: Counter[tuple[str, str]] | None = None


def keyring(
    settings: Mapping[str, str], beside: Path | None, say: Callable[[str], None], empty: Callable[[], bool]
) -> Keyring:
    """The keys in force, from `hash_key`, `hash_key_version` and `hash_algorithm`.

    Without a key an embedded store, whose file is `beside`, makes one of its own; any other store (None)
    refuses with SettingError. A new key for a store that is not `empty` is said aloud: nothing under it links
    to the facts that are there.
    """
    text = settings.get("hash_key", "")
    how = {
        "version": settings.get("hash_key_version", "k1"),
        "algorithm": settings.get("hash_algorithm", "sha256"),
    }
    own = beside.with_name(beside.name + ".key") if beside is not None else None
    if not text.strip():
        if own is None:
            raise SettingError(
                "this store needs a key for its pseudonyms: set RINGFENCE_HASH_KEY or RINGFENCE_HASH_KEY_FILE"
            )
        if not own.exists() and not empty():
            say(
                f"the store has facts and its key file {own} is gone: what comes now links to none of them; "
                "put it back, or set RINGFENCE_HASH_KEY"
            )
        return Keyring.parse(own_key(own, say), **how)
    given = Keyring.parse(text, **how)
    if own is not None and own.exists():
        lost = {key for _, key in Keyring.parse(own_key(own, say), **how).keys} - {
            key for _, key in given.keys
        }
        if lost:
            say(
                f"the store's own key in {own} is not in RINGFENCE_HASH_KEY: what came under it links with "
                "nothing new; give both, as k2:new,k1:old"
            )
    return given


def time_zone(name: str) -> tzinfo:
    """The time zone of that name; SettingError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingError(f"unknown time zone {name!r}: Asia/Shanghai and UTC are examples") from error
