"""The port's reads from the frame's arrays in plain Python: facts, tables, ring snapshots, search."""
