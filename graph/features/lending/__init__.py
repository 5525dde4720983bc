"""The multi-lending variables: their grammar, their words, and how they are counted."""
