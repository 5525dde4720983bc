"""Links and first cut on a Spark cluster: joins and aggregations there, our compiled functions in them."""
