"""How compiled code is made, kept and called: the one door to numba."""
