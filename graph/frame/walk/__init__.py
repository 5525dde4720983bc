"""The walk from a subject through the frame in compiled code; what it meets becomes a neighbourhood."""
