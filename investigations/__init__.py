"""Investigations: policy and reasons, the casebook, the weekly ring review."""
