"""Canonical forms and validity of each kind of identifier."""
