"""Facts as columns, and the rules over them (known for fraud, defaulted, hub, tie strength), each defined
once.
"""
