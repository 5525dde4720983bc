"""The policy of a moment: as the settings have it, with thresholds that follow the scores where they may."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from graph.model.errors import StoreError
from investigations.policy import Policy, Thresholds
from investigations.review_capacity import Following

log = logging.getLogger("ringfence.capacity")


class PolicyInForce:
    """The policies of the days, each made once; `following` is None where the thresholds stay."""

    def __init__(self, policy: Policy, following: Following | None = None) -> None:
        self._policy, self.following = policy, following
        self._latest = policy

    def at(self, moment: datetime) -> Policy:
        """The policy in force at that moment; where the casebook cannot be asked, the one before."""
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

    def kept(self, policy: Policy) -> dict[str, Any]:
        """What an audit record keeps of a policy: `thresholds`, None where they are those of the settings and
        the model.
        """
        own = policy.thresholds == self._policy.thresholds
        return {"thresholds": None if own else asdict(policy.thresholds)}

    def again(self, recorded: Mapping[str, Any] | None) -> Policy:
        """The policy with the thresholds that a record kept. Raises TypeError or SettingError for what is
        none.
        """
        return replace(self._policy, thresholds=Thresholds(**recorded)) if recorded else self._policy
