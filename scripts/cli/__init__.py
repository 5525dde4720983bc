"""The one command `ringfence` for all that a user does."""
