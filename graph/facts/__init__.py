"""Business rules over facts (known for fraud, defaulted, hub, tie strength), each defined once for single
values and for columns.
"""
