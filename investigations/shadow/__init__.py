"""Answers that challengers give beside the champion, and what they say about who should serve."""
