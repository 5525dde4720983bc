"""The study: what was concluded, by whom, and why."""
