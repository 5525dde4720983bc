"""A delivery that no store takes: parsed a file a task, brought together by whose the facts are, and loaded
by shards on a Spark cluster.
"""
