"""The counter: HTTP, and the plugging together."""
