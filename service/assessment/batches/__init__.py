"""Assessing many stored applications: whom, where it is computed, and where the scores go."""
