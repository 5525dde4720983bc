"""Work beside the requests: the outbox, the background writer, and a thread that repeats a step."""
