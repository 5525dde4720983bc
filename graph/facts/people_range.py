"""Ranges of applicants, by which facts are read that no process could hold at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PeopleRange:
    """The applicants whose ids come after `after`, up to `last`, in the order in which Python puts texts. An
    empty text bounds nothing.
    """

    after: str = ""
    last: str = ""

    def holds(self, who: str) -> bool:
        """Whether that applicant is in it."""
        return who > self.after and (not self.last or who <= self.last)

    @property
    def is_first(self) -> bool:
        """Whether nobody comes before it."""
        return not self.after
