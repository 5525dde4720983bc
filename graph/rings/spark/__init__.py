"""Links, first cut and context features on a Spark cluster: joins and aggregations there, our compiled
functions in them.
"""
