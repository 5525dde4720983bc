"""The Cypher statements: what they share, and those that read, write, erase and give whole tables."""
