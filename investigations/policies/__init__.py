"""Policies as files: read, checked, described as a schema, and applied one over the other."""
