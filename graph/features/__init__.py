"""Features: named compiled functions over a Neighbourhood, bitwise equal in serving and training, for one
subject or many.
"""
