"""The routes of the API, each group with what it answers."""
