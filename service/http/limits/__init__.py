"""How much a caller may ask: rates, work at once, and guessing, counted over all workers."""
