"""What each kind of identifier looks like: one form for all spellings of a value, and why a value is not sound."""
