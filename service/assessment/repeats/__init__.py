"""Assessments that are made again: replayed, in shadow, by another policy, on another store."""
