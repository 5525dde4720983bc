"""The casebook: assessments, cases and verdicts as they were concluded, in any SQL database; nothing concluded is ever rewritten."""

from investigations.casebook.book import Casebook, Claim, Recorded
from investigations.casebook.engine import file_of

__all__ = ["Casebook", "Claim", "Recorded", "file_of"]
