"""What machines that serve on one casebook have alike: each says its own by digests, and whoever would answer
otherwise is told so, or does not start.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from graph.model.errors import SettingError
from graph.product import product_version
from ingestion.identifiers.pseudonymise import Keyring
from service.assessment.context import AppContext
from service.settings import PREFIX, Settings

# of one machine alone: where it listens and what it reaches, and how it gets what the others have, too
_OWN = frozenset(
    (
        *("store", "casebook", "casebook_sync", "frame", "metrics_dir", "host", "port", "workers"),
        *("model", "model_digest", "registry", "api_keys", "api_keys_file", "self_check"),
        *("hash_key", "hash_key_version", "hash_algorithm"),
    )
)
_HASH_KEY, _ZONE, _MODEL, _RELEASE = "hash_key", "timezone", "model", "release"
_OF_MACHINES = "machine"  # no identifier's kind


@dataclass(frozen=True)
class MachineTerms:
    """By which settings a machine answers: a digest of each, and of its hash keys by their names, the one for
    new pseudonyms first.
    """

    settings: Mapping[str, str]
    keys: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, context: AppContext) -> MachineTerms:
        """Those of this process."""
        ours = {
            field.name: _digest(repr(getattr(context.settings, field.name)))
            for field in fields(Settings)
            if field.name not in _OWN
        }
        if context.models is None and context.model is not None:  # a registry's changes while they serve
            ours[_MODEL] = context.model.version
        if not context.settings.api_keys_file:  # which changes while they serve
            ours["api_keys"] = _digest(context.settings.api_keys)
        return cls(ours | {_RELEASE: product_version()}, _named(context.keyring))

    @classmethod
    def read(cls, text: str) -> MachineTerms | None:
        """What a machine has said; None where it said nothing that can be read, as an older release."""
        try:
            said = json.loads(text)
            return cls(said["settings"], tuple((name, digest) for name, digest in said["keys"]))
        except (ValueError, TypeError, KeyError):
            return None

    def __str__(self) -> str:
        return json.dumps({"settings": dict(self.settings), "keys": self.keys}, separators=(",", ":"))

    def otherwise(self, others: Iterable[MachineTerms]) -> tuple[str, ...]:
        """The settings that another machine has otherwise, by name."""
        apart: set[str] = set()
        for other in others:
            names = self.settings.keys() | other.settings.keys()
            apart |= {name for name in names if self.settings.get(name) != other.settings.get(name)}
            apart |= set() if self._links_with(other) else {_HASH_KEY}
        return tuple(sorted(apart))

    def refuse_apart(self, others: Iterable[MachineTerms]) -> None:
        """Raises SettingError where a machine that serves already would not know what this one stores, or
        the other way round.
        """
        for name in set(self.otherwise(others)) & {_HASH_KEY, _ZONE}:
            raise SettingError(
                f"{PREFIX}{name.upper()}: a machine that serves on this casebook has another one, and so "
                f"{_WHAT[name]}. Give this one the same, or stop the others first (one that was killed is "
                "counted for a minute)"
            )

    def _links_with(self, other: MachineTerms) -> bool:
        """Whether each knows the pseudonyms that the other makes, under keys that are the same."""
        ours, theirs = dict(self.keys), dict(other.keys)
        alike = all(theirs[name] == digest for name, digest in ours.items() if name in theirs)
        return alike and self.keys[0][0] in theirs and other.keys[0][0] in ours


_WHAT = {
    _HASH_KEY: "neither would link what the other stores; to rotate the key give all machines the new one "
    "behind the old first (docs/how_to/rotate_the_key.md)",
    _ZONE: "days, weeks and hours would be others here and there",
}


def _named(keyring: Keyring) -> tuple[tuple[str, str], ...]:
    """By name and algorithm of each key what it makes of nothing."""
    tokens = (keyring.token(_OF_MACHINES, ""), *keyring.older_tokens(_OF_MACHINES, ""))
    return tuple((name, digest) for name, _, digest in (token.partition(".") for token in tokens))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
