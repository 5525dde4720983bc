"""Names behind the numbers of a neighbourhood, looked up only for what is shown to people."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from graph.model.types import Identifier, PlatformType


class NodeNames(Protocol):
    """Names by the `id` that a neighbourhood gives a thing."""

    def person(self, number: int) -> str:
        """An applicant's id."""

    def application(self, number: int) -> str:
        """An application's id."""

    def identifier(self, number: int) -> Identifier:
        """Kind, token and masked form."""

    def ring(self, number: int) -> str:
        """A ring's id."""

    def word(self, number: int) -> str:
        """What a number of `product`, `city` and the like stands for."""

    def lender_type(self, number: int) -> PlatformType:
        """What kind of lender a `platform` is, of whom something is known (LENDER_KNOWN)."""

    def joined(self, number: int) -> datetime | None:
        """Since when that person has been in their ring, by the snapshot in force."""
