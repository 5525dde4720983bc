"""What runs beside the requests: the outbox of owed facts, the background writer, steps repeated by a thread."""
