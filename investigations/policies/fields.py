"""What a policy file may set: every field with its bounds and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Number:
    """A number from `low` to `high`."""

    sentence: str
    low: float = 0.0
    high: float = 1.0
    whole: bool = False


SECTIONS: Mapping[str, Mapping[str, Number]] = MappingProxyType(
    {
        "thresholds": {
            "review": Number("From this probability on a person looks; it no longer follows the scores."),
            "decline": Number("From this probability on declining is proposed."),
            "approve": Number("From this probability on nothing is approved, however few people can review."),
        },
        "limits": {
            "face": Number("A face that matches its document less than this is a mismatch."),
            "liveness": Number("A liveness check below this has failed."),
            "applications": Number("Own applications within seven days that are many.", 1, 1_000, whole=True),
            "newcomers": Number(
                "Others who first came to one thing within an hour, for a burst.", 1, 1_000, whole=True
            ),
            "times_usual": Number("How many times the usual that must be.", 1, 1_000),
        },
        "reasons": {
            "most": Number("Reasons of one answer at most.", 1, 20, whole=True),
            "of_a_dimension": Number("Of these, of one dimension at most.", 1, 20, whole=True),
            "least": Number("What has less than this share of the risk is no reason."),
        },
    }
)
"""By section and field; a section's fields are those of the policy's part of that name."""

SEVERITY = Number("How grave it is, 0 to 1: what the score is at least where it asks for a person.")
SWITCHES: Mapping[str, str] = MappingProxyType(
    {
        "review": "Whether it asks for a person whatever the model says.",
        "ignore": "Whether it is not looked at at all.",
    }
)
"""What can be said of a rule by its code, beside its `severity`."""
ALWAYS = frozenset({"RULE_FRAUD_KNOWN"})
"""Rules that no policy can ignore or keep from asking for a person."""
