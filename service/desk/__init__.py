"""The investigator's desk: search, the subgraph as of a moment, and what is known of whom it shows."""
