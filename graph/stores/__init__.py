"""The adapters of the store port, each with its own SQL or Cypher: SQLite (embedded) and Neo4j
(production).
"""
