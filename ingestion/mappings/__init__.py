"""Mappings from foreign tables to the contract's: how one is read, and those of public data sets as YAML."""
