"""The adapters of the port: SQLite embedded, Neo4j in production, each with all the statements that it sends."""
