"""Where large work is computed, in this process or on a Spark cluster, and what is left of its stages."""
