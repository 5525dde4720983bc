"""Erasing people: planned, tried, done in steps that may be cut off, certified; whatever is left is found."""
