"""Work beside the requests: the outbox, the watch, the seals, the champion."""
