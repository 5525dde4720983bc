"""Logging in at the desk by name: with a password, or through a provider of logins."""
