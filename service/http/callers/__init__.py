"""Who calls, by key or by session, and which routes they may use."""
