"""The casebook: assessments, cases and verdicts in any SQL database, append-only."""

from investigations.casebook.book import Casebook, IdempotencyClaim, Recorded
from investigations.casebook.engine import file_of, name_of

__all__ = ["Casebook", "IdempotencyClaim", "Recorded", "file_of", "name_of"]
