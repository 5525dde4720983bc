"""Threads of a worker process: one that does something again and again, one that writes for others."""
