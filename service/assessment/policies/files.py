"""The policy files of the casebook as a process uses them: those in force, and those that answers rest on."""

from __future__ import annotations

from collections.abc import Iterable

from graph.model.errors import SettingError, StoreChangedError
from investigations.casebook import Casebook
from investigations.policies.file import PolicyFile, PolicyScope, chain_of
from investigations.policies.reading import read_policy


class PolicyFiles:
    """Those in force are read at each `refresh`, and none before; safe for many threads."""

    def __init__(self, casebook: Casebook) -> None:
        self._casebook = casebook
        self._read: dict[str, PolicyFile] = {}
        self._in_force: tuple[PolicyFile, ...] = ()

    def refresh(self) -> bool:
        """Take over what is in force now; nothing is left to do then. Raises StoreUnavailableError, and
        StoreChangedError for a file that is not as it was used: what was in force stays.
        """
        uses = self._casebook.policies.in_force()
        self._in_force = tuple(self._file(one.digest) for one in uses if one.digest is not None)
        return True

    def chain(self, scope: PolicyScope) -> tuple[PolicyFile, ...]:
        """Those in force for applications of that scope, in the order in which they are applied."""
        return chain_of(self._in_force, scope)

    def recorded(self, digests: Iterable[str]) -> tuple[PolicyFile, ...]:
        """The files that an answer rests on. Raises StoreChangedError where one is not there."""
        return tuple(map(self._file, digests))

    def _file(self, digest: str) -> PolicyFile:
        if (known := self._read.get(digest)) is not None:
            return known
        content = self._casebook.policies.content(digest)
        if content is None:
            raise StoreChangedError(f"the casebook has no policy file {digest}")
        try:
            file = read_policy(content.encode(), f"policy {digest[:12]}")
        except SettingError as error:
            raise StoreChangedError(f"a policy file is not as it was used: {error}") from error
        if file.digest != digest:
            raise StoreChangedError(f"the policy file {digest} is not as it was used")
        self._read[digest] = file
        return file
