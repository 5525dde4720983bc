"""The policy of a moment and a lender: as the settings and the policy files in force have it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from graph.model.errors import StoreError
from investigations.policies.file import EVERYBODY, PolicyFile, PolicyScope, applied
from investigations.policy import Policy, Thresholds
from investigations.review_capacity import Following
from service.assessment.policies.files import PolicyFiles

log = logging.getLogger("ringfence.capacity")

_KEPT = 256  # policies that are kept ready: one a lender, product and day


class PolicyInForce:
    """The policies of the days and lenders, each made once: the settings', with thresholds that follow the
    scores where they may (`following`), and over it the `files` that hold for an application.
    """

    def __init__(self, policy: Policy, following: Following | None, files: PolicyFiles) -> None:
        self._policy, self.following, self.files = policy, following, files
        self._latest = policy
        self._applied: dict[tuple[Thresholds, tuple[str, ...]], Policy] = {}

    def at(self, moment: datetime, scope: PolicyScope = EVERYBODY) -> Policy:
        """The policy in force at that moment for applications of that scope."""
        return self._with(self._of_day(moment), self.files.chain(scope))

    def then(self, moment: datetime, digests: Iterable[str]) -> Policy:
        """The policy of that moment with the files that an answer was given by. Raises StoreChangedError."""
        return self._with(self._of_day(moment), self.files.recorded(digests))

    def kept(self, policy: Policy) -> dict[str, Any]:
        """What an audit record keeps of a policy: the digests of its files, and `thresholds`, those of the
        day before the files, by which it is replayed under whatever settings.
        """
        return {
            "thresholds": asdict(policy.of_day or policy.thresholds),
            "policy_files": list(policy.files),
        }

    def again(self, recorded: Mapping[str, Any] | None, digests: Iterable[str]) -> Policy:
        """The policy with the thresholds and files that a record kept; one of before thresholds were always
        kept has the settings'. Raises TypeError or SettingError for
        what is none, StoreChangedError for a file that is not there.
        """
        policy = replace(self._policy, thresholds=Thresholds(**recorded)) if recorded else self._policy
        return self._with(policy, self.files.recorded(digests))

    def _of_day(self, moment: datetime) -> Policy:
        """The settings' policy of that day; where the casebook cannot be asked, the one before."""
        if self.following is None:
            return self._policy
        try:
            thresholds = self.following.at(moment).thresholds
        except StoreError as error:
            log.warning("the thresholds stay as they are: %s", error)
            return self._latest
        if thresholds != self._latest.thresholds:
            self._latest = replace(self._policy, thresholds=thresholds)
        return self._latest

    def _with(self, policy: Policy, chain: tuple[PolicyFile, ...]) -> Policy:
        if not chain:
            return policy
        key = policy.thresholds, tuple(one.digest for one in chain)
        if (made := self._applied.get(key)) is None:
            if len(self._applied) >= _KEPT:
                self._applied.clear()
            self._applied[key] = made = applied(policy, chain)
        return made
