"""The casebook: assessments, cases and verdicts in any SQL database, append-only."""

from investigations.casebook.book import Casebook, Claim, Recorded
from investigations.casebook.engine import file_of

__all__ = ["Casebook", "Claim", "Recorded", "file_of"]
