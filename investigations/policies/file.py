"""A policy file as read, and policies with files applied over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from investigations.policy import Policy, Thresholds
from investigations.rules import RuleOverride


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyScope:
    """For whose applications: of a lender, for a product; None is every one."""

    lender: str | None = None
    product: str | None = None

    def covers(self, other: PolicyScope) -> bool:
        """Whether all of the other's applications are among them."""
        return self.lender in (None, other.lender) and self.product in (None, other.product)

    def meets(self, other: PolicyScope) -> bool:
        """Whether an application may be among those of both."""
        pairs = ((self.lender, other.lender), (self.product, other.product))
        return all(None in pair or pair[0] == pair[1] for pair in pairs)

    @property
    def rank(self) -> int:
        """The later one wins: everybody's, a product's, a lender's, a lender's product's."""
        return 2 * (self.lender is not None) + (self.product is not None)

    def __str__(self) -> str:
        named = (("lender", self.lender), ("product", self.product))
        return " ".join(f"{what} {one}" for what, one in named if one is not None) or "everybody"


EVERYBODY = PolicyScope()


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """What a file sets, and nothing else: what it leaves out stays as it is. `digest`: SHA-256 of its
    `content`.
    """

    name: str
    scope: PolicyScope
    digest: str
    content: str
    thresholds: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    reasons: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, RuleOverride] = field(default_factory=dict)


def chain_of(files: Iterable[PolicyFile], scope: PolicyScope) -> tuple[PolicyFile, ...]:
    """Those that hold for applications of that scope, in the order in which they are applied."""
    return tuple(sorted((one for one in files if one.scope.covers(scope)), key=lambda one: one.scope.rank))


def applied(policy: Policy, chain: Iterable[PolicyFile]) -> Policy:
    """The policy with what the files set, the later over the earlier."""
    for one in chain:
        overrides = dict(policy.overrides)
        for code, override in one.rules.items():
            overrides[code] = override.over(overrides.get(code))
        policy = replace(
            policy,
            thresholds=_thresholds(policy.thresholds, one.thresholds),
            limits=replace(policy.limits, **one.limits),
            reason_choice=replace(policy.reason_choice, **one.reasons),
            overrides=tuple(sorted(overrides.items(), key=lambda entry: entry[0])),
            files=(*policy.files, one.digest),
            of_day=policy.of_day or policy.thresholds,
        )
    return policy


def _thresholds(before: Thresholds, given: Mapping[str, float]) -> Thresholds:
    """Declining never begins below review: what the file does not set gives way."""
    review, decline = given.get("review", before.review), given.get("decline", before.decline)
    if review > decline:
        review, decline = (review, review) if "review" in given else (decline, decline)
    return replace(before, **{**given, "review": review, "decline": decline})
