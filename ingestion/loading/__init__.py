"""A delivery is loaded in batches, with its rejects and its report, or checked without being stored."""
