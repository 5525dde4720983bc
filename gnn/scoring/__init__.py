"""Serving: from a bundle and a neighbourhood to a probability and what it rests on."""
