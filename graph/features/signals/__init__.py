"""The signals, a module for each family, and the catalogue of all of them."""
