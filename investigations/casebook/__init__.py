"""The casebook: assessments, cases and verdicts as they were concluded, in any SQL database; nothing concluded is ever rewritten."""

from investigations.casebook.book import Casebook, Claim, Recorded

__all__ = ["Casebook", "Claim", "Recorded"]
