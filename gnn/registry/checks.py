"""What the gate holds a model to: named checks, and their result as the history keeps it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCheck:
    """One thing that a model must keep to.

    `value` was measured, `low` and `high` are the ends of its interval (None where it has none, or where
    there is too little to measure), `limit` is what it is held against. `sentence` says it for people.
    """

    name: str
    passed: bool
    value: float | None = None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    sentence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """All checks of one model against another on one slice.

    `against`: the other's version, or `bare counts` where none serves. `slice`: from when until when, how
    many samples and frauds.
    """

    version: str
    against: str
    slice: dict[str, Any]
    checks: tuple[GateCheck, ...]

    @property
    def passed(self) -> bool:
        """Whether every check is passed, and there is one."""
        return bool(self.checks) and all(one.passed for one in self.checks)

    def as_json(self) -> dict[str, Any]:
        """What the history keeps of it."""
        return {
            "passed": self.passed,
            "version": self.version,
            "against": self.against,
            "slice": self.slice,
            "checks": [asdict(one) for one in self.checks],
        }
