"""The port: what a store takes in and what a view answers as of a moment, with the types that both speak."""
