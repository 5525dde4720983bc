"""Proposes a mapping for foreign files, from the names and the values of their columns."""
