"""The investigator's desk: search, the subgraph as of a moment, and the dossier of each node."""
