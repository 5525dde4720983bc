"""The frame: a machine's resident copy of a store's facts, and the neighbourhoods that are read from it."""
