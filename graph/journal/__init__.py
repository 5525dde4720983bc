"""The journal: one binary entry for each revision of a store, written in the transaction of its facts, read
by replication and by the frame.
"""
