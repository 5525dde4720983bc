"""Samples from which is learned: applications at moments of their own, and what became of them."""
