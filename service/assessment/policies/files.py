"""The policy files of the casebook as a process uses them: those in force, and those that answers rest on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from graph.model.errors import SettingError, StoreChangedError
from investigations.casebook import Casebook
from investigations.policies.file import PolicyFile, PolicyScope, chain_of
from investigations.policies.reading import read_policy

_SHOWN = 12  # digits of a digest


class PolicyFiles:
    """Those in force are read at each `refresh`, and none before; safe for many threads."""

    def __init__(self, casebook: Casebook) -> None:
        self._casebook = casebook
        self._read: dict[str, PolicyFile] = {}
        self._in_force: tuple[PolicyFile, ...] = ()

    def refresh(self) -> bool:
        """Take over what is in force now; whether it is other than before. Raises StoreUnavailableError, and
        StoreChangedError for a file that is not as it was used, or that this release cannot read: what was in
        force stays.
        """
        uses = self._casebook.policies.in_force()
        before, self._in_force = (
            self._in_force,
            tuple(self._file(one.digest) for one in uses if one.digest is not None),
        )
        return self._in_force != before

    def named(self) -> list[str]:
        """Those in force for people to read: for whom, the digest's beginning and the name."""
        return [f"{one.scope}: {one.digest[:_SHOWN]} ({one.name})" for one in self._in_force]

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
        if hashlib.sha256(content.encode()).hexdigest() != digest:
            raise StoreChangedError(f"the policy file {digest} is not as it was used")
        try:
            file = read_policy(content.encode(), f"policy {digest[:_SHOWN]}")
        except SettingError as error:
            raise StoreChangedError(
                "a policy file of the casebook cannot be read by this release: run the one that put it in "
                f"force, or put another in its place (ringfence policy show, drop): {error}"
            ) from error
        self._read[digest] = file
        return file
