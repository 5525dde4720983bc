"""The front door: one command for all that a user does, and `ringfence.analysis` for notebooks."""
