"""Answers: their types, how they are built, redacted and cut to the fields that a caller asked for."""
