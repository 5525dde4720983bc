"""Compilation, caching and calling of compiled code: the only package that imports numba."""
