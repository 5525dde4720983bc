"""The store port: writes, views as of a moment, and the types that both use."""
